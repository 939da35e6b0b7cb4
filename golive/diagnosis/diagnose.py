"""Finds the cause of what was observed, and what to do about it on this machine.

The branches are in `golive.diagnosis.decision_tree`, the procedures in `golive.diagnosis.recovery`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from golive.diagnosis import commands, facts, placeholders, recovery
from golive.diagnosis.branch import Branch
from golive.diagnosis.decision_tree import BY_CODE, TREE, UNEXPLAINED
from golive.diagnosis.seen import Seen
from golive.discipline.rules import Discipline
from golive.evidence.record import Candidate, Diagnosis
from golive.kit import typed
from golive.settings.model import Settings

PROCEDURE, SOAK = typed.CHECK, typed.SOAK
PAUSED = "login-throttled"


@dataclass(frozen=True, slots=True)
class Next:
    """What can be typed next: the same again, and the fallback ("" where this was the fallback)."""

    again: str
    fall_back: str = ""
    kill_stale: str = ""
    """The procedure, which ends the stale clients first."""
    settings: str = "secrets.json"
    """The settings file, as it was named."""

    @classmethod
    def after(
        cls,
        command: str,
        secrets: str | None,
        on_fallback: bool,
        is_there: bool,
        settings: str,
        rehearsed: Sequence[str] = (),
        reports: str | None = None,
    ) -> Next:
        """After a command with these options: `secrets` and `reports` as typed, `rehearsed` what
        says --fake.

        `is_there`: this was at the fallback's endpoint, with or without --fallback. The fallback is
        rehearsed against a healthy gateway, whatever was rehearsed here; after a soak it is the
        go-live procedure that comes first there.
        """
        same = ["--secrets", commands.HERE.quoted(secrets)] if secrets else []
        same += ["--reports", commands.HERE.quoted(reports)] if reports else []
        there = ["--fallback", *same]
        fake = ["--fake"] if rehearsed else []
        options = [*rehearsed, *(there if on_fallback else same)]
        full = command if command == SOAK else PROCEDURE
        first = PROCEDURE if command == SOAK else command
        fall_back = [] if is_there else [*fake, *there]
        return cls(
            _line(command, options),
            _line(first, fall_back) if fall_back else "",
            _line(full, [*options, "--kill-stale"]),
            secrets or settings,
        )


def _line(command: str, options: Sequence[str]) -> str:
    """A rehearsal by `golive` has a command of its own: `golive rehearse silent`."""
    if typed.IS_GOLIVE and command == PROCEDURE and options and options[0].startswith("--fake"):
        fault = options[0].partition("=")[2]
        return " ".join([typed.REHEARSE, *filter(None, [fault]), *options[1:]])
    return " ".join([command, *options])


def diagnose(seen: Seen, run_next: Next, observed: Sequence[str] = ()) -> Diagnosis:
    """The first branch that applies is the cause; `observed` goes before the other facts."""
    branch, *others = [each for each in TREE if each.applies(seen)] or [UNEXPLAINED]
    return _of(branch, others, seen, run_next, observed)


def explained(code: str, seen: Seen, run_next: Next) -> Diagnosis:
    """The diagnosis whose code is known already, to whoever holds a connection."""
    return _of(BY_CODE.get(code, UNEXPLAINED), (), seen, run_next, ())


def _of(
    branch: Branch,
    others: Sequence[Branch],
    seen: Seen,
    run_next: Next,
    observed: Sequence[str],
) -> Diagnosis:
    not_before = _not_before(seen)
    filled = placeholders.of(seen, not_before) | asdict(run_next)
    concerns = _concerning(seen, branch)
    late = _is_late(seen, concerns, run_next)
    return Diagnosis(
        code=branch.code,
        cause=branch.cause.format(**filled),
        procedure="C" if late else branch.procedure,
        next_steps=[placeholders.told(step, filled) for step in _steps(branch, late)],
        facts=[*observed, *facts.told(seen)],
        stopped_at=seen.stopped_at,
        also=[Candidate(code=each.code, cause=each.cause.format(**filled)) for each in others],
        not_before=not_before.isoformat(timespec="seconds") if not_before else None,
        if_that_fails=[
            placeholders.told(step, filled)
            for step in _escalation(concerns, late, bool(run_next.fall_back))
        ],
        log=list(seen.logs.lines) if seen.logs else [],
        contacts=[each.format(**filled) for each in recovery.CONTACTS],
    )


def _concerning(seen: Seen, branch: Branch) -> Branch:
    """The failure that the trouble is about. For a retry that came too early, the one before it."""
    last = seen.discipline.last_failed if seen.discipline else None
    if branch.code != "cool-down" or last is None:
        return branch
    return BY_CODE.get(last.outcome, branch)


def _is_late(seen: Seen, branch: Branch, run_next: Next) -> bool:
    """Whether ten minutes have passed since the first failed attempt: then stop, and switch."""
    since = seen.first_failure
    is_over = since is not None and seen.now - since >= recovery.TEN_MINUTES
    return is_over and branch.is_the_gateways and bool(run_next.fall_back)


def _steps(branch: Branch, late: bool) -> Sequence[str]:
    if late:
        return (recovery.STOP, *recovery.PROCEDURES["C"], recovery.OFFLINE)
    return branch.next_steps or recovery.PROCEDURES[branch.procedure or "A"]


def _escalation(branch: Branch, late: bool, can_fall_back: bool) -> list[str]:
    """What to do if the steps do not help. Mostly nothing, unless the gateway is at fault."""
    if not branch.is_the_gateways:
        return list(branch.otherwise)
    if late:
        return [recovery.SUPPORT]
    would_harm = branch.code == PAUSED  # each login that fails makes the pause longer
    restart = [] if branch.procedure or would_harm else [recovery.RESTART]
    if not can_fall_back:
        return [*restart, recovery.SUPPORT]
    fall_back = [recovery.FALL_BACK, recovery.DEADLINE, recovery.OFFLINE]
    return [*restart, *fall_back, f"{recovery.SUPPORT} TWS needs no call."]


def _not_before(seen: Seen) -> datetime | None:
    """Before when a rule would refuse the next attempt; None where no rule does.

    How long a gateway needs after its start is no such rule: a run waits for it. The advice says
    so in its own words.
    """
    past, other = seen.discipline, seen.other_run
    if past and (other or seen.failed == "environment.only-run"):
        past = past.beside(other)
    return next_attempt(past, seen.settings, seen.now, failed=bool(seen.attempted))


def next_attempt(
    past: Discipline | None, settings: Settings, now: datetime, *, failed: bool
) -> datetime | None:
    """When the rules allow the next attempt, if they refuse one now.

    `failed`: an attempt has just failed here, and `past` does not include it yet.
    """
    if not failed:
        return _whole_second(past.refused_until) if past and past.refused_until else None
    cooldown = timedelta(seconds=settings.golive.retry_cooldown_seconds)
    return _whole_second(now + (past.wait_after(past.in_a_row + 1) if past else cooldown))


def _whole_second(moment: datetime) -> datetime:
    """The first one that is not before a moment: the evidence keeps no more."""
    return (moment + timedelta(seconds=1, microseconds=-1)).replace(microsecond=0)
