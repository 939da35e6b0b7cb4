"""The gateway as seen from outside, without ever connecting to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from golive.kit.clock import SYSTEM, Clock, let_pass
from golive.machine import dialled_for, forwarders, processes, sockets, tcp_info
from golive.machine.listener import Listener
from golive.machine.sockets import Port, Socket, SocketTable
from golive.settings.model import PORTS

LOOK_AGAIN_SECONDS = 1.0
QUEUE_LOOKS, QUEUE_LOOK_SECONDS = 10, 0.1
CLOSING_SECONDS, CLOSING_LOOK_SECONDS = 2.0, 0.05


@dataclass(frozen=True, slots=True)
class Uptime:
    """How long the listener's process has been up, and how much of that was waited for here.

    `process` is None where it cannot be read (the gateway runs as another user): the time then
    counts from when the listener was first seen. `is_same` turns false when the listener went away
    or was replaced during the wait. `listener` is who it was.
    """

    seconds: float
    waited_seconds: float
    process: processes.Process | None
    is_same: bool
    listener: Listener = field(default_factory=Listener)


class Gateway:
    """What listens on the configured port, or does not."""

    def __init__(
        self,
        port: int,
        table: SocketTable,
        clock: Clock = SYSTEM,
        queue: Callable[[int], int] = sockets.accept_queue,
        process: Callable[[int], processes.Process | None] = processes.process,
    ) -> None:
        self.number = port
        self._table, self._clock, self._queue, self._process = table, clock, queue, process
        self._dialled: Socket | None = None
        self._named: dict[Listener, str] = {}

    @property
    def port(self) -> Port:
        """The port now, as far as this machine shows it. Raises sockets.NotObservable."""
        port = self._table.on(self.number)
        is_asked = any(each.local_ip == "::" for each in port.listeners)
        return replace(port, v6_only=True) if is_asked and _is_v6_only(self.number) else port

    def as_far_as_told(self, port: Port | None) -> Port | None:
        """What was seen of it, if that tells of its zombies; None behind a forwarder without one
        of its own.
        """
        try:
            if port and not port.close_wait:
                self._look_behind(port)
        except sockets.NotObservable:
            return None
        return port

    @property
    def port_if_seen(self) -> Port | None:
        """The same; None where it is not observable."""
        return sockets.if_observable(lambda: self.port)

    @property
    def listeners(self) -> list[Socket]:
        """Who listens. Raises sockets.NotObservable, as all below, for what is behind a forwarder:
        that one accepts even where its gateway is down.
        """
        self._look_behind(port := self.port)
        return port.listeners

    def address(self) -> str | None:
        """Where to connect: the first of the host's addresses at which something listens.

        None where that is not seen, or nobody listens.
        """
        return sockets.if_observable(lambda: self.port.address)

    @property
    def zombies(self) -> list[Socket]:
        """What is in CLOSE_WAIT; a forwarder's own count as well."""
        port = self.port
        return self._whole(port, port.close_wait)

    def lasting_zombies(self, seconds: float = CLOSING_SECONDS) -> list[Socket]:
        """Those that stay: after a client leaves, its socket is in CLOSE_WAIT for a moment."""
        end = self._clock.monotonic() + seconds
        while (found := self.zombies) and self._clock.monotonic() < end:
            self._clock.sleep(CLOSING_LOOK_SECONDS)
        return found

    @property
    def clients(self) -> list[Socket]:
        """Who is connected, also to a forwarder."""
        port = self.port
        return self._whole(port, port.clients)

    def _whole(self, port: Port, seen: list[Socket]) -> list[Socket]:
        """What is seen counts. Seeing nothing counts only if everything could be seen."""
        if not seen:
            self._look_behind(port)
        return seen

    @property
    def other_listeners(self) -> tuple[int, ...]:
        """Which of the four known ports listen besides this one; none where that is not seen."""
        others = (number for number in PORTS if number != self.number)
        found = sockets.if_observable(lambda: [n for n in others if self._table.on(n).listeners])
        return tuple(found or ())

    @property
    def kind(self) -> forwarders.Kind:
        """What listens, as far as its program's name tells."""
        listener = self.process()
        return forwarders.kind(listener.name) if listener else "unknown"

    @property
    def listener(self) -> Listener:
        """Who listens, to be recognised later. Raises sockets.NotObservable."""
        return Listener.of(port := self.port, self.process(port))

    def is_still(self, before: Listener | None) -> bool:
        """Whether somebody listens, and is who it was before. Raises sockets.NotObservable."""
        port = self.port
        if not port.listeners:
            return False
        return Listener.of(port, self.process(port)).is_same_as(before or Listener())

    def watch_it_dial(self, before: Port | None) -> None:
        """To be called while we are connected: who dials a neighbour for us is a forwarder.

        `before` is the port as it was before that; None where it could not be seen.
        """
        with suppress(sockets.NotObservable):
            now = self.port
            dialled = now.dialled_since(before) if before else []
            ours = [each for each in now.clients if each.pid == os.getpid()]
            self._dialled = next(iter(dialled_for.us(dialled, ours)), None)

    def _look_behind(self, port: Port) -> None:
        """Raises sockets.NotObservable if a forwarder listens, for example for a container."""
        listener = self.process(port)
        what = f"{listener.name}, pid {listener.pid}," if listener else "the listening program"
        behind = "the gateway's own sockets are behind it and cannot be observed"
        if listener and forwarders.kind(listener.name) == "forwarder":
            raise sockets.NotObservable(f"{what} only forwards port {self.number}: {behind}")
        if listener is None and (named := self._named_as_forwarder(port)):
            raise sockets.NotObservable(f"{what} may be {named}: {behind}")
        if self._dialled:
            to = f"{self._dialled.remote_ip}:{self._dialled.remote_port}"
            raise sockets.NotObservable(f"{what} connected to {to} when golive connected: {behind}")

    def _named_as_forwarder(self, port: Port) -> str:
        """Which forwarder it may be, if its process cannot be seen; looked up once a listener."""
        listener = Listener.of(port, None)
        if listener not in self._named:
            users = {uid for _, uid in listener.sockets}
            self._named[listener] = forwarders.serving(self.number, users)
        return self._named[listener]

    def accept_queue(self) -> int:
        """Connections that wait to be accepted; another client's passes within a moment.

        Raises sockets.NotObservable where the platform does not show it.
        """
        self._look_behind(self.port)
        waiting = self._queue(self.number)
        for _ in range(QUEUE_LOOKS):
            if waiting == 0:
                break
            self._clock.sleep(QUEUE_LOOK_SECONDS)
            waiting = self._queue(self.number)
        return waiting

    def glance(self) -> tuple[int | None, int | None]:
        """Zombies, and the accept queue, at one look; None for what is out of sight.

        For who is connected: our own end of what the gateway has just closed is no zombie.
        """
        try:
            zombies = [each for each in self.zombies if each.pid != os.getpid()]
        except sockets.NotObservable:
            return None, None
        return len(zombies), sockets.if_observable(lambda: self._queue(self.number))

    def wait_until_initialized(
        self,
        seconds: float,
        tell: Callable[[float], None] = lambda left: None,
        logged_in: datetime | None = None,
    ) -> Uptime:
        """Waits until the gateway has been up this long; `tell` hears how many seconds are left.

        Its time counts from the start of its process, or from the login where that is known.
        Never waits longer than `seconds` in all, whatever the clocks say. A gateway that cannot be
        seen is given all of them; then sockets.NotObservable is raised.
        """
        try:
            self._look_behind(self.port)
        except sockets.NotObservable as error:
            let_pass(self._clock, seconds, tell, LOOK_AGAIN_SECONDS)
            raise sockets.NotObservable(f"{error}; golive waited {seconds:g} s instead") from None
        first_seen, begin = self._clock.now(), self._clock.monotonic()
        port = self.port
        process = self.process(port)
        before = Listener.of(port, process)
        started = process.started if process else first_seen
        started = counts_from(started, logged_in, first_seen)
        up_before = max(0.0, (first_seen - started).total_seconds())
        while True:
            waited = self._clock.monotonic() - begin
            up = up_before + waited  # whatever the clock is set to meanwhile
            is_same, untold = self._is_still_as_far_as_told(before)
            left = min(seconds - up, seconds - waited)
            if left <= 0 or not is_same:
                if untold:
                    raise untold
                return Uptime(
                    round(max(up, waited), 3),
                    round(waited, 3),
                    process,
                    is_same,
                    before,
                )
            tell(left)
            self._clock.sleep(min(left, LOOK_AGAIN_SECONDS))

    def _is_still_as_far_as_told(
        self, before: Listener
    ) -> tuple[bool, sockets.NotObservable | None]:
        """What cannot be seen is waited for as if it were the same, and raised at the end."""
        try:
            return self.is_still(before), None
        except sockets.NotObservable as error:
            return True, error

    def started(self) -> datetime | None:
        """Since when the gateway's process has been up.

        None where that is not told, or out of sight behind a forwarder.
        """
        try:
            self._look_behind(port := self.port)
            found = self.process(port)
        except sockets.NotObservable:
            return None
        return found.started if found else None

    def process_if_seen(self) -> processes.Process | None:
        """The process that listens; None also where the port is not observable."""
        return sockets.if_observable(self.process)

    def process(self, port: Port | None = None) -> processes.Process | None:
        """The youngest process that listens, as far as this user may know; now, or at a look.

        Of several listeners it is that of the one that takes our connection.
        """
        pids = {each.pid for each in (port or self.port).serving if each.pid}
        known = [found for pid in pids if (found := self._process(pid))]
        return max(known, key=lambda each: each.started, default=None)


def counts_from(started: datetime, logged_in: datetime | None, now: datetime) -> datetime:
    """From when a gateway's time to initialize counts: its login, where that came later."""
    if logged_in is not None and started < logged_in <= now:
        return logged_in
    return started


def _is_v6_only(port: int) -> bool:
    """Of who listens on `::`; one of which it is not told takes IPv4 as well, as most do."""
    return bool(sockets.if_observable(lambda: tcp_info.is_v6_only(port)))
