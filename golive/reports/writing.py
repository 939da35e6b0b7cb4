"""Writes the reports of a run that is over. Its evidence is on the disk; nothing here changes it.

A report that cannot be written costs a line, whatever it raises: never the verdict, nor the other
reports.
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
"""What is written, in this order, and the module that writes it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for besides the record itself.

    `keep_runs` is how many rehearsals are kept; None: all of them. `secrets` are words that must
    not stand in what leaves the machine. `junit` and `allure` are files and folders of results
    outside the run's folder.
    """

    keep_runs: int | None = None
    secrets: tuple[str, ...] = ()
    junit: Path | None = None
    allure: Path | None = None


class Teller(Protocol):
    """A module of one report."""

    def write(self, found: Evidence, folder: Path, wanted: Wanted) -> Sequence[str] | None:
        """Gives lines to be shown, where it has something to say."""


class Told(NamedTuple):
    """Lines: what kept reports from being written, and what the reports have to say themselves."""

    failures: list[str]
    notes: list[str]
    is_interrupted: bool = False


def write(folder: Path, wanted: Wanted) -> Told:
    """A line for each cause of failure; none where all is well."""
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
    """`why` is the same for the same trouble, whichever report it keeps from being written."""

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
        again = "" if why == GONE else f"; once that is mended: {AGAIN} {folder}"
        yield printable(f"{reports} could not be written: {same[0].where}{why}{again}")
