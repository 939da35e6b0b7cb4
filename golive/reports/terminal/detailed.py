"""A run in full: every step with what it saw, all facts of the diagnosis."""

from __future__ import annotations

from collections.abc import Callable

from golive.evidence import seen_words
from golive.evidence.record import Evidence, StepRecord
from golive.procedure import steps
from golive.reports import wording
from golive.reports.terminal import advice, exceptions, since
from golive.reports.terminal.screen import COLOURS, WORDS
from golive.reports.terminal.telling import Begun, Teller, written
from golive.reports.terminal.verdict import not_before

LONG_SECONDS = 1.0
"""A step that took less does not say how long it took."""


class Detailed(Teller):
    """One line a step, and what it saw below it."""

    _stage = ""
    _excuse: tuple[str, ...] = ()
    """Why a step of this stage could not be performed, as it was told last."""

    def begin(self, begun: Begun) -> None:
        super().begin(begun)
        self._header(begun)

    def under_way(self, step_id: str) -> None:
        step = steps.step(step_id)
        self._enter(step.stage)
        all_of_them = steps.of(self._plan)
        place = f"{all_of_them.index(step) + 1} of {len(all_of_them)}"
        self._screen.write_again(f"{self._mark('')}{'now':<8} {step.title} ({place})")

    def waiting(self, say: Callable[[float], str], most: float) -> Callable[[float], None]:
        return lambda left: self._wait(f"{self._mark('')}{'wait':<8} {say(left)}", left, most)

    def step(self, record: StepRecord) -> None:
        self._enter(record.stage)
        word = self._screen.coloured(f"{WORDS[record.outcome]:<8}", **COLOURS[record.outcome])
        title = record.title + (f" (by {record.blocked_by})" if record.blocked_by else "")
        if record.seconds >= LONG_SECONDS:
            title += f" ({record.seconds:.1f} s)"
        first, *more = self._lines.wrapped(title, self._indent)
        self._lines.plain(f"{self._mark(record.outcome)}{word} {first.strip()}")
        for line in more:
            self._lines.plain(line)
        if record.outcome != "blocked":
            self._saw(record)

    def _saw(self, record: StepRecord) -> None:
        facts = seen_words.seen(record, self._settings)
        if record.outcome == "passed":
            self._lines.text("; ".join(facts), self._indent, light=True)
            return
        if record.outcome == "failed":
            self._lines.text(
                f"expected: {seen_words.expected(record, self._settings)}", self._indent
            )
        if record.outcome in wording.EXCUSED:
            facts, self._excuse = ([] if tuple(facts) == self._excuse else facts), tuple(facts)
        for each in facts:
            said = f"observed: {each}" if record.outcome == "failed" else each
            self._lines.text(said, self._indent)

    def found(self, evidence: Evidence) -> None:
        exceptions.write(self._lines, evidence)
        if (found := evidence.diagnosis) is None:
            since.write(self._lines, evidence)
            return
        self._lines.plain()
        advice.cause(self._lines, found)
        if found.stopped_at:
            self._lines.text(f"The handshake stopped at: {found.stopped_at}", 2)
        self._lines.plain()
        advice.heading(self._lines, "Facts")
        for fact in found.facts:
            self._lines.text(f"- {fact}", 2)
        advice.what_to_do(self._lines, found, not_before(evidence))
        advice.if_that_fails(self._lines, found)

    def written(self, where: str, *, is_page: bool) -> None:
        written(self._lines, where, is_page=is_page)

    def _enter(self, stage: str) -> None:
        if stage != self._stage:
            self._stage, self._excuse = stage, ()
            self._lines.plain()
            self._lines.plain(self._screen.coloured(stage, bold=True))

    @property
    def _indent(self) -> int:
        return self._lines.margin + 11 if self._lines.has_shapes else 11

    def _mark(self, outcome: str) -> str:
        """Before the word of a step: its shape, where it can be shown."""
        if not self._lines.has_shapes:
            return "  "
        return f"  {self._lines.mark(outcome)}"
