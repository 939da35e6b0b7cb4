"""One attempt: a run opens one connection to the gateway's port, and never a second one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from golive.discipline import elapsed
from golive.discipline.journal import BEGUN, GO, Entry, Journal
from golive.kit.clock import SYSTEM, Clock
from golive.kit.text import counted
from golive.machine import sockets


class AttemptRefused(Exception):
    """The attempt would break a rule of the procedure. Nothing was connected."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One connection to the gateway port."""

    host: str
    port: int
    client_id: int
    begun: datetime
    gateway_started: datetime | None = None
    address: str | None = None
    """The one of the host's addresses at which the gateway was seen to listen."""


@dataclass(slots=True)
class Attempts:
    """The attempts of this run. A second one is refused, whatever became of the first.

    With a journal, an attempt is recorded under the name of the run before anything is connected.
    `zombies` counts those on the port once more at the last moment, because the wait for the
    gateway may have been long. `address` is where the gateway listens then; None: not observed.
    """

    clock: Clock = SYSTEM
    journal: Journal | None = None
    run: str = ""
    override: str | None = None
    gateway_started: Callable[[], datetime | None] = lambda: None
    zombies: Callable[[], int] = lambda: 0
    address: Callable[[], str | None] = lambda: None
    forbidden: Callable[[], str] = lambda: ""
    """What rules an attempt out at the last moment, in words."""
    made: list[Attempt] = field(default_factory=list)
    unremembered: str = ""
    """Why it could not be recorded, so that it was not made."""
    not_made: str = ""
    """What ruled it out at the last moment."""
    outcome: str | None = None
    """What became of the attempt, once that is remembered."""
    was_good: bool = False
    """Whether it was GO, or its connection is kept and was so at first."""
    failing_since: datetime | None = None
    """When it began; if it was good at first, when it ceased to be."""

    def begin(self, host: str, port: int, client_id: int) -> Attempt:
        """Raises AttemptRefused, also where it cannot be remembered, and what `zombies` raises."""
        if self.made:
            raise AttemptRefused(
                f"an attempt was made at {self.made[0].begun:%H:%M:%S} UTC; a run makes only one"
            )
        self.refuse_forbidden()
        if zombies := self.zombies():
            raise AttemptRefused(
                f"{counted(zombies, 'zombie')} (CLOSE_WAIT) on port {port};"
                " restart the gateway first"
            )
        attempt = Attempt(
            host, port, client_id, self.clock.now(), self.gateway_started(), self.address()
        )
        try:
            self._remember(attempt, attempt.begun, BEGUN)
        except OSError as error:
            where = self.journal.path if self.journal else ""
            self.unremembered = f"{where}: {error.strerror}" if error.strerror else str(error)
            raise AttemptRefused(
                f"the attempt cannot be recorded: {self.unremembered}"
                " (GOLIVE_STATE can name another folder)"
            ) from error
        self.made.append(attempt)
        self.failing_since = attempt.begun
        return attempt

    def refuse_forbidden(self) -> None:
        """Raises AttemptRefused if something rules an attempt out."""
        if why := self.forbidden():
            self.not_made = why
            raise AttemptRefused(f"no attempt was made: {why}")

    def keep(self) -> None:
        """Its connection is kept; it succeeds only once that has ended in order.

        Nothing is remembered, so that for whoever comes after a `kill -9` it has failed.
        """
        self.was_good, self.failing_since = True, None

    def end(self, outcome: str, zombies: int | None) -> None:
        """Remembers what became of the attempt, if one was made: once, but a bad end after a good
        one as well. Raises OSError.
        """
        is_known = self.outcome is not None and (self.outcome, outcome == GO) != (GO, False)
        if not self.made or is_known:
            return
        now = self.clock.now()
        self._remember(self.made[-1], now, outcome, zombies)
        self.outcome = outcome
        if outcome == GO:
            self.was_good, self.failing_since = True, None
        elif self.was_good:
            self.failing_since = now

    def _remember(
        self, attempt: Attempt, time: datetime, outcome: str, zombies: int | None = None
    ) -> None:
        if self.journal is not None:
            boot, uptime = elapsed.since_boot(self.clock)
            self.journal.append(
                Entry(
                    time=time,
                    boot=boot,
                    uptime=uptime,
                    run=self.run,
                    endpoint=endpoint(attempt.host, attempt.port),
                    client_id=attempt.client_id,
                    outcome=outcome,
                    gateway_started=attempt.gateway_started,
                    zombies=zombies,
                    override=self.override,
                )
            )


def endpoint(host: str, port: int) -> str:
    """How an endpoint is named where it is remembered: `127.0.0.1:4001`.

    Every address of this machine is the same one. The name of another stands for its first address.
    """
    ips = sockets.addresses(host)
    if sockets.are_here(ips):
        return f"127.0.0.1:{port}"
    ip = ips[0] if ips else host.casefold()
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
