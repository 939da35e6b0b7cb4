"""What changed from one night to another: a line for each change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from golive.reports.night import Drill, Night

A_NIGHT = timedelta(hours=36)
"""Between nights that are further apart, one is missing."""

SLOWER, SECONDS, MILLISECONDS = 1.25, 0.5, 20.0
"""Slower is reported from 25 % on, and only above differences that any machine makes."""


def changes(before: Night, now: Night) -> list[str]:
    """What no longer happens comes first. Unchanged results are left out."""
    earlier = {each.key: each for each in before.drills}
    present = {each.key: each for each in now.drills}
    gone = [_gone(each) for key, each in earlier.items() if key not in present]
    both = [(each, earlier[key]) for key, each in present.items() if key in earlier]
    new = [
        f"{_named(each)} is new: {_said(each)}" for k, each in present.items() if k not in earlier
    ]
    said = [line for drill, other in both for line in _said_otherwise(other, drill)]
    weaker = [line for drill, other in both for line in _weakened(other, drill)]
    slower = [line for drill, other in both for line in _slower(other, drill)]
    return [
        *_missing_nights(before, now),
        *gone,
        *said,
        *weaker,
        *new,
        *slower,
        *_versions(before, now),
    ]


def _missing_nights(before: Night, now: Night) -> Iterator[str]:
    if before.began and now.began and (apart := now.began - before.began) > A_NIGHT:
        nights = round(apart / timedelta(days=1)) - 1
        yield f"{nights} {'night is' if nights == 1 else 'nights are'} missing in between"


def _gone(drill: Drill) -> str:
    return f"{_named(drill)} was not run; it reported {_said(drill)}"


def _said_otherwise(before: Drill, now: Drill) -> Iterator[str]:
    if set(before.said) != set(now.said):
        yield f"{_named(now)} reports {_said(now)}; before: {_said(before)}"


def _weakened(before: Drill, now: Drill) -> Iterator[str]:
    yield from (
        f"{_named(now)}: newly weakened: {x}" for x in now.weakened if x not in before.weakened
    )
    yield from (
        f"{_named(now)}: no longer weakened: {x}" for x in before.weakened if x not in now.weakened
    )


def _slower(before: Drill, now: Drill) -> Iterator[str]:
    if now.seconds > max(before.seconds * SLOWER, before.seconds + SECONDS):
        yield f"{_named(now)} took {now.seconds:.1f} s; before: {before.seconds:.1f} s"
    ours, theirs = now.handshake_ms, before.handshake_ms
    if (
        ours is not None
        and theirs is not None
        and ours > max(theirs * SLOWER, theirs + MILLISECONDS)
    ):
        yield f"{_named(now)}: handshake {ours:.0f} ms; before: {theirs:.0f} ms"


def _versions(before: Night, now: Night) -> Iterator[str]:
    for kind, versions in now.versions.items():
        earlier = before.versions.get(kind, ())
        if versions != earlier:
            yield f"{kind}: {', '.join(versions) or 'none'}; before: {', '.join(earlier) or 'none'}"


def _named(drill: Drill) -> str:
    return f"{drill.name} ({drill.api})"


def _said(drill: Drill) -> str:
    return " and ".join(drill.said)
