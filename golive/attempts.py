"""One attempt: a connection to the gateway's port is begun once, and never again in a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from golive.clock import SYSTEM, Clock


class AttemptRefused(Exception):
    """The attempt would break a rule of the procedure. Nothing was connected."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One connection to the gateway port."""

    host: str
    port: int
    client_id: int
    begun: datetime


@dataclass(slots=True)
class Attempts:
    """The attempts of this run. A second one is refused, whatever became of the first."""

    clock: Clock = SYSTEM
    made: list[Attempt] = field(default_factory=list)

    def begin(self, host: str, port: int, client_id: int) -> Attempt:
        """Raises AttemptRefused."""
        if self.made:
            raise AttemptRefused(
                f"one attempt was made at {self.made[0].begun:%H:%M:%S} UTC; a run makes no second"
            )
        attempt = Attempt(host, port, client_id, self.clock.now())
        self.made.append(attempt)
        return attempt
