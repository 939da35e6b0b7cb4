"""How far a run has come: the result of each step, and what may run next."""

from __future__ import annotations

from typing import Any

from golive.evidence.record import Outcome, StepRecord
from golive.evidence.verdict import is_no_obstacle, verdict_of
from golive.kit.clock import Clock
from golive.procedure import steps
from golive.procedure.steps import Plan, Step

UNFINISHED = {"unfinished": "the run ended during this check"}
NOT_RUN = {"not run": "this check was not part of the run"}


class Blocked(Exception):
    """The step may not run: `by` is the first earlier step that has not passed."""

    def __init__(self, by: Step) -> None:
        super().__init__(f"BLOCKED by {by.id}")
        self.by = by


class Progress:
    """The steps of a plan. `blind`: sockets need not be observable."""

    def __init__(self, plan: Plan, blind: bool, clock: Clock) -> None:
        self._plan, self._blind, self._clock = plan, blind, clock
        self._started = clock.monotonic()
        self._records: dict[str, StepRecord] = {}
        self._began: dict[str, float] = {}

    def gate(self, step_id: str) -> None:
        """Raises Blocked unless every earlier step has passed in this run."""
        for earlier in steps.before(step_id, self._plan):
            record = self._records.get(earlier.id)
            if record is None or not self.is_no_obstacle(record):
                raise Blocked(earlier)

    def is_no_obstacle(self, record: StepRecord) -> bool:
        return is_no_obstacle(record, self._blind)

    def may_be_unobserved(self, step_id: str) -> bool:
        return steps.step(step_id).is_excused(self._blind)

    def begin(self, step_id: str) -> None:
        """A step that has begun counts as failed until it ends: a run may end at any time."""
        if not self._has_failed(step_id):
            self._began[step_id] = self._clock.monotonic() - self._started
            self.put(step_id, "failed", 0.0, UNFINISHED)

    def end(
        self, step_id: str, outcome: Outcome, seconds: float, observed: dict[str, Any]
    ) -> StepRecord:
        """A step that is performed again keeps its failure: a second try proves nothing."""
        if self._has_failed(step_id):
            return self._records[step_id]
        return self.put(step_id, outcome, seconds, observed)

    def blocked(self, step_id: str, by: Step) -> StepRecord:
        return self.put(step_id, "blocked", 0.0, {}, by.id)

    def record(self, step_id: str) -> StepRecord | None:
        """None where the step has not begun."""
        return self._records.get(step_id)

    def put(
        self,
        step_id: str,
        outcome: Outcome,
        seconds: float,
        observed: dict[str, Any],
        by: str | None = None,
    ) -> StepRecord:
        """Replaces what was known about the step."""
        began = None if outcome == "blocked" else _rounded(self._began.get(step_id))
        record = _record(steps.step(step_id), outcome, observed, by, round(seconds, 6), began)
        self._records[step_id] = record
        return record

    @property
    def records(self) -> list[StepRecord]:
        """Every step of the plan; what did not run is blocked by the first not to pass."""
        found, blocker = [], None
        for step in steps.of(self._plan):
            record = self._records.get(step.id)
            if record is None:
                record = _record(step, "blocked", {} if blocker else NOT_RUN, blocker)
            if blocker is None and not self.is_no_obstacle(record):
                blocker = step.id
            found.append(record)
        return found

    @property
    def is_go(self) -> bool:
        """Whether every step has ended, and none stands in the way."""
        return verdict_of(self.records, self._blind, self._plan) == "GO"

    def _has_failed(self, step_id: str) -> bool:
        earlier = self._records.get(step_id)
        if earlier is None or earlier.observed == UNFINISHED:
            return False
        return not self.is_no_obstacle(earlier)


def _record(
    step: Step,
    outcome: Outcome,
    observed: dict[str, Any],
    blocked_by: str | None,
    seconds: float = 0.0,
    began: float | None = None,
) -> StepRecord:
    return StepRecord(
        id=step.id,
        stage=step.stage,
        title=step.title,
        outcome=outcome,
        blocked_by=blocked_by,
        seconds=seconds,
        observed=observed,
        began=began,
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
