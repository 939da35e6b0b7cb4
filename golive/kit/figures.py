"""Times as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta

TO_BE_NOTED = timedelta(seconds=5)
"""The cool-down counts from when the attempt's end is noted, just after the diagnosis."""


def allowed_from(moment: datetime, *, attempted: bool) -> str:
    """`09:16`, local: the first full minute that is not before a moment.

    `attempted`: that moment is after an attempt whose end is still to be noted.
    """
    noted = TO_BE_NOTED if attempted else timedelta(0)
    full = moment + noted + timedelta(minutes=1) - timedelta(microseconds=1)
    return f"{full.astimezone():%H:%M}"


def uptime(seconds: float) -> str:
    """`4 h 10 min`, `3 days 4 h`; below two hours as any duration."""
    if not 7200 <= seconds < 1e9:
        return duration(seconds)
    minutes = int(seconds // 60)
    if minutes < 2 * 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} days {minutes % 1440 // 60} h"


def milliseconds(ms: float) -> str:
    """To three figures: `0.178 ms`, `2.30 ms`, `1,503 ms`."""
    digits = 3 if abs(ms) < 1 else 2 if abs(ms) < 10 else 1 if abs(ms) < 100 else 0
    return f"{ms:,.{digits}f} ms"


def duration(seconds: float | None) -> str:
    """`2.30 ms`, `10.4 s`, `80.3 s`, `2 min 32 s`."""
    if seconds is None or not abs(seconds) < 1e9:
        return "not known"
    if abs(seconds) < 0.1:
        return milliseconds(seconds * 1000)
    if abs(seconds) < 120:
        return f"{seconds:.3g} s"
    return f"{int(seconds // 60):,} min {seconds % 60:.0f} s"


def span(seconds: float) -> str:
    """A time that was chosen: `6 s`, `90 s`, `60 min`, `2 h`; to a second."""
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= 2 * unit and round(seconds) % unit == 0:
            return f"{round(seconds) // unit} {name}"
    return duration(seconds) if seconds >= 120 else f"{seconds:.3g} s"
