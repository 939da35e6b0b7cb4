"""A run in short: a line for each stage, what failed in full, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from golive.evidence import seen_words
from golive.evidence.record import Evidence, StepRecord
from golive.kit.text import counted
from golive.procedure import steps
from golive.procedure.steps import Step
from golive.reports.terminal import advice, exceptions, since
from golive.reports.terminal.screen import COLOURS
from golive.reports.terminal.telling import Begun, Teller, written
from golive.reports.terminal.verdict import not_before

NAME = 14
"""Columns of the name of a stage."""
COUNT = 11
MOST_FACTS = 4
"""So many facts of a failed step are shown here; the sign-off has them all."""
LONGEST_FACT = 300
MOST_ROWS = 45
"""Of a NO-GO with its advice, as far as what may be left out allows."""

TELLING = {
    "gateway": "gateway.initialized",
    "handshake": "handshake.under-budget",
    "positions": "positions.count",
    "soak": "soak.answers",
    "afterwards": "afterwards.closed-cleanly",
    "monitor": "monitor.positions",
    "mcp": "mcp.positions",
}
"""The step whose first fact stands beside its stage."""


class Short(Teller):
    """One line a stage while all is well."""

    _stage = ""

    def begin(self, begun: Begun) -> None:
        super().begin(begun)
        self._ended: list[StepRecord] = []
        self._header(begun)
        self._lines.plain()

    def under_way(self, step_id: str) -> None:
        step = steps.step(step_id)
        self._enter(step.stage)
        of_stage = self._of(step.stage)
        place = f"{of_stage.index(step) + 1} of {len(of_stage)}"
        self._screen.write_again(f"{self._live(step.stage)}{place}  {step.title}")

    def waiting(self, say: Callable[[float], str], most: float) -> Callable[[float], None]:
        return lambda left: self._wait(f"{self._live(self._stage)}{say(left)}", left, most)

    def step(self, record: StepRecord) -> None:
        """Its stage is told once it is over, or has failed; what is blocked is only counted."""
        if record.outcome == "blocked":
            self._close()
            return
        self._enter(record.stage)
        self._ended.append(record)
        if record.outcome not in ("passed", "not-configured", "not-observable"):
            self._failed(record)

    def found(self, evidence: Evidence) -> None:
        self._close(evidence)
        self._not_run(evidence)
        exceptions.write(self._lines, evidence)
        if (found := evidence.diagnosis) is None:
            since.write(self._lines, evidence)
            return
        self._lines.plain()
        advice.cause(self._lines, found)
        advice.what_to_do(self._lines, found, not_before(evidence))
        advice.if_that_fails(self._lines, found, MOST_ROWS)

    def written(self, where: str, *, is_page: bool) -> None:
        written(self._lines, where, is_page=is_page)

    # a stage

    def _of(self, stage: str) -> Sequence[Step]:
        return [each for each in steps.of(self._plan) if each.stage == stage]

    def _live(self, stage: str) -> str:
        mark = "…" if self._lines.has_shapes else "..."
        return f"{mark:<{self._lines.margin}}{stage:<{NAME}}"

    def _enter(self, stage: str) -> None:
        if stage != self._stage:
            self._close()
            self._stage = stage
            self._ended = []

    def _close(self, evidence: Evidence | None = None) -> None:
        """The line of a stage of which nothing failed; of one that was cut short, where."""
        stage, self._stage = self._stage, ""
        if not stage:
            return
        if evidence is not None and (cut := _cut_short(evidence, stage)) is not None:
            self._stopped_at(cut, "interrupted")
        elif self._ended:
            self._passed(stage)

    def _passed(self, stage: str) -> None:
        outcomes: list[str] = [each.outcome for each in self._ended]
        kinds: list[str] = [
            each for each in ("not-observable", "not-configured") if each in outcomes
        ]
        passed = outcomes.count("passed")
        mark = "passed" if passed else (kinds or ["passed"])[0]
        said = [counted(passed, "check")] if passed or not kinds else []
        said += [f"{outcomes.count(each)} {_OUT[each]}" for each in kinds]
        beside = self._fact_of(TELLING.get(stage, "")) if passed else self._reason()
        head = f"{stage:<{NAME}}{', '.join(said):<{COUNT}}"
        first, *more = self._lines.wrapped(f"{head}  {beside}".rstrip(), self._lines.margin, NAME)
        self._lines.plain(self._lines.mark(mark) + first[self._lines.margin :])
        for line in more:
            self._lines.plain(line)

    def _fact_of(self, step_id: str) -> str:
        """The first thing that a step saw."""
        seen = [each for each in self._ended if each.id == step_id]
        facts = [fact for each in seen for fact in seen_words.seen(each, self._settings)]
        return facts[0] if facts else ""

    def _reason(self) -> str:
        """Why its steps were not performed, which is the same for all."""
        reasons = {str(each.observed.get("reason") or "") for each in self._ended}
        return reasons.pop() if len(reasons) == 1 else ""

    # what failed

    def _failed(self, record: StepRecord) -> None:
        self._stopped_at(record, "stopped")
        self._stage = ""
        facts = [fact[:LONGEST_FACT] for fact in seen_words.seen(record, self._settings)]
        self._pair("expected", seen_words.expected(record, self._settings))
        for number, fact in enumerate(facts[:MOST_FACTS]):
            self._pair("" if number else "observed", fact)
        if left := len(facts) - MOST_FACTS:
            self._pair("", f"and {left} more, on the sign-off") if left > 0 else None

    def _stopped_at(self, record: StepRecord, how: str) -> None:
        of_stage = self._of(record.stage)
        number = [each.id for each in of_stage].index(record.id) + 1
        where = f"{how} at check {number} of {len(of_stage)}"
        outcome = record.outcome if record.outcome in ("failed", "not-observable") else "failed"
        self._lines.plain(f"{self._lines.mark(outcome)}{record.stage:<{NAME}}{where}")
        self._lines.text(record.title, self._lines.margin + 2, **COLOURS["failed"])

    def _pair(self, name: str, value: str) -> None:
        indent = self._lines.margin + 4
        self._lines.text(f"{name:<8}  {value}", indent, 10)

    def _not_run(self, evidence: Evidence) -> None:
        blocked = [each for each in evidence.steps if each.outcome == "blocked"]
        if not blocked:
            return
        self._lines.plain(f"{self._lines.mark('blocked')}{counted(len(blocked), 'step')} not run")
        if "not run" in blocked[0].observed:
            why = f"left out of this run: {blocked[0].title}"
            self._lines.text(why, self._lines.margin + 2)


_OUT = {"not-observable": "not observed", "not-configured": "not configured"}


def _cut_short(evidence: Evidence, stage: str) -> StepRecord | None:
    """The step of a stage that was under way when the run ended."""
    found = [each for each in evidence.steps if each.stage == stage and each.outcome == "failed"]
    return found[0] if found and "unfinished" in found[0].observed else None
