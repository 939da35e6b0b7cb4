"""What stands in the evidence, in the words of a page. The same on every machine."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timezone, tzinfo
from typing import Any

from golive.evidence import Evidence

OUTCOMES = {
    "passed": "passed",
    "failed": "failed",
    "blocked": "blocked",
    "not-configured": "not configured",
    "not-observable": "not observed",
}


def target(found: Evidence) -> str:
    """What it was aimed at, in a word or two; paper is never called live."""
    match found.target:
        case "fake":
            return "REHEARSAL"
        case "fallback":
            return "PAPER FALLBACK"
        case "live":
            return "PAPER" if "paper" in found.endpoint.kind.lower() else "LIVE"


def against(found: Evidence) -> str:
    """The same in a phrase, for who does not know the words."""
    if found.target == "fake":
        fault = f"told to be {found.fault}" if found.fault else "that behaves well"
        return f"against a fake gateway {fault}; no permission to go live"
    there = f"{found.endpoint.kind} at {found.endpoint.host}:{found.endpoint.port}"
    return f"TWS paper, not the live gateway: {there}" if found.target == "fallback" else there


def zone(found: Evidence) -> tzinfo:
    """That of the wall clock where it ran, as far as it is on record; else UTC."""
    local = _moment(found.circumstances.local_started or "")
    offset = local.utcoffset() if local else None
    return UTC if offset is None else timezone(offset)


def moment(text: str, where: tzinfo) -> str:
    """A time of the evidence, with its offset from UTC; as it stands there where it is none."""
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


def duration(seconds: float | None) -> str:
    """`2.30 ms`, `10.4 s`, `1 min 32 s`."""
    if seconds is None or not math.isfinite(seconds):
        return "not known"
    if abs(seconds) < 0.1:
        return milliseconds(seconds * 1000)
    if abs(seconds) < 60:
        return f"{seconds:.3g} s"
    return f"{int(seconds // 60):,} min {seconds % 60:.0f} s"


def milliseconds(ms: float) -> str:
    """To three figures: `0.178 ms`, `2.30 ms`, `1,503 ms`."""
    digits = 3 if abs(ms) < 1 else 2 if abs(ms) < 10 else 1 if abs(ms) < 100 else 0
    return f"{ms:,.{digits}f} ms"


def number(value: Any) -> str:
    """With two to four decimals, or as it is where it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "" if value is None else str(value)
    whole, _, decimals = f"{value:,.4f}".partition(".")
    return f"{whole}.{decimals[:2]}{decimals[2:].rstrip('0')}"


def counted(count: int, noun: str, plural: str = "") -> str:
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def utc(text: str) -> str:
    return moment(text, UTC)
