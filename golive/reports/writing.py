"""Writes the reports of a finished run. Its evidence is on disk and is not changed here.

A report that cannot be written costs one line. It never costs the verdict or the other reports.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from golive.evidence import storage
from golive.evidence.contradictions import doubts
from golive.evidence.record import Evidence
from golive.evidence.storage import NoEvidence
from golive.kit.text import printable

AGAIN = "golive report write"
GONE = "the folder of the run is gone"
LONGEST_REASON = 300

TELLERS: tuple[tuple[str, str], ...] = (
    ("the sign-off", "golive.reports.sign_off"),
    ("junit.xml", "golive.reports.junit"),
    ("Allure results", "golive.reports.allure.results_folder"),
    ("allure.html", "golive.reports.allure.html"),
    ("the index of runs", "golive.reports.index"),
)
"""The reports, in the order of writing, with the modules that write them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reports need besides the record.

    `keep_runs` is how many rehearsals are kept; None keeps all. `secrets` are words to mask in
    everything that leaves the machine. `junit` and `allure` are places for results outside the
    run's folder.
    """

    keep_runs: int | None = None
    secrets: tuple[str, ...] = ()
    junit: Path | None = None
    allure: Path | None = None


class Teller(Protocol):
    """A module that writes one report."""

    def write(self, found: Evidence, folder: Path, wanted: Wanted) -> Sequence[str] | None:
        """Returns lines to be shown, if it has any."""


class Told(NamedTuple):
    """Lines to be shown: why reports could not be written, and what the reports say themselves."""

    failures: list[str]
    notes: list[str]
    is_interrupted: bool = False


def write(folder: Path, wanted: Wanted) -> Told:
    """A line for each cause of failure; none where all were written."""
    try:
        found = storage.read(folder)
    except NoEvidence as error:
        return Told([f"no report is written: {error}"], [])
    if why := doubts(found, found.run_id):  # a page of it would be signed
        return Told([printable(f"no report is written: {folder}: {'; '.join(why)}")], [])
    notes: list[str] = []
    failures: list[_Failure] = []
    is_interrupted = False
    for number, (what, module) in enumerate(TELLERS):
        try:
            teller: Teller = importlib.import_module(module)
            notes += map(printable, teller.write(found, folder, wanted) or ())
        except KeyboardInterrupt:
            failures += [_Failure(each, "interrupted", "") for each, _ in TELLERS[number:]]
            is_interrupted = True
            break
        except BaseException as error:  # a SystemExit, too, would take the verdict with it
            failures.append(_failure(what, error, folder))
    return Told(list(_lines(failures, folder)), notes, is_interrupted)


class _Failure(NamedTuple):
    """`why` is the same for the same trouble, whichever report has it."""

    what: str
    why: str
    where: str


def _failure(what: str, error: BaseException, folder: Path) -> _Failure:
    if not folder.is_dir():
        return _Failure(what, GONE, "")
    if isinstance(error, OSError) and error.strerror:
        where = error.filename2 or error.filename or folder  # not the draft, where both are named
        return _Failure(what, error.strerror, f"{where}: ")
    return _Failure(what, f"{type(error).__name__}: {error}"[:LONGEST_REASON], "")


def _lines(failures: list[_Failure], folder: Path) -> Iterator[str]:
    """One for each cause."""
    for why in dict.fromkeys(each.why for each in failures):
        same = [each for each in failures if each.why == why]
        reports = ", ".join(each.what for each in same)
        again = "" if why == GONE else f"; then write it again: {AGAIN} {folder}"
        yield printable(f"{reports} could not be written: {same[0].where}{why}{again}")
