"""Where this project's code lies: in a clone, or where it was installed."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
"""The folder of the package `golive`."""

HOME = PACKAGE.parent
"""Where `golive` is imported from: the clone, or the folder it was installed into."""

INSTALLED = PACKAGE / "acceptance"
IS_INSTALLED = INSTALLED.is_dir()
"""Whether a wheel brought it; else a clone's, also where that is installed in editable form."""

ACCEPTANCE = INSTALLED if IS_INSTALLED else HOME / "acceptance"
"""The steps of the procedure: those of the clone, or those that came with the package."""

ROOT = INSTALLED if IS_INSTALLED else HOME
"""Pytest's root when it performs them: it has their conftest.py, and nothing above it counts."""

EXAMPLE = ROOT / "secrets.example.json"
