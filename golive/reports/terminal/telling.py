"""What every form of a run on the terminal has in common, and the form that says the least."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from golive.evidence.record import Evidence, StepRecord
from golive.kit.text import printable
from golive.procedure.steps import Plan
from golive.reports import wording
from golive.reports.terminal import advice, exceptions
from golive.reports.terminal.screen import COLOURS, Lines, Screen
from golive.reports.terminal.verdict import not_before, verdict_line

BAR = 20


@dataclass(frozen=True, slots=True)
class Begun:
    """What is about to be tried. `settings` are those of the file, by their full names."""

    target: str
    kind: str
    host: str
    port: int
    client_id: int
    account: str
    file: str
    version: str
    fault: str | None = None
    resets: list[str] = field(default_factory=list)
    settings: Mapping[str, Any] = field(default_factory=dict)


class Teller:
    """Tells a run on a screen. This one leaves out all but the end: see Short and Detailed."""

    def __init__(self, screen: Screen, plan: Plan = "golive") -> None:
        self._screen, self._plan = screen, plan
        self._lines = Lines(screen)
        self._settings: Mapping[str, Any] = {}

    # before the first step

    def begin(self, begun: Begun) -> None:
        """What is about to be tried; what is not the live gateway says so before anything else."""
        self._settings = begun.settings

    def remembered(self, override: str | None, damaged_lines: int) -> None:
        """What has to be known of earlier runs and of the operator's choice."""
        if override is not None:
            self._lines.text(f"OVERRIDE: {override}", **COLOURS["NO-GO"])
        if damaged_lines:
            self._lines.text(
                f"Note: damaged lines in the journal of attempts, ignored: {damaged_lines}"
            )

    def _header(self, begun: Begun) -> None:
        """Version and settings, then what is tried: the loudest of it first."""
        fault = f"fault {begun.fault}" if begun.fault else ""
        for line in self._lines.parts([f"golive {begun.version}", fault, begun.file]):
            self._lines.plain(line)
        is_paper = begun.target == "live" and "paper" in begun.kind.lower()
        aim = "PAPER" if is_paper else wording.TARGETS[begun.target]
        aim += f" {wording.SOAK}" if self._plan == "soak" else ""
        what = f"{begun.kind.partition(' (')[0]} {begun.host}:{begun.port}"
        who = [f"account {begun.account}", f"client id {begun.client_id}"]
        first, *more = self._lines.parts([aim, what, *who])
        loud = self._screen.coloured(aim, **COLOURS[begun.target])
        for line in (first.replace(aim, loud, 1), *more):
            self._lines.plain(line)
        for each in begun.resets:
            self._lines.text(each)

    # while it runs

    def under_way(self, step_id: str) -> None:
        """A step that is being performed, on a terminal."""

    def waiting(self, say: Callable[[float], str], most: float) -> Callable[[float], None]:
        """Hears how many seconds are left of a wait, and tells it as `say` words it.

        It takes `most` seconds, as far as is known before. On a terminal it is told in its place,
        elsewhere each time in a line of its own.
        """
        return lambda left: None

    def _wait(self, line: str, left: float, most: float) -> None:
        """In its place, with a bar that grows; elsewhere in a line of its own."""
        if self._screen.is_live:
            self._screen.write_again(_with_bar(line, left, most, self._screen.width), cyan=True)
        else:
            self._lines.plain(line)

    def step(self, record: StepRecord) -> None:
        """One that has ended."""

    # the end

    def found(self, evidence: Evidence) -> None:
        """What was not observed, weakened or noted; the cause, and the first thing to do."""
        exceptions.write(self._lines, evidence)
        if (found := evidence.diagnosis) is not None:
            self._lines.plain()
            advice.cause(self._lines, found)
            first = found.model_copy(update={"next_steps": found.next_steps[:1]})
            advice.what_to_do(self._lines, first, not_before(evidence))

    def note(self, text: str) -> None:
        """What has to be said of the run itself, apart from its steps."""
        self._lines.plain()
        self._lines.text(f"Note: {text}", 0)

    def written(self, where: str, *, is_page: bool) -> None:
        """Where the page to be signed is, or without one the evidence."""

    def verdict(self, evidence: Evidence) -> None:
        """The last line; above it what is left running."""
        if left := wording.left_running(evidence):
            self._lines.plain()
            advice.advice(self._lines, "", printable(left))
        word, line = evidence.verdict, printable(verdict_line(evidence))
        loud = self._screen.coloured(word, **{**COLOURS[word], "invert": True})
        self._lines.plain(loud + line.removeprefix(word))


def written(lines: Lines, where: str, *, is_page: bool) -> None:
    lines.plain()
    lines.plain(f"{'Sign-off' if is_page else 'Evidence'}: {where}")


def _with_bar(line: str, left: float, most: float, width: int | None) -> str:
    """With a bar behind it that grows, where there is room."""
    done = round(BAR * (1 - left / most)) if left < most else 0
    bar = f" [{'#' * done:.<{BAR}}]"
    return line + (bar if width is None or len(line + bar) <= width else "")
