"""Where the procedure's steps lie, and the example settings: in a clone beside the package.

In a wheel they are in it: `golive/acceptance`, with the root's conftest.py and the example.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
HOME = PACKAGE.parent
"""What is started with `-m golive` in this folder is this golive: a clone, or site-packages."""

IS_INSTALLED = (PACKAGE / "acceptance").is_dir()
"""Whether this is a wheel's; else a clone's, also where that is installed in editable form."""

ACCEPTANCE = (PACKAGE if IS_INSTALLED else HOME) / "acceptance"
ROOT = ACCEPTANCE if IS_INSTALLED else HOME
"""Pytest's root when it performs them: it has the conftest.py, and nothing above it counts."""

EXAMPLE = ROOT / "secrets.example.json"
