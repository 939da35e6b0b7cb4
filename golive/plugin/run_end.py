"""How a pytest run of the procedure ends: evidence first, then the reports, the verdict last."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from golive.evidence.record import Evidence
from golive.kit import project
from golive.plugin import reporting
from golive.run import fallback, finishing
from golive.run.run import Run

SIGN_OFF = "sign-off.html"

ENDED = {
    "INTERRUPTED": "it was interrupted",
    "UNREAD": "a file of its steps cannot be read",
    "INTERNAL_ERROR": "pytest itself failed",
    "NO_TESTS_COLLECTED": "no step was found",
}
"""How pytest ended, in words."""

Write = Callable[[str], object]


@dataclass
class RunEnd:
    """Told how pytest ended, it seals the evidence; then it tells. GO is `is_go`, and only that.

    `teller` is one of golive.reports.terminal, `shown_folder` the run's as seen from the caller's.
    """

    run: Run
    teller: Any
    write: Write
    shown_folder: str
    finished: Evidence | None = None
    notes: list[str] = field(default_factory=list)
    _is_interrupted: bool = False
    _trouble: str = ""

    @property
    def is_go(self) -> bool:
        return self.finished is not None and self.finished.verdict == "GO"

    def finish(self, ended_early: str, has_failures: bool) -> None:
        """Writes the evidence. `ended_early` is how pytest was ended, "" where it came to its end.

        A failure that is no step's is one all the same.
        """
        if ended_early:
            self.run.interrupted(ENDED.get(ended_early, f"pytest ended with {ended_early}"))
        elif has_failures and all(map(self.run.progress.is_no_obstacle, self.run.progress.records)):
            self.run.interrupted("a test that is not a step of the procedure failed")
        try:
            self.finished = finishing.finish(self.run)
        except Exception as error:
            why = getattr(error, "strerror", None) or error or type(error).__name__
            self._trouble = f"the evidence cannot be written: {self.run.wanted.folder}: {why}"
            return
        try:
            finishing.remember(self.run, self.finished)
        except OSError as error:
            self._trouble = f"the outcome of the attempt cannot be recorded: {error}"

    def tell(self, asked_for: reporting.AskedFor) -> None:
        """Diagnosis, reports, verdict."""
        finished = self.finished
        if finished is None:
            if self._trouble:
                self.write(f"NO-GO: {self._trouble}")
            return
        if self._trouble:
            self.teller.note(self._trouble)
        self.teller.found(finished)
        if self.falls_back:
            self.write("\nAutoFallback follows, once the reports of this run are written.")
        self._report(asked_for)
        _last(lambda: self.teller.verdict(finished))

    def _report(self, asked_for: reporting.AskedFor) -> None:
        """All that is read later; whatever becomes of it, the verdict stands."""
        notes, self._is_interrupted = reporting.report(self.run.wanted, asked_for)
        for note in (*self.notes, *notes):
            self.teller.note(note)
        is_page = (self.run.wanted.folder / SIGN_OFF).exists()
        where = f"{self.shown_folder}/{SIGN_OFF}" if is_page else self.shown_folder
        self.teller.written(where, is_page=is_page)

    @property
    def falls_back(self) -> bool:
        """Whether AutoFallback is due, and nobody has asked for the end meanwhile."""
        if self.finished is None or self._is_interrupted:
            return False
        return fallback.is_due(self.finished, self.run.wanted)

    def fall_back(self, is_golives: bool, *more: str) -> int:
        """AutoFallback: a run of its own, on the fallback, whose verdict is the last word."""
        wanted = self.run.wanted
        self.write(f"\nAutoFallback, once: {wanted.run_next.fall_back}")
        operator = [f"--operator={wanted.operator}"] if wanted.operator else []
        fake = ["--fake"] if wanted.target.is_rehearsal else []
        options = [*fake, "--secrets", str(wanted.file.path), *more, *operator]
        command = fallback.command(is_golives, *options)
        return fallback.perform(command, project.HOME, self._told_who_starts_it())

    def _told_who_starts_it(self) -> dict[str, str]:
        """So that it makes no attempt once this process was killed."""
        try:
            return self.run.wanted.parent.starter().environment()
        except OSError:
            return {}


def shown(folder: Path, start: Path) -> str:
    """As seen from where pytest was called; in full where there is no way (another drive)."""
    try:
        return Path(os.path.relpath(folder, start)).as_posix()
    except ValueError:
        return str(folder)


def _last(tell: Callable[[], None]) -> None:
    """Once more behind the traceback, where another plugin's exception is about to end pytest."""
    tell()
    if sys.exc_info()[1] is not None:
        show = sys.excepthook

        def shown_again(*raised: Any) -> None:
            show(*raised)
            tell()

        sys.excepthook = shown_again
