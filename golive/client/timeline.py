"""What happened over a connection, and how long after the TCP connect was begun."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from golive.client.answers import Event
from golive.kit.clock import SYSTEM, Clock

MOST_EVENTS = 50
"""Events of one name that are shown: a gateway may repeat itself without end."""


class Timeline:
    """Keeps when each thing happened first; `listen` hears of it as it happens."""

    def __init__(
        self, clock: Clock = SYSTEM, listen: Callable[[Event], None] = lambda event: None
    ) -> None:
        self._clock, self._listen = clock, listen
        self._begin = 0.0
        self._times: dict[str, float] = {}
        self._told: Counter[str] = Counter()

    def begin(self) -> float:
        """Starts to count; the moment (monotonic seconds)."""
        self._begin = self._clock.monotonic()
        return self._begin

    @property
    def elapsed_ms(self) -> float:
        """Since it began."""
        return round((self._clock.monotonic() - self._begin) * 1000, 3)

    def happened(self, name: str, detail: str = "") -> None:
        elapsed = self.elapsed_ms
        self._times.setdefault(name, elapsed)
        self._told[name] += 1
        if self._told[name] == MOST_EVENTS:
            detail = "too many of these; the rest are not shown"
        if self._told[name] <= MOST_EVENTS:
            self._listen(Event(name, detail, self._clock.now(), elapsed))

    def first(self, name: str) -> float | None:
        """When it happened first, in milliseconds; None where it has not."""
        return self._times.get(name)

    def forget(self, name: str) -> None:
        """As if it had not happened: its time counts anew."""
        self._times.pop(name, None)
