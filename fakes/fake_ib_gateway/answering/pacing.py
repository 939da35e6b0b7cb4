"""How many messages a client may send in a second, and what becomes of one that sends more.

The documented limit is 50 a second; above it a message is refused with error 100, which counts the
breaches in brackets, and the third breach ends the connection. A client that offers the connect
option `PACEAPI` is slowed down instead.
"""

from __future__ import annotations

from dataclasses import dataclass

MESSAGES_PER_SECOND = 50
BREACHES = 3


@dataclass(slots=True)
class Pacing:
    """One connection's count, second by second; a limit of 0 is none."""

    limit: int = MESSAGES_PER_SECOND
    received: int = 0
    """In the second that is counted now."""
    breaches: int = 0
    """Seconds with more than the limit."""
    _second_began: float = float("-inf")

    def is_too_fast(self, now: float) -> bool:
        """Counts one message at `now` (seconds)."""
        if not 0 <= now - self._second_began < 1:
            self._second_began, self.received = now, 0
        self.received += 1
        if self.limit and self.received == self.limit + 1:
            self.breaches += 1
        return bool(self.limit) and self.received > self.limit

    def seconds_left(self, now: float) -> float:
        """Until the next second begins."""
        return max(0.0, self._second_began + 1 - now)
