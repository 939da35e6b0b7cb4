"""What is on the port besides the clients that connect: zombies, a queue, other programs' clients.

Where nothing listens, also the gateway's own process, which waits for its login. All of them are
real sockets and processes.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fake_ib_gateway.serving import another_client, listening, waiting_gateway

SECONDS = 10.0
"""The bound of every wait for the kernel or for a process."""


@dataclass(slots=True)
class OtherConnections:
    """Those of one port, until `leave`; `port` is where the gateway listens."""

    host: str
    port: int
    zombies: list[socket.socket] = field(default_factory=list)
    _expected: dict[Any, asyncio.Event] = field(default_factory=dict)
    _queue: list[socket.socket] = field(default_factory=list)
    _programs: list[subprocess.Popen[bytes]] = field(default_factory=list)

    async def add_zombies(self, count: int, accepted: bool) -> None:
        """Connections whose client has left; they are in CLOSE_WAIT until somebody closes them.

        If the gateway does not accept, they stay in its queue.
        """
        for _ in range(count):
            dial, taken = listening.Dial(self.host, self.port), asyncio.Event()
            if accepted:
                self._expected[dial.source] = taken
            (await asyncio.to_thread(dial.connected)).close()
            if accepted:
                await asyncio.wait_for(taken.wait(), SECONDS)

    def takes(self, accepted: socket.socket, peer: Any) -> bool:
        """Keeps an accepted socket if it is one that becomes a zombie."""
        taken = self._expected.pop(peer[:2], None)
        if taken is None:
            return False
        self.zombies.append(accepted)
        taken.set()
        return True

    async def add_to_queue(self, count: int) -> None:
        """Adds connections that wait to be accepted."""
        for _ in range(count):
            dial = listening.Dial(self.host, self.port)
            self._queue.append(await asyncio.to_thread(dial.connected))

    async def add_program(self, client_id: int) -> None:
        """Starts a process that connects as a client with this id.

        Raises OSError if the gateway does not answer it.
        """
        words = [another_client.__file__, listening.reachable(self.host), self.port, client_id]
        program = subprocess.Popen(
            [sys.executable, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._programs.append(program)
        assert program.stdout is not None
        if not await asyncio.to_thread(program.stdout.readline):
            raise OSError(f"another program's client {client_id} gets no answer")

    async def add_gateway(self, settings_directory: Path) -> None:
        """Starts a process that looks like a gateway by its command line but does not listen."""
        words = [waiting_gateway.__file__, f"-DjtsConfigDir={settings_directory.resolve()}"]
        program = subprocess.Popen(
            [sys.executable, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._programs.append(program)
        assert program.stdout is not None
        await asyncio.to_thread(program.stdout.readline)

    def leave(self, zombies: bool = True) -> None:
        """Closes every socket and ends every process; without `zombies`, all but the zombies."""
        for each in (*(self.zombies if zombies else ()), *self._queue):
            each.close()
        for program in self._programs:
            _end(program)
        if zombies:
            self.zombies.clear()
        self._queue.clear()
        self._programs.clear()


def _end(program: subprocess.Popen[bytes]) -> None:
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.close()
    try:
        program.wait(SECONDS)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait(SECONDS)
    program.stdout.close()
