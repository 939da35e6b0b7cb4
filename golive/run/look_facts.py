"""What is seen of a gateway and of this machine at one moment. Nothing is connected or written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Generic, TypeVar

from golive.diagnosis import seen_on_disk
from golive.diagnosis.seen import Seen
from golive.discipline.remembered import Remembered
from golive.kit.clock import Clock
from golive.machine import clock_sync, forwarders, processes, sockets, stale_clients
from golive.machine.gateway import Gateway, counts_from
from golive.machine.on_disk import reading
from golive.machine.processes import Process
from golive.machine.sockets import Socket
from golive.machine.stale_clients import StaleClient
from golive.run import preflight
from golive.run.preflight import Check, Subject
from golive.settings.model import Settings

_VERSION = re.compile(r"(?:ibgateway|tws|jts|IB Gateway )[/\\]?(\d{2})\.?(\d{2})\b", re.IGNORECASE)
"""As the folders of its program are called: `ibgateway/1040`, `IB Gateway 10.40`."""

LISTENING = "gateway.listening"

Checks = Mapping[str, Check]

Value = TypeVar("Value")


@dataclass(frozen=True)
class Told(Generic[Value]):
    """What was seen; `untold` is why it could not be, "" where it was."""

    value: Value | None
    untold: str = ""


def told(look: Callable[[], Value]) -> Told[Value]:
    try:
        return Told(look())
    except sockets.NotObservable as error:
        return Told(None, str(error))


@dataclass(frozen=True)
class Facts:
    """All of it; each fact is looked at once."""

    subject: Subject
    remembered: Remembered
    now: datetime

    @property
    def settings(self) -> Settings:
        return self.subject.file.settings

    @property
    def gateway(self) -> Gateway:
        return self.subject.gateway

    @cached_property
    def listeners(self) -> Told[list[Socket]]:
        return told(lambda: self.gateway.listeners)

    @cached_property
    def zombies(self) -> Told[list[Socket]]:
        return told(lambda: self.gateway.zombies)

    @cached_property
    def clients(self) -> Told[list[Socket]]:
        return told(lambda: self.gateway.clients)

    @cached_property
    def accept_queue(self) -> Told[int]:
        return told(self.gateway.accept_queue)

    @cached_property
    def stale(self) -> Told[list[StaleClient]]:
        return told(lambda: stale_clients.none(self.gateway, self.settings))

    @cached_property
    def process(self) -> Process | None:
        """Who listens, be it a forwarder; None where nobody does, or its process is not told."""
        return self.gateway.process_if_seen()

    @cached_property
    def seen(self) -> Seen:
        """The same for a diagnosis, with what the gateway keeps on this machine's disk."""
        is_shut = self.listeners.value == []
        remembered = self.remembered
        return seen_on_disk.added_to(
            Seen(
                LISTENING if is_shut else "handshake.connect-ack",
                self.settings,
                self.gateway.port_if_seen,
                self.now,
                first_failure=remembered.first_failure,
                discipline=remembered.discipline,
                other_run=remembered.other_run,
                listener=self.process,
                others=tuple(stale_clients.find(self.gateway, self.settings)),
                other_listeners=self.gateway.other_listeners,
            )
        )

    @cached_property
    def synchronized(self) -> bool | None:
        return clock_sync.is_synchronized()

    def version(self, process: Process) -> str:
        """By the folder of its program; "" where that does not tell."""
        found = _VERSION.search(processes.command_line(process, self.settings.secret_words))
        return f"{found[1]}.{found[2]}" if found else ""

    @cached_property
    def wait(self) -> float:
        """How many seconds an attempt would first wait for the gateway to initialize."""
        seconds = self.settings.golive.initialization_seconds
        if self.listeners.value == []:
            return 0
        if self.since is None:
            return seconds
        return max(0.0, seconds - (self.now - self.since).total_seconds())

    @cached_property
    def since(self) -> datetime | None:
        """From when its time to initialize counts; None where that is not told."""
        process = self.process
        if process is None or forwarders.kind(process.name) == "forwarder":
            return None
        login = reading.logged_in(self.settings, self.now)
        return counts_from(process.started, login, self.now)


def of(subject: Subject, remembered: Remembered, clock: Clock) -> Facts:
    return Facts(subject, remembered, clock.now())


def nothing_listens(of: Subject) -> str | None:
    """Why the step about it does not hold."""
    port = of.gateway.number
    is_shut = preflight.nothing_listens(of.file, of.gateway)
    return f"nothing listens on port {port}" if is_shut else None
