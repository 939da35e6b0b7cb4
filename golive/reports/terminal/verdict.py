"""The verdict in one line, which fits 80 columns."""

from __future__ import annotations

from datetime import datetime

from golive.evidence.record import Evidence
from golive.kit.figures import allowed_from
from golive.reports import wording

LONGEST = 79
FAKE = "fake gateway"
AIMS = {"REHEARSAL": "(rehearsal)", "PAPER FALLBACK": "(fallback)", "PAPER": "(paper)"}


def verdict_line(found: Evidence) -> str:
    """`GO: 24 positions, handshake 97 ms`; of a rehearsal, the fallback and paper it says so.

    A GO of a fake gateway on the port of a real one is `GO (fake gateway): 24 positions`.
    Of a NO-GO the cause comes first: `NO-GO: zombies, Procedure A, not before 09:16 local`. A GO
    with checks that were weakened is `GO with 5 weakened checks: ...`. What does not fit is left
    out; it stands above the line.
    """
    aim = AIMS.get(wording.endpoint(found), "")
    if found.verdict == "GO" and wording.is_of_a_fake(found):
        aim = f"({aim.strip('()')}, {FAKE})" if aim else f"({FAKE})"
    line = " ".join(filter(None, (found.verdict, aim, wording.with_weakened(found)))) + ":"
    told = ""
    for part in _parts(found):
        longer = f"{told}, {part}" if told else f" {part}"
        if len(line + longer) <= LONGEST:
            told = longer
    return line + told if told else line.removesuffix(":")


def not_before(found: Evidence) -> str:
    """`not before 09:16 local`, as its advice says it; "" where the next may be at once."""
    moment = found.diagnosis.not_before if found.diagnosis else None
    try:
        there, ended = datetime.fromisoformat(moment or ""), datetime.fromisoformat(found.ended)
        if there <= ended:
            return ""
        return f"not before {allowed_from(there, attempted=found.attempts > 0)} local"
    except (ValueError, TypeError, OverflowError):
        return ""


def _parts(found: Evidence) -> list[str]:
    """What it says, the most important first."""
    parts: list[str] = []
    if found.overrides:
        parts.append("OVERRIDDEN")
    if (cause := found.diagnosis) is not None:
        recovery = f"Procedure {cause.procedure}" if cause.procedure else ""
        parts += filter(None, (cause.code, recovery, not_before(found)))
    if found.plan == "soak":
        return parts + _of_the_soak(found)
    complete = found.handshake.complete_ms
    if found.has_asked_for_positions:
        parts.append(wording.counted(found.positions.count, "position"))
    if complete is not None:
        parts.append(f"handshake {complete:.0f} ms")
    if left_out := wording.not_configured(found):
        parts.append(f"{left_out} not configured")
    return parts


def _of_the_soak(found: Evidence) -> list[str]:
    """`soak of 60 min, 720 of 720 heartbeats answered, no zombie`; of one that ended, when."""
    soak = found.soak
    if soak is None:
        return ["soak not begun"]
    whole = wording.span(soak.wanted)
    how_long = f"{whole} ended after {wording.span(soak.seconds)}" if soak.code else whole
    answered = f"{soak.answers} of {soak.heartbeats} heartbeats answered"
    return [f"soak of {how_long}", answered, wording.zombies(soak.most_zombies)]
