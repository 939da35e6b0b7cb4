"""The sockets of the fake: it listens, reads, and performs what gateway and faults decide.

Its log is JSON lines, one event each: `time` (UTC), `event`, and what belongs to it. `connected`,
`received`, `sent` and `closed` carry the number of the connection, counted from 1.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from typing import TextIO

from fakes.gateway import wire
from fakes.gateway.faults import Fault
from fakes.gateway.gateway import Burst, Gateway, HangUp, Pause, Raw, Session
from fakes.gateway.messages import Message, read_request

BACKLOG = 128


@dataclass(slots=True)
class Log:
    """JSON lines, each on disk before the next event; or nothing at all."""

    file: TextIO | None = None

    def __call__(self, event: str, **what: object) -> None:
        if self.file is not None:
            line = {"time": datetime.now(UTC).isoformat(), "event": event, **what}
            self.file.write(json.dumps(line) + "\n")
            self.file.flush()


@dataclass(slots=True)
class Server:
    """One fake gateway on one port, from `start()` to `stop()`."""

    gateway: Gateway
    faults: Sequence[Fault] = ()
    host: str = "127.0.0.1"
    port: int = 0
    log: Log = field(default_factory=Log)
    _listener: socket.socket | None = None
    _server: asyncio.Server | None = None
    _kept: list[object] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def start(self) -> None:
        """Binds the port, `self.port` tells which. Raises OSError where that is impossible."""
        self._listener = _bound(self.host, self.port)
        self.port = self._listener.getsockname()[1]
        for fault in self.faults:
            self.gateway.book = fault.book(self.gateway.book)
        if not self.listens:
            return
        self._listener.listen(BACKLOG)
        for fault in self.faults:
            self._kept += (self._zombie() for _ in range(fault.zombies))
            self._kept += (self._dial() for _ in range(fault.queued))
        if all(fault.accepts for fault in self.faults):
            self._server = await asyncio.start_server(self._serve, sock=self._listener)
        self.log("listening", host=self.host, port=self.port)

    @property
    def listens(self) -> bool:
        """Whether anything does, or the port is only reserved."""
        return all(fault.listens for fault in self.faults)

    async def stop(self) -> None:
        """Closes the port; what is still connected ends with the process."""
        if self._server is not None:
            self._server.close()
        elif self._listener is not None:
            self._listener.close()
        self.log("stopped", orders_received=self.gateway.orders_received)

    def _dial(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=5)

    def _zombie(self) -> socket.socket:
        """The gateway's end of a connection whose client has left: the kernel's own CLOSE_WAIT."""
        assert self._listener is not None
        self._dial().close()
        return self._listener.accept()[0]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = next(self._numbers)
        peer = writer.get_extra_info("peername")
        self.log("connected", connection=number, peer=f"{peer[0]}:{peer[1]}" if peer else "")
        connection = _Connection(self, self.gateway.session(), number, reader, writer)
        closed_by = "gateway"
        try:
            closed_by = await connection.run()
        except wire.WireError as error:
            self.log("refused", connection=number, reason=str(error))
        except OSError as error:
            closed_by = f"client ({type(error).__name__})"
        except asyncio.CancelledError:
            pass  # the whole gateway ends
        finally:
            connection.session.end()
            self.log("closed", connection=number, by=closed_by)
            if all(fault.closes for fault in self.faults):
                writer.close()
            else:
                self._kept.append(writer)


@dataclass(slots=True)
class _Connection:
    """One client, from the accept to the last byte."""

    server: Server
    session: Session
    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    _said_hello: bool = False

    async def run(self) -> str:
        """Serves until one side closes; says which: `client` or `gateway`."""
        try:
            await self._perform("connect", [])
            async for payload in self._payloads():
                await self._perform(*self._answer(payload))
        except _HungUp:
            return "gateway"
        return "client"

    async def _payloads(self) -> AsyncIterator[bytes]:
        """The hello's payload, then that of each message."""
        try:
            prefix = await self.reader.readexactly(len(wire.PREFIX))
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise wire.WireError(f"not a hello: {error.partial!r}") from None
            return
        if prefix != wire.PREFIX:
            old = "a client older than v100" if prefix[:1].isdigit() else "not a hello"
            raise wire.WireError(f"{old}: {prefix!r}")
        frames = wire.Frames()
        while data := await self.reader.read(65536):
            for payload in frames.feed(data):
                yield payload

    def _answer(self, payload: bytes) -> tuple[str, Burst]:
        now = datetime.now(UTC)
        if not self._said_hello:
            hello = wire.read_hello(payload)
            self._said_hello = True
            self.server.log(
                "received",
                connection=self.number,
                message="hello",
                fields=[hello.lowest, hello.highest, hello.options],
            )
            return "hello", self.session.hello(hello, f"{now:%Y%m%d %H:%M:%S} UTC")
        request = read_request(payload, self.session.speech.version)
        self.server.log(
            "received", connection=self.number, message=request.name, fields=list(request.fields)
        )
        return request.name, self.session.answer(request, now.timestamp())

    async def _perform(self, event: str, burst: Burst) -> None:
        for fault in self.server.faults:
            burst = fault.burst(event, burst, self.session)
        data = bytearray()
        for action in burst:
            match action:
                case Message(name=name):
                    data += action.frame
                    self.server.log("sent", connection=self.number, message=name)
                case Raw(data=raw):
                    data += raw
                case Pause(seconds=seconds):
                    await self._send(data)
                    await asyncio.sleep(seconds)
                case HangUp():
                    await self._send(data)
                    raise _HungUp
        await self._send(data)

    async def _send(self, data: bytearray) -> None:
        """Sends and empties `data`, cut into segments as the faults will have it."""
        pieces: Iterable[bytes | Pause] = (bytes(data),) if data else ()
        pieces = reduce(_cut, self.server.faults, pieces)
        data.clear()
        for piece in pieces:
            if isinstance(piece, Pause):
                await asyncio.sleep(piece.seconds)
            else:
                self.writer.write(piece)
                await self.writer.drain()


class _HungUp(Exception):
    """The gateway has closed the connection."""


def _cut(pieces: Iterable[bytes | Pause], fault: Fault) -> Iterable[bytes | Pause]:
    for piece in pieces:
        if isinstance(piece, Pause):
            yield piece
        else:
            yield from fault.segments(piece)


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener
