"""Writes the reports of a run that is over. Its evidence is on the disk; nothing here changes it.

A report that cannot be written costs a line, never the verdict, nor the other reports.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from golive import evidence
from golive.evidence import Evidence, NoEvidence
from golive.text import printable

AGAIN = "python -m reports write"

TELLERS: tuple[tuple[str, str], ...] = ()
"""What is written, in this order, and the module that writes it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for besides the record itself.

    `secrets` are words that must not stand in what leaves the machine. `junit` and `allure` are
    files and folders of results outside the run's folder.
    """

    keep_runs: int = 90
    secrets: tuple[str, ...] = ()
    junit: Path | None = None
    allure: Path | None = None


class Teller(Protocol):
    """A module of one report."""

    def write(self, found: Evidence, folder: Path, wanted: Wanted) -> None: ...


def write(folder: Path, wanted: Wanted) -> list[str]:
    """A line for each report that could not be written; none where all is well."""
    try:
        found = evidence.read(folder)
    except NoEvidence as error:
        return [f"no report is written: {error}"]
    return [
        note for what, module in TELLERS if (note := _written(what, module, found, folder, wanted))
    ]


def _written(what: str, module: str, found: Evidence, folder: Path, wanted: Wanted) -> str:
    try:
        teller: Teller = importlib.import_module(module)
        teller.write(found, folder, wanted)
    except Exception as error:
        why = printable(str(error) or type(error).__name__)
        return f"{what} could not be written: {why}; once that is mended: {AGAIN} {folder}"
    return ""
