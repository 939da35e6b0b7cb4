"""Held connections as the tests use them: on real sockets, and in a time of their own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from golive.client.answers import Handshake
from golive.client.connection import Connection
from golive.client.official_client import Hearing
from golive.client.transport import Closing, PeerClosed
from golive.discipline.attempts import Attempts
from golive.kit.clock import SYSTEM, Clock, SystemClock
from golive.machine.gateway import Gateway
from golive.machine.sockets import SocketTable
from golive.monitor.holding.held import Held
from golive.monitor.holding.requests import Answer, Unanswered
from golive.monitor.holding.watch import Watch
from golive.settings.model import Settings
from tests.support.projects import example_settings

SECONDS = 120.0
"""The bound of every wait: against one that hangs."""


@contextmanager
def held(port: int, clock: Clock = SYSTEM) -> Iterator[Held]:
    """A connection that is held; the test is its owner."""
    connection = Connection("127.0.0.1", port, 10, Attempts(), clock)
    assert connection.open(SECONDS).stopped is None
    holding = Held(connection, clock)
    try:
        yield holding
    finally:
        holding.close()


@contextmanager
def watched(port: int, clock: Clock = SYSTEM, **golive: Any) -> Iterator[Watch]:
    """The same, watched; `golive` are settings."""
    with held(port, clock) as holding:
        gateway = Gateway(port, SocketTable("127.0.0.1"), clock)
        watch = Watch(holding, settings(**golive), gateway, clock)
        yield watch
        watch.close()


def settings(**golive: Any) -> Settings:
    document = example_settings()
    document["GoLive"] |= golive
    return Settings.model_validate(document)


def served(holding: Held | Watch, until: Callable[[], Any], clock: Clock = SYSTEM) -> None:
    """Serves until something holds, for a bounded time."""
    deadline = SYSTEM.monotonic() + SECONDS
    while not until():
        assert SYSTEM.monotonic() < deadline, "it did not come about"
        holding.serve(0.05)


def answer(holding: Held | Watch, asked: Future[Answer]) -> Answer:
    """That of a future, by serving. Raises Unanswered."""
    served(holding, asked.done)
    return asked.result(0)


def code(holding: Held | Watch, asked: Future[Answer]) -> str:
    """Why it was not answered."""
    try:
        return f"answered {answer(holding, asked)}"
    except Unanswered as error:
        return error.code


@contextmanager
def owned(holding: Held | Watch) -> Iterator[None]:
    """Served by a thread of its own until the end of the block."""
    is_over = threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            holding.serve(0.2)

    owner = threading.Thread(target=serve)
    owner.start()
    try:
        yield
    finally:
        is_over.set()
        holding.wake() if isinstance(holding, Held) else holding.held.wake()
        owner.join(SECONDS)
        assert not owner.is_alive()


class Ticking(SystemClock):
    """A thousandth of a second passes at each look: how busy the machine is makes no difference."""

    seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 0.001
        return self.seconds


class HandClock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Simulated:
    """A gateway and the connection to it in a time of its own; it answers until it is mute."""

    clock: HandClock
    latency: float = 0.05
    mute_at: float = float("inf")
    ends_at: float = float("inf")
    handshake: Handshake = field(default_factory=lambda: Handshake(accounts=("U1",)))
    sent: list[tuple[str, float]] = field(default_factory=list)
    coming: list[tuple[float, Callable[[Hearing], None]]] = field(default_factory=list)
    hearing: Hearing | None = None

    def __post_init__(self) -> None:
        self._ends = socket.socketpair()

    def hold(self, hearing: Hearing) -> None:
        self.hearing = hearing

    def fileno(self) -> int:
        return self._ends[0].fileno()

    def send(self, request: Callable[[Any], None], seconds: float) -> None:
        request(self)

    def hear(self, reads: int = 1) -> None:
        assert self.hearing is not None
        if self.clock.seconds >= self.ends_at:
            raise PeerClosed("FIN")
        while self.coming and self.coming[0][0] <= self.clock.seconds:
            _, message = self.coming.pop(0)
            message(self.hearing)

    def close(self) -> Closing:
        for end in self._ends:
            end.close()
        return Closing("us", 0.1)

    # the official client's part

    def reqCurrentTime(self) -> None:  # noqa: N802
        earlier = [at for name, at in self.sent if name == "time"]
        is_dropped = bool(earlier) and self.clock.seconds - earlier[-1] < 1
        self._sent("time", [] if is_dropped else [lambda hearing: hearing.current_time(1)])

    def reqPositions(self) -> None:  # noqa: N802
        self._sent("positions", [lambda hearing: hearing.position_end()])

    def cancelPositions(self) -> None:  # noqa: N802
        self._sent("cancel positions", [])

    def reqAccountSummary(self, number: int, group: str, tags: str) -> None:  # noqa: N802
        self._sent("summary", [lambda hearing: hearing.summary_end(number)])

    def cancelAccountSummary(self, number: int) -> None:  # noqa: N802
        self._sent("cancel summary", [])

    def _sent(self, name: str, answers: list[Callable[[Hearing], None]]) -> None:
        self.sent.append((name, self.clock.seconds))
        if self.clock.seconds < self.mute_at:
            self.coming += [(self.clock.seconds + self.latency, each) for each in answers]
            self.coming.sort(key=lambda each: each[0])


class SimulatedHeld(Held):
    """Waits by letting the simulated time pass, up to the next thing that comes."""

    def __init__(self, gateway: Simulated) -> None:
        super().__init__(gateway, gateway.clock)  # type: ignore[arg-type]
        self._gateway = gateway

    def _wait(self, seconds: float) -> None:
        now = self._gateway.clock.seconds
        comes = [at - now for at, _ in self._gateway.coming[:1]]
        self._gateway.clock.sleep(max(0.001, min([seconds, *comes])))


@dataclass
class Sockets:
    """What a watch sees of a gateway that is simulated: our own, once the gateway has closed."""

    gateway: Simulated
    number: int = 4001
    port_if_seen: None = None

    @property
    def zombies(self) -> list[str]:
        has_closed = self.gateway.clock.seconds >= self.gateway.ends_at
        return ["our own"] if has_closed and self.gateway.fileno() != -1 else []


@contextmanager
def simulated(gateway: Simulated, **golive: Any) -> Iterator[Watch]:
    """A watch over it, in its time."""
    holding = SimulatedHeld(gateway)
    watch = Watch(holding, settings(**golive), Sockets(gateway), gateway.clock)  # type: ignore[arg-type]
    try:
        yield watch
    finally:
        watch.close()
