"""The folder of a run, under reports/runs/; which reports/ is meant is decided here for all."""

from __future__ import annotations

import itertools
import os
from datetime import datetime
from pathlib import Path

from golive.settings.which import Which

VARIABLE = "GOLIVE_REPORTS"
NAME, RUNS = "reports", "runs"


class NoFolder(Exception):
    """There is nowhere to keep the evidence, so nothing may be tried. One line, fit to be shown."""


def reports(option: str | None, which: Which | None, folder: Path | None = None) -> Path:
    """--reports, else GOLIVE_REPORTS, else reports/ beside the settings file.

    Where no settings are named, as in a rehearsal, it is that of the folder that it is called in.
    """
    here = folder or Path.cwd()
    named = option if option is not None else os.environ.get(VARIABLE)
    if named:
        return Path(os.path.abspath(here / named))
    beside = which.path.parent if which is not None and which.is_named else here
    return Path(os.path.abspath(beside)) / NAME


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
            f"{where}: {error.strerror or error}; golive needs a place to write its evidence"
        ) from None
    raise AssertionError("unreachable")
