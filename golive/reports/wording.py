"""The evidence in the words of a page. The same on every machine."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timezone, tzinfo
from typing import Any

from golive.evidence.record import Evidence, StepRecord
from golive.kit.figures import duration as duration
from golive.kit.figures import milliseconds as milliseconds
from golive.kit.figures import span as span
from golive.kit.text import counted as counted
from golive.kit.text import with_weakened as behind_go

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,100}", re.ASCII)

OUTCOMES = {
    "passed": "passed",
    "failed": "failed",
    "blocked": "not run",
    "not-configured": "not configured",
    "not-observable": "not observed",
}


EXCUSED = ("not-configured", "not-observable")
"""Outcomes with a reason of their own, which the steps of a stage mostly share."""

PROGRAMS = {"monitor": "Monitor", "mcp": "MCP"}
"""The programs in the settings, by the stages that check them."""

TARGETS = {"live": "LIVE", "fallback": "PAPER FALLBACK", "fake": "REHEARSAL"}
"""The target of a run in words."""

SOAK = "SOAK"
"""Follows the target of a soak, which is not expected daily."""


def target(found: Evidence) -> str:
    """`LIVE`, `PAPER`, `REHEARSAL SOAK`. Paper is never called live."""
    return f"{endpoint(found)} {SOAK}" if found.plan == "soak" else endpoint(found)


def endpoint(found: Evidence) -> str:
    """The target without the soak."""
    is_paper = found.target == "live" and "paper" in found.endpoint.kind.lower()
    return "PAPER" if is_paper else TARGETS[found.target]


def not_configured(found: Evidence) -> str:
    """The programs that a GO was given without: `Monitor and MCP`; "" where there are none."""
    if found.verdict != "GO":
        return ""
    outcomes = {(each.stage, each.outcome) for each in found.steps}
    return " and ".join(
        name for stage, name in PROGRAMS.items() if (stage, "not-configured") in outcomes
    )


FAKE = "a fake gateway listens on port "
"""How the note of a run begins that tried a fake gateway on the port of a real one."""

SHOWN = 20
"""How many notes are shown. The evidence has all of them."""


def verdict(found: Evidence) -> str:
    """`GO`, `GO with 5 weakened checks`, `NO-GO`."""
    weak = with_weakened(found)
    return f"{found.verdict} {weak}" if weak else found.verdict


def with_weakened(found: Evidence) -> str:
    """Of a GO: `with 5 weakened checks`; "" where there are none."""
    return behind_go(found.weakened) if found.verdict == "GO" else ""


def noted(found: Evidence) -> list[str]:
    """What the person who signs must read, although it failed no step."""
    left_out = len(found.noted) - SHOWN
    more = [f"and {counted(left_out, 'line')} more in evidence.json"] if left_out > 0 else []
    return [*found.noted[:SHOWN], *more]


def is_of_a_fake(found: Evidence) -> bool:
    """Whether the run noted that a fake gateway listened in place of a real one."""
    return any(each.startswith(FAKE) for each in found.noted)


def left_running(found: Evidence) -> str:
    """For a GO: which Monitor runs on, its log and how to end it; "" where none does."""
    steps = {each.id: each.observed for each in found.steps}
    left = steps.get("monitor.left-as-asked", {})
    if found.verdict != "GO" or left.get("how") != "left running":
        return ""
    where = f"pid {left.get('pid')}, log {left.get('log')}"
    return f"The Monitor runs on, {where}; end it with: {left.get('end_with')}"


def told_by(steps: Iterable[StepRecord]) -> dict[str, str]:
    """For steps that could not be run: the earlier one of their stage with the same reason."""
    first: dict[tuple[str, str], str] = {}
    excused = [each for each in steps if each.outcome in EXCUSED and each.observed]
    by = {each.id: first.setdefault((each.stage, repr(each.observed)), each.id) for each in excused}
    return {step: earlier for step, earlier in by.items() if earlier != step}


def track(found: Evidence) -> str:
    """The name under which runs of its kind are compared: `live`, `fake-soak`."""
    return f"{found.target}-soak" if found.plan == "soak" else found.target


def against(found: Evidence) -> str:
    """The target in a sentence."""
    if found.target == "fake":
        fault = f" (fault: {found.fault})" if found.fault else ""
        return f"Rehearsal against a fake gateway{fault}. Not a go-live approval."
    there = f"{found.endpoint.kind} at {found.endpoint.host}:{found.endpoint.port}."
    return f"Not the live gateway: {there}" if endpoint(found) != "LIVE" else there


def zone(found: Evidence) -> tzinfo:
    """The time zone of the machine that ran it, where it is on record; else UTC."""
    local = _moment(found.circumstances.local_started or "")
    offset = local.utcoffset() if local else None
    return UTC if offset is None else timezone(offset)


def moment(text: str, where: tzinfo) -> str:
    """A time of the evidence with its offset from UTC; unchanged where it is no time."""
    found = _moment(text)
    if found is None or found.tzinfo is None:
        return text
    try:
        local = found.astimezone(where)
    except OverflowError:
        return text
    return f"{local:%Y-%m-%d %H:%M:%S} UTC{local:%z}".removesuffix("+0000")


def seconds_between(began: str, ended: str) -> float | None:
    first, last = _moment(began), _moment(ended)
    try:
        return (last - first).total_seconds() if first and last else None
    except TypeError:  # one of them says whose time it is, the other does not
        return None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def zombies(count: int | None) -> str:
    if count is None:
        return "zombies not observed"
    return counted(count, "zombie") if count else "no zombie"


def number(value: Any, at_least: int = 2) -> str:
    """With as many decimals as it needs, two to four; as it is where it is no number."""
    if not _is_number(value):
        return text(value)
    return f"{value:,.{max(decimals(value), at_least)}f}"


def decimals(value: Any) -> int:
    """How many it needs, two to four."""
    if not _is_number(value):
        return 2
    return max(2, len(f"{value:.4f}".rstrip("0").partition(".")[2]))


def _is_number(value: Any) -> bool:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and abs(value) < 1e15


def text(value: Any) -> str:
    return "" if value is None else str(value)


def day(text: str) -> str:
    """`20261218` as `2026-12-18`; anything else as it is."""
    is_day = len(text) == 8 and text.isascii() and text.isdigit()
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if is_day else text


def path(name: str) -> str:
    """The name of a run as part of an address; empty where it is no plain name."""
    return name if _NAME.fullmatch(name) else ""


def utc_minute(text: str) -> str:
    """`2026-11-22 02:00 UTC`; unchanged where it is no time."""
    told = utc(text)
    return f"{told[:16]} UTC" if told.endswith(" UTC") else told


def utc(text: str) -> str:
    return moment(text, UTC)
