"""A fake gateway for your own tests: `with FakeGateway() as gateway:` and `gateway.port`."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from fake_ib_gateway.answering.gateway import Gateway
from fake_ib_gateway.answering.login import MAX_CLIENTS, ApiSettings
from fake_ib_gateway.answering.pacing import MESSAGES_PER_SECOND
from fake_ib_gateway.faults.shared.fault import Fault
from fake_ib_gateway.faults.shared.named import named
from fake_ib_gateway.protocol.messages import NEWEST, OLDEST
from fake_ib_gateway.replay.gateway import replayed
from fake_ib_gateway.replay.recording import read
from fake_ib_gateway.serving.foreground import Plan
from fake_ib_gateway.serving.running import Event, InProcess, InThread, Running
from fake_ib_gateway.world.book import ACCOUNT, OPEN_POSITIONS, Book, Position, options_book

POLL_SECONDS = 0.01


class FakeGateway:
    """A gateway that runs for the length of a `with` block.

    `positions` are rows, or the number of rows of a plausible options account. `faults` are names
    as on the command line (`"slow=2.5"`) or objects from `fake_ib_gateway.faults`. The gateway
    runs in a thread, or with `process` in a process of its own, so that socket tables show the two
    sides apart. `replay` is a file that `fake-ib-gateway record` wrote: it is played instead, at
    its own server version.

    Raises ValueError for an unsupported server version, an unknown fault
    (faults.shared.named.UnknownFault) or a damaged recording (replay.recording.RecordingError),
    and OSError if it cannot start.
    """

    def __init__(
        self,
        positions: int | Sequence[Position] = OPEN_POSITIONS,
        *,
        account: str = ACCOUNT,
        faults: Sequence[str | Fault] = (),
        server_version: int = NEWEST,
        port: int = 0,
        settings: ApiSettings | None = None,
        max_clients: int = MAX_CLIENTS,
        messages_per_second: int = MESSAGES_PER_SECOND,
        seconds_between_times: float = 1.0,
        settings_dir: Path | None = None,
        log: Path | None = None,
        replay: Path | None = None,
        process: bool = False,
    ) -> None:
        if not OLDEST <= server_version <= NEWEST:
            raise ValueError(
                f"server version {server_version} is not supported; use {OLDEST} to {NEWEST}"
            )
        limits: dict[str, Any] = {
            "settings": settings or ApiSettings(),
            "max_clients": max_clients,
            "messages_per_second": messages_per_second,
            "seconds_between_times": seconds_between_times,
        }
        if replay is None:
            gateway = Gateway((_book(account, positions),), server_version, **limits)
        else:
            gateway = replayed(read(replay), **limits)
        self._plan = Plan(
            gateway,
            [named(each) if isinstance(each, str) else each for each in faults],
            port=port,
            log=None if log is None else str(log),
            settings_dir=settings_dir,
        )
        self._in_process = process
        self._running: Running | None = None
        self._forgotten: int
        """How many events there were before the last reset."""
        self.host, self.port = self._plan.host, port

    def __enter__(self) -> Self:
        if self._running is not None:
            raise RuntimeError("this fake gateway is already running")
        self._forgotten = 0
        gateway = copy.copy(self._plan.gateway)
        gateway.client_ids, gateway.orders_received = set(), 0
        plan = replace(self._plan, gateway=gateway)
        self._running = InProcess(plan) if self._in_process else InThread(plan)
        self.port = self._running.port
        return self

    def __exit__(self, *_: object) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.stop()

    def become(self, *faults: str) -> None:
        """Switches to these faults and no others; `become("healthy")` ends them all."""
        self._perform("become", *faults)

    def drop_everyone(self) -> None:
        """Closes every connection without a message."""
        self._perform("drop")

    def add_zombies(self, count: int = 3) -> None:
        """Adds CLOSE_WAIT sockets on the port, which stay until a restart."""
        self._perform("zombies", count)

    def stop_accepting(self) -> None:
        """Leaves connections in the accept queue, until `accept()`."""
        self._perform("stop-accepting")

    def accept(self) -> None:
        """Accepts connections again."""
        self._perform("accept")

    def restart(self, seconds: float = 0.0) -> None:
        """Stops, and is back on the same port after this time; returns when it is back."""
        self._perform("restart", seconds, seconds=seconds)

    def say(self, code: int) -> None:
        """Sends all clients a notice: 1100, 1101, 1102, 1300, 2110, 2103 to 2106, ..."""
        self._perform("say", code)

    def hold(self, symbol: str, quantity: int | str) -> None:
        """Changes a position to this quantity; clients that asked for positions are told."""
        self._perform("hold", symbol, quantity)

    def reset(self) -> None:
        """Restores the state at the start, with nobody connected and nothing counted."""
        self._perform("reset")
        self._forgotten = len(self._events())

    @property
    def state(self) -> dict[str, Any]:
        """`port`, `connections`, `client_ids`, `zombies`, `orders_received`, `up_seconds`."""
        return self._perform("state")

    @property
    def orders_received(self) -> int:
        """How many requests to place, change or cancel an order arrived. All were refused."""
        return int(self.state["orders_received"])

    @property
    def events(self) -> list[Event]:
        """What happened, in order: `{"event": "received", "message": "REQ_POSITIONS", ...}`."""
        return self._events()[self._forgotten :]

    @property
    def received(self) -> list[str]:
        """The names of the messages that clients sent."""
        return [each["message"] for each in self.events if each["event"] == "received"]

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        return len([each for each in self.events if each["event"] == "connected"])

    def wait_for(self, event: str, count: int = 1, seconds: float = 10.0) -> None:
        """Waits for the count-th event of this name. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while len([each for each in self.events if each["event"] == event]) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"fewer than {count} {event!r} events within {seconds:g} s")
            time.sleep(POLL_SECONDS)

    def _events(self) -> list[Event]:
        return self._now_running.events()

    def _perform(self, *words: object, seconds: float = 0.0) -> dict[str, Any]:
        return self._now_running.perform(" ".join(map(str, words)), seconds)

    @property
    def _now_running(self) -> Running:
        if self._running is None:
            raise RuntimeError("the fake gateway runs only inside its `with` block")
        return self._running


def _book(account: str, positions: int | Sequence[Position]) -> Book:
    if isinstance(positions, int):
        return options_book(account, positions)
    return Book(account, tuple(positions))
