"""A run as test results, for JUnit and Allure: one for each step, and one for the verdict.

The verdict's result is the last. Unless the run is GO it has failed, whatever the steps before it
did, and its message begins with the diagnosis.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from golive.evidence import seen_words
from golive.evidence.record import Evidence, StepRecord
from golive.evidence.verdict import is_no_obstacle
from golive.kit.text import shortened
from golive.procedure import steps
from golive.reports import wording

VERDICT = "verdict"
NO_DIAGNOSIS = "no-diagnosis"
LONGEST_MESSAGE = 300
LONGEST_LINE = 2000

Status = Literal["passed", "failed", "broken", "skipped"]


@dataclass(frozen=True, slots=True)
class Result:
    """One test. `broken` is one that could not run, so that the run is no GO.

    `kind` is the code of the diagnosis, or the outcome of a step. `message` says in one line why it
    did not pass; `details` are further lines, `observed` what it saw. Times are in seconds since
    the start of the run.
    """

    id: str
    stage: str
    title: str
    status: Status
    kind: str
    message: str
    details: tuple[str, ...]
    observed: tuple[str, ...]
    began: float
    seconds: float


def of(found: Evidence) -> list[Result]:
    """The steps in order, then the verdict."""
    same = wording.told_by(found.steps)
    steps = [_step(found, each, same.get(each.id, "")) for each in found.steps]
    return [*steps, _verdict(found, steps)]


def code(found: Evidence) -> str:
    """Of the diagnosis; empty for a GO."""
    if found.verdict == "GO":
        return ""
    return found.diagnosis.code if found.diagnosis else NO_DIAGNOSIS


def _step(found: Evidence, step: StepRecord, told_by: str) -> Result:
    is_first = step is next((each for each in found.steps if _is_obstacle(found, each)), None)
    outcome = wording.OUTCOMES[step.outcome]
    why = f"{outcome} (see {told_by})" if told_by else _reason(found, step)
    return Result(
        id=step.id,
        stage=step.stage,
        title=step.title,
        status=_status(found, step),
        kind=code(found) if is_first else step.outcome,
        message=shortened(_diagnosed(found) if is_first else why, LONGEST_MESSAGE),
        details=_details(found) if is_first else (),
        observed=() if told_by else _lines(_seen(found, step)),
        began=step.began or 0.0,
        seconds=step.seconds,
    )


def _verdict(found: Evidence, steps: list[Result]) -> Result:
    is_go = found.verdict == "GO"
    return Result(
        id=VERDICT,
        stage=VERDICT,
        title="the verdict is GO",
        status="passed" if is_go else "failed",
        kind=code(found),
        message="" if is_go else shortened(_diagnosed(found), LONGEST_MESSAGE),
        details=() if is_go else _details(found),
        observed=_lines([*_in_words(found)]),
        began=max((each.began + each.seconds for each in steps), default=0.0),
        seconds=0.0,
    )


def _in_words(found: Evidence) -> Iterator[str]:
    """The verdict, and what everyone who relies on it must read."""
    yield f"verdict: {wording.verdict(found)}"
    yield f"target: {wording.target(found)}"
    yield from (f"weakened: {each}" for each in found.weakened)
    yield from (f"noted: {each}" for each in wording.noted(found))


def _is_obstacle(found: Evidence, step: StepRecord) -> bool:
    """Only the version that wrote a step knows what could excuse it."""
    if step.outcome == "not-observable" and step.id not in steps.NUMBER:
        return found.verdict != "GO"
    return not is_no_obstacle(step, found.sockets.may_be_unobserved)


def _status(found: Evidence, step: StepRecord) -> Status:
    match step.outcome:
        case "passed" | "failed":
            return step.outcome
        case "not-observable" if _is_obstacle(found, step):
            return "broken"
        case _:
            return "skipped"


def _seen(found: Evidence, step: StepRecord) -> list[str]:
    return seen_words.seen(step, seen_words.settings_of(found), wording.zone(found))


def _reason(found: Evidence, step: StepRecord) -> str:
    if step.outcome == "passed":
        return ""
    if step.blocked_by:
        return f"not run, blocked by {step.blocked_by}"
    outcome = wording.OUTCOMES[step.outcome]
    why = step.observed.get("reason") or "; ".join(_seen(found, step))
    return f"{outcome}: {why}" if why else outcome


def _diagnosed(found: Evidence) -> str:
    if found.diagnosis is None:
        return f"{NO_DIAGNOSIS}: the evidence names no cause"
    recovery = f" (Procedure {found.diagnosis.procedure})" if found.diagnosis.procedure else ""
    return f"{found.diagnosis.code}: {found.diagnosis.cause}{recovery}"


def _details(found: Evidence) -> tuple[str, ...]:
    if found.diagnosis is None:
        return ()
    it = found.diagnosis
    also = [f"{each.code}: {each.cause}" for each in it.also]
    parts = {
        "Facts": it.facts,
        "Also possible, check it next": also,
        "What to do": it.next_steps,
        "If that fails": it.if_that_fails,
        "Contacts": it.contacts,
    }
    return _lines(line for heading, lines in parts.items() for line in _part(heading, lines))


def _part(heading: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield heading
        yield from (f"  - {line}" for line in lines)


def _lines(lines: Iterator[str] | list[str]) -> tuple[str, ...]:
    """Without control characters, of which XML allows few."""
    return tuple(shortened(line, LONGEST_LINE) for line in lines)
