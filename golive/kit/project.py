"""Where this project's code lies: in a clone, or where it was installed."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
"""The folder of the package `golive`."""

HOME = PACKAGE.parent
"""Where `golive` is imported from: the clone, or the folder it was installed into."""

INSTALLED = PACKAGE / "acceptance"
ACCEPTANCE = INSTALLED if INSTALLED.is_dir() else HOME / "acceptance"
"""The steps of the procedure: those of the clone, or those that came with the package."""
