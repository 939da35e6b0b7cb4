"""From what was observed to its cause, and what to do about it on this machine.

The branches are in `golive.decision_tree`, the recovery procedures in `golive.recovery`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from golive import commands, facts, recovery, words
from golive.decision_tree import TREE, UNEXPLAINED, Branch
from golive.evidence import Candidate, Diagnosis
from golive.seen import Seen


@dataclass(frozen=True, slots=True)
class Next:
    """What can be run next: the same again, and the fallback ("" where this was the fallback)."""

    again: str
    fall_back: str = ""

    @classmethod
    def after(
        cls,
        command: str,
        secrets: str | None,
        on_fallback: bool,
        is_there: bool,
        rehearsed: Sequence[str] = (),
    ) -> Next:
        """After a command with these options: `secrets` as typed, `rehearsed` what says --fake.

        `is_there`: this was at the fallback's endpoint, with or without --fallback. The fallback is
        rehearsed against a healthy gateway, whatever was rehearsed here.
        """
        same = ["--secrets", commands.HERE.word(secrets)] if secrets else []
        there = ["--fallback", *same]
        fake = ["--fake"] if rehearsed else []
        again = [command, *rehearsed, *(there if on_fallback else same)]
        fall_back = [] if is_there else [command, *fake, *there]
        return cls(" ".join(again), " ".join(fall_back))


def diagnose(seen: Seen, run_next: Next, observed: Sequence[str] = ()) -> Diagnosis:
    """The first branch that applies is the cause; `observed` goes before the other facts."""
    branch, *others = [each for each in TREE if each.applies(seen)] or [UNEXPLAINED]
    not_before = _not_before(seen, branch)
    filled = words.of(seen, not_before) | {
        "again": run_next.again,
        "fall_back": run_next.fall_back,
    }
    late = _is_late(seen, branch, run_next)
    return Diagnosis(
        code=branch.code,
        cause=branch.cause.format(**filled),
        procedure="C" if late else branch.procedure,
        next_steps=[step.format(**filled) for step in _steps(branch, late)],
        facts=[*observed, *facts.told(seen)],
        stopped_at=seen.stopped_at,
        also=[Candidate(code=each.code, cause=each.cause.format(**filled)) for each in others],
        not_before=not_before.isoformat(timespec="seconds"),
        if_that_fails=[
            step.format(**filled) for step in _escalation(branch, late, bool(run_next.fall_back))
        ],
        is_the_gateways=branch.is_the_gateways,
    )


def _is_late(seen: Seen, branch: Branch, run_next: Next) -> bool:
    """The ten-minute rule, counted from the first failed attempt."""
    since = seen.first_failure
    is_over = since is not None and seen.now - since >= recovery.TEN_MINUTES
    return is_over and branch.is_the_gateways and bool(run_next.fall_back)


def _steps(branch: Branch, late: bool) -> Sequence[str]:
    if late:
        return (recovery.STOP, *recovery.PROCEDURES["C"])
    return branch.next_steps or recovery.PROCEDURES[branch.procedure or "A"]


def _escalation(branch: Branch, late: bool, can_fall_back: bool) -> list[str]:
    """What is left should that not help; nothing where the trouble is not the gateway's."""
    if not branch.is_the_gateways:
        return []
    restart = [] if late or branch.procedure else [recovery.RESTART]
    fall_back = [] if late or not can_fall_back else [recovery.FALL_BACK, recovery.DEADLINE]
    offline = [recovery.OFFLINE] if can_fall_back else []
    return [*restart, *fall_back, *offline, recovery.SUPPORT]


def _not_before(seen: Seen, branch: Branch) -> datetime:
    """The earliest time for the next attempt: after the cool-down, or a restart's waiting."""
    wanted = seen.settings.golive
    cool = timedelta(seconds=wanted.retry_cooldown_seconds)
    restart = timedelta(seconds=recovery.WAIT_SECONDS + wanted.initialization_seconds)
    allowed = seen.discipline.refused_until if seen.discipline else None
    cooled = seen.now + cool if seen.attempted else max(seen.now, allowed or seen.now)
    return max(cooled, seen.now + restart) if branch.procedure else cooled
