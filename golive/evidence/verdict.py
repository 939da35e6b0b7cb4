"""GO or NO-GO: what the steps of a run come to."""

from __future__ import annotations

from golive.evidence.record import StepRecord, Verdict
from golive.procedure import steps
from golive.procedure.steps import Plan


def verdict_of(records: list[StepRecord], blind: bool = False, plan: Plan = "golive") -> Verdict:
    """GO only where every step of the plan is there, once, and none stands in the way."""
    wanted = [step.id for step in steps.of(plan)]
    complete = [each.id for each in records] == wanted
    return "GO" if complete and all(is_no_obstacle(each, blind) for each in records) else "NO-GO"


def is_no_obstacle(record: StepRecord, blind: bool = False) -> bool:
    """Whether the steps behind this one may run, and the run may be GO.

    `blind`: sockets need not be observable, as the settings have it.
    """
    if record.outcome == "not-observable":
        return steps.step(record.id).is_excused(blind)
    return record.outcome in ("passed", "not-configured")
