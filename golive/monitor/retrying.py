"""AutoReconnect: when one more attempt may be made, and when no more is.

Fast retries cause the trouble they try to cure. After a failed attempt the cool-down holds always;
and a connection that did not last as long as that has failed as well. However short the settings'
times are: what does not last a minute has failed, and each failure in a row is waited for longer,
by whichever process (`golive.discipline.rules`).
"""

from __future__ import annotations

from golive.discipline.rules import least_wait
from golive.kit.clock import Clock
from golive.settings.model import Settings

MOST_FAILURES = 5
"""So many failed attempts in a row, and somebody must look."""

LASTING_SECONDS = 60.0
"""A connection that is lost sooner has failed, whatever the cool-down is."""

LONGEST_SECONDS = 7 * 86_400.0
"""How long a gateway that does not come back is waited for: a login lasts a week."""

LOOK_SECONDS = 1.0
"""At least so long between two looks whether an attempt may be made."""


class Retrying:
    """The rules for the attempts after the first. Moments are of the monotonic clock."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._delay = settings.credentials.reconnect_delay_seconds
        self._cooldown = settings.golive.retry_cooldown_seconds
        self._failures, self._lost_at = 0, clock.monotonic()
        self.due_at = self._lost_at
        """Before that no attempt is made, nor looked for what is in its way."""

    def has_lasted(self, seconds: float) -> bool:
        """Whether a connection that was there for so long was one that works."""
        return seconds >= max(self._cooldown, LASTING_SECONDS)

    def lost(self, *, in_order: bool) -> None:
        """A connection has ended; in order: a good one that the gateway closed, as it restarts."""
        self._lost_at = self._clock.monotonic()
        self._failures = 0 if in_order else self._failures + 1
        self.due_at = self._lost_at + (self._delay if in_order else self._after_failure)

    def tried(self, *, is_attempt: bool) -> None:
        """In vain: an attempt has failed, or something stood in the way of one."""
        self._failures += is_attempt
        seconds = self._after_failure if is_attempt else max(LOOK_SECONDS, self._delay)
        self.due_at = self._clock.monotonic() + seconds

    @property
    def _after_failure(self) -> float:
        least = least_wait(self._failures).total_seconds()
        return max(self._delay, self._cooldown, least)

    @property
    def given_up(self) -> str:
        """Why no further attempt is made; "" where one may be."""
        if self._failures >= MOST_FAILURES:
            return f"{self._failures} failures in a row; somebody must look"
        if self._clock.monotonic() - self._lost_at >= LONGEST_SECONDS:
            return f"the gateway did not come back within {LONGEST_SECONDS / 86_400:g} days"
        return ""
