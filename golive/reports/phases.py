"""The handshake as a picture: its phases, and their share of the budget."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from golive.evidence.record import Evidence, HandshakeTimes

NAMES = {
    "tcp_ms": "TCP connected",
    "server_version_ms": "server version",
    "start_api_ms": "startApi sent",
    "managed_accounts_ms": "managed accounts",
    "next_valid_id_ms": "next valid id",
}
BUDGET = 1.0
"""Seconds, where the evidence does not say: the default of HandshakeBudgetSeconds."""


@dataclass(frozen=True, slots=True)
class Phase:
    """`at` is milliseconds since the start of the connect, None where it was not reached.

    `left` and `width` are percentages of the time until the last phase that was.
    """

    name: str
    at: float | None
    left: float = 0.0
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Phases:
    """`used` and `limit` are percentages of the picture's width: the handshake's, the budget's."""

    phases: tuple[Phase, ...]
    budget: float
    last: float
    is_complete: bool
    used: float
    limit: float

    @property
    def is_over(self) -> bool:
        return self.last > self.budget


def of(found: Evidence) -> Phases | None:
    """None where no phase was reached."""
    times = [(name, _time(found.handshake, key)) for key, name in NAMES.items()]
    reached = [ms for _, ms in times if ms is not None]
    if not reached:
        return None
    budget, last = budget_ms(found), max(reached)
    widest = max(budget, last) * (1.0 if last <= budget else 1.08)
    return Phases(
        phases=tuple(_phases(times, last)),
        budget=budget,
        last=last,
        is_complete=len(reached) == len(times),
        used=100 * last / widest,
        limit=100 * budget / widest,
    )


def budget_ms(found: Evidence) -> float:
    seconds = found.circumstances.settings.get("GoLive.HandshakeBudgetSeconds", BUDGET)
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return 1000 * (seconds if is_number and 0 < seconds < 1e9 else BUDGET)


def _time(times: HandshakeTimes, key: str) -> float | None:
    ms: float | None = getattr(times, key)
    return ms if ms is not None and 0 <= ms < 1e9 else None


def _phases(times: list[tuple[str, float | None]], last: float) -> Iterator[Phase]:
    """In the order in which they were reached, each from where the one before it ended."""
    before = 0.0
    for name, at in sorted(times, key=lambda each: math.inf if each[1] is None else each[1]):
        if at is None:
            yield Phase(name, None)
        else:
            whole = last or 1.0
            yield Phase(name, at, 100 * before / whole, 100 * (at - before) / whole)
            before = at
