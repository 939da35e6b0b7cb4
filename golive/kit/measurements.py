"""Figures of what goes on for long, in a memory that does not grow with it."""

from __future__ import annotations

import math
from collections import Counter
from typing import Generic, TypeVar

Each = TypeVar("Each")

STEP = 1.01
"""Latencies are counted in classes that are so much apart: a percentile is off by 1 % at most."""

SHORTEST_MS = 1e-3
SECONDS_OF_AN_HOUR = 3600.0

LONGEST_ANSWER, SHARE = 2.0, 0.9
"""Seconds that a heartbeat may take in any case; how many of those that are due must be there."""


def least_heartbeats(seconds: float, every: float) -> int:
    """Fewer, and the connection was looked after for a part of the time only."""
    return int(SHARE * seconds / max(every, LONGEST_ANSWER))


class Latencies:
    """Milliseconds, each at a moment (seconds): percentiles, the longest, and where they tend."""

    def __init__(self) -> None:
        self._classes: Counter[int] = Counter()
        self._count = 0
        self.longest: float | None = None
        self._at, self._ms, self._spread, self._together = 0.0, 0.0, 0.0, 0.0

    def add(self, at: float, ms: float) -> None:
        ms = max(ms, SHORTEST_MS)
        self._classes[round(math.log(ms, STEP))] += 1
        self.longest = ms if self.longest is None else max(self.longest, ms)
        self._count += 1
        apart = at - self._at  # Welford's way: means, and sums of products about them
        self._at += apart / self._count
        self._ms += (ms - self._ms) / self._count
        self._spread += apart * (at - self._at)
        self._together += apart * (ms - self._ms)

    def percentile(self, percent: float) -> float | None:
        """That which so many of them do not exceed, to 1 %; None where there are none."""
        rank, passed = math.ceil(self._count * percent / 100), 0
        for each in sorted(self._classes):
            passed += self._classes[each]
            if passed >= rank:
                return min(STEP**each, self.longest or 0.0)
        return None

    @property
    def slope_per_hour(self) -> float | None:
        """Of the least squares' line, in milliseconds; None of less than three of them."""
        if self._count < 3 or not self._spread:
            return None
        return self._together / self._spread * SECONDS_OF_AN_HOUR


class Thinned(Generic[Each]):
    """So many at most, evenly spread over all that were added, with the first and the last."""

    def __init__(self, most: int) -> None:
        self._most, self._apart, self._added = most, 1, 0
        self._kept: list[Each] = []
        self._last: list[Each] = []

    def add(self, each: Each) -> None:
        self._last = [each]
        if self._added % self._apart == 0:
            self._kept.append(each)
            if len(self._kept) == self._most:
                self._kept, self._apart = self._kept[::2], self._apart * 2
        self._added += 1

    @property
    def all(self) -> list[Each]:
        """In the order in which they were added."""
        has_last = self._kept[-1:] and self._kept[-1] is self._last[0]
        return [*self._kept, *([] if has_last else self._last)]
