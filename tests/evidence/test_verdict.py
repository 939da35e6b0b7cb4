"""GO needs every step, in order, once; and none in the way."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from golive.evidence.record import Outcome, StepRecord
from golive.evidence.verdict import verdict_of
from golive.procedure import steps

outcomes = st.sampled_from(get_args(Outcome))


def records(found: list[Any]) -> list[StepRecord]:
    return [
        StepRecord(id=step.id, stage=step.stage, title=step.title, outcome=outcome)
        for step, outcome in zip(steps.of("golive"), found, strict=False)
    ]


@given(st.lists(outcomes, min_size=0, max_size=len(steps.of("golive"))))
def test_verdict_is_go_only_when_every_step_is_there_and_none_stands_in_the_way(
    found: list[Any],
) -> None:
    performed = records(found)
    fine = {"passed", "not-configured"}
    allowed = [
        each.outcome in fine
        or (each.outcome == "not-observable" and each.id == "gateway.accept-queue")
        for each in performed
    ]
    is_go = len(performed) == len(steps.of("golive")) and all(allowed)
    assert verdict_of(performed) == ("GO" if is_go else "NO-GO")


def test_all_passed_in_another_order_or_twice_is_no_go() -> None:
    passed = records(["passed"] * len(steps.of("golive")))
    assert verdict_of(passed) == "GO"
    assert verdict_of(passed[::-1]) == "NO-GO"
    assert verdict_of([*passed, passed[0]]) == "NO-GO"
