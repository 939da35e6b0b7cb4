"""The folder of a run, under reports/runs/."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path


class NoFolder(Exception):
    """There is nowhere to keep the evidence, so nothing may be tried. One line, fit to be shown."""


def new_folder(root: Path, started: datetime, target: str) -> Path:
    """A folder of its own, named after the UTC time and the target. Raises NoFolder."""
    stamp = f"{started:%Y%m%dT%H%M%SZ}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(1):
            folder = root / (f"{stamp}-{target}" if number == 1 else f"{stamp}.{number}-{target}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        where = error.filename or root
        raise NoFolder(
            f"{where}: {error.strerror or error}; without a place for its evidence no run begins"
        ) from None
    raise AssertionError("unreachable")
