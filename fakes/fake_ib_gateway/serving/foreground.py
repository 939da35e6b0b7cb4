"""Runs a gateway until it is asked to stop; for the command line and for a child process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fake_ib_gateway.answering.gateway import Gateway
from fake_ib_gateway.disk.log import Log
from fake_ib_gateway.disk.settings_folder import SettingsDirectory
from fake_ib_gateway.faults.shared.fault import Fault
from fake_ib_gateway.serving import control
from fake_ib_gateway.serving.server import Server


@dataclass(frozen=True, slots=True)
class Plan:
    """What a gateway shall be like when it runs. A `log` of `-` is stderr."""

    gateway: Gateway
    faults: Sequence[Fault] = ()
    host: str = "127.0.0.1"
    port: int = 0
    log: str | None = None
    settings_dir: Path | None = None
    control: int | None = None
    stop_with_stdin: bool = False

    @contextmanager
    def server(self) -> Iterator[Server]:
        """A server, not started yet; its log is closed at the end. Raises OSError."""
        server = Server(self.gateway, self.faults, self.host, self.port)
        if self.settings_dir is not None:
            settings = self.gateway.settings
            server.disk = SettingsDirectory(
                self.settings_dir,
                trusted_ips=settings.trusted_ips,
                master_client_id=settings.master_client_id,
            )
        if self.log is None or self.log == "-":
            server.tellers += [Log(sys.stderr)] if self.log else []
            yield server
            return
        with open(self.log, "a", encoding="utf-8") as file:
            server.tellers.append(Log(file))
            yield server


def run(plan: Plan) -> None:
    """Prints where it listens. Raises OSError if a port or a file is not available."""
    with plan.server() as server, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(server, plan))


def _loop_factory() -> Any:
    """uvloop's if it is installed, otherwise the standard one."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(server: Server, plan: Plan) -> None:
    await server.start()
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    if plan.stop_with_stdin:
        _when_stdin_ends(loop, stop)
    controlled = None
    if plan.control is not None:
        controlled = await control.serve(server, plan.control)
    _announce(server, controlled)
    await stop.wait()
    if controlled is not None:
        controlled.close()
    await server.stop()


def _announce(server: Server, controlled: asyncio.Server | None) -> None:
    state = "listening" if server.listens else "NOT listening, as asked,"
    print(f"fake gateway {state} on {server.host}:{server.port}", flush=True)
    if server.elsewhere is not None:
        host, other = server.elsewhere
        print(f"fake gateway listening instead on {host}:{other}", flush=True)
    if controlled is not None:
        port = controlled.sockets[0].getsockname()[1]
        print(f"fake gateway takes commands on 127.0.0.1:{port}", flush=True)


def _when_stdin_ends(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """The parent holds our stdin, which ends when the parent does, on every platform."""

    def read_to_the_end() -> None:
        with suppress(OSError):  # there is none
            while os.read(0, 65536):  # unbuffered: a buffer's lock would be held when we exit
                pass
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=read_to_the_end, daemon=True).start()
