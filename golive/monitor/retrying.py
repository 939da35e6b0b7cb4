"""AutoReconnect: when to try again, and when to give up.

Retrying fast causes the trouble that it tries to cure. So there are two waits:

- After a healthy connection: ReconnectDelaySeconds.
- After a failure: ReconnectDelaySeconds or the cool-down, whichever is longer, and at least the
  back-off, which grows with each failure in a row (`golive.discipline.rules`).

A connection is healthy if it lasted for at least a minute and for at least the cool-down. A shorter
one is a failure, however short the settings' times are. Failures of other processes count too.
"""

from __future__ import annotations

from golive.discipline.rules import least_wait
from golive.kit.clock import Clock
from golive.settings.model import Settings

MOST_FAILURES = 5
"""After this many failures in a row it gives up: a person must look."""

LASTING_SECONDS = 60.0
"""A connection that is lost sooner is a failure, whatever the cool-down is."""

LONGEST_SECONDS = 7 * 86_400.0
"""How long to wait for a gateway that does not come back: a login lasts a week."""

LOOK_SECONDS = 1.0
"""The shortest time between two checks whether an attempt is allowed."""


class Retrying:
    """The rules for every attempt after the first. Times are of the monotonic clock."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._delay = settings.credentials.reconnect_delay_seconds
        self._cooldown = settings.golive.retry_cooldown_seconds
        self._failures, self._lost_at = 0, clock.monotonic()
        self.due_at = self._lost_at
        """Until then nothing is tried or checked."""

    def has_lasted(self, seconds: float) -> bool:
        """Whether a connection of this length counts as healthy."""
        return seconds >= max(self._cooldown, LASTING_SECONDS)

    def lost(self, *, in_order: bool) -> None:
        """A connection has ended. `in_order`: it was healthy and the gateway closed it, as it does
        when it restarts.
        """
        self._lost_at = self._clock.monotonic()
        self._failures = 0 if in_order else self._failures + 1
        self.due_at = self._lost_at + (self._delay if in_order else self._after_failure)

    def tried(self, *, is_attempt: bool) -> None:
        """An attempt failed, or was not allowed yet."""
        self._failures += is_attempt
        seconds = self._after_failure if is_attempt else max(LOOK_SECONDS, self._delay)
        self.due_at = self._clock.monotonic() + seconds

    @property
    def _after_failure(self) -> float:
        least = least_wait(self._failures).total_seconds()
        return max(self._delay, self._cooldown, least)

    @property
    def given_up(self) -> str:
        """Why it stops trying; "" as long as it goes on."""
        if self._failures >= MOST_FAILURES:
            return f"{self._failures} failures in a row; find the cause first"
        if self._clock.monotonic() - self._lost_at >= LONGEST_SECONDS:
            return f"the gateway did not come back within {LONGEST_SECONDS / 86_400:g} days"
        return ""
