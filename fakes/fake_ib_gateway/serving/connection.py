"""One client, from the accept to the last byte: reads what it asks, performs what is decided."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from itertools import islice
from typing import Protocol

from fake_ib_gateway.answering.actions import (
    Burst,
    HangUp,
    Meanwhile,
    Pause,
    Raw,
    Stream,
    one_by_one,
)
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.disk.log import shortened
from fake_ib_gateway.faults.shared.fault import Fault
from fake_ib_gateway.protocol import wire
from fake_ib_gateway.protocol.errors import Error
from fake_ib_gateway.protocol.messages import Block, Message
from fake_ib_gateway.protocol.requests import read_request

READ_BYTES = 65536
LONGEST_REQUEST = 1 << 20
"""Far more than any client asks; where a real gateway draws the line is not known."""

BATCH = 100
"""Messages of a stream that are sent together: fewer bytes than a transport takes at once."""


class NotReading(Exception):
    """The client takes nothing of what waits for it."""


class _HungUp(Exception):
    """The gateway has closed the connection."""


class Holder(Protocol):
    """Who holds a connection: what it is to be like at the moment, and who is told of it."""

    patience: float
    """Seconds after which a client that takes nothing of what waits for it is dropped."""

    @property
    def faults(self) -> Sequence[Fault]: ...

    @property
    def up_seconds(self) -> float: ...

    @property
    def is_heard(self) -> bool: ...

    def tell(self, event: str, **what: object) -> None: ...


@dataclass(slots=True, eq=False)
class Connection:
    """One client, as the gateway holds it."""

    holder: Holder
    session: Session
    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    _began: float = field(default_factory=time.monotonic)
    _said_hello: bool = False
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    _meanwhile: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> str:
        """Serves until one side closes; says which: `client` or `gateway`.

        Raises wire.WireError for what is not the protocol, NotReading, OSError.
        """
        payloads = self._payloads()
        try:
            await self.perform("connect", [])
            async for payload in payloads:
                await self.perform(*self._answer(payload))
                await asyncio.sleep(0)  # others have their turn, whatever waits here
        except _HungUp:
            return "gateway"
        finally:
            for task in self._meanwhile:
                task.cancel()
            await self._count_what_is_left(payloads)
        return "client"

    async def perform(self, event: str, burst: Burst) -> None:
        """Does on an event what the gateway would do, as far as its faults let it."""
        faults = self.holder.faults
        self.session.gateway.up_seconds = self.holder.up_seconds
        self.session.up_seconds = time.monotonic() - self._began
        if faults:
            burst = list(one_by_one(burst))
        for fault in faults:
            burst = fault.burst(event, burst, self.session)
        pending: list[bytes] = []
        for action in burst:
            match action:
                case Message() | Block():
                    pending.append(self._told(action))
                case Raw(data=raw):
                    pending.append(raw)
                case Pause(seconds=seconds):
                    await self._send(pending)
                    await asyncio.sleep(seconds)
                case HangUp():
                    await self._send(pending)
                    raise _HungUp
                case Stream():
                    await self._send(pending)
                    await self._stream(action)
                case Meanwhile(burst=unasked):
                    task = asyncio.create_task(self.tell_unasked(list(unasked)))
                    self._meanwhile.add(task)
                    task.add_done_callback(self._meanwhile.discard)
        await self._send(pending)

    async def notify(self, error: Error) -> None:
        """Says something that was not asked for; where that is impossible, the connection ends."""
        await self.tell_unasked([self.session.error(error, time.time())])

    async def tell_unasked(self, burst: Burst) -> None:
        """Where that is impossible, the connection ends."""
        try:
            await self.perform("notice", burst)
        except (_HungUp, NotReading, OSError):
            self.drop()

    def drop(self) -> None:
        """Ends it as the end of the gateway's process would."""
        self.writer.transport.abort()

    async def ended(self) -> None:
        """Waits a while for the client to take what was sent, then closes."""
        self.writer.close()
        try:
            async with asyncio.timeout(self.holder.patience):
                await self.writer.wait_closed()
        except (TimeoutError, OSError):
            self.drop()

    async def _payloads(self) -> AsyncIterator[bytes]:
        """The hello's payload, then that of each message."""
        prefix = await self._prefix()
        if not prefix:
            return
        if prefix != wire.PREFIX:
            old = "a client older than v100" if prefix[:1].isdigit() else "not a hello"
            raise wire.WireError(f"{old}: {prefix!r}")
        frames = wire.Frames(LONGEST_REQUEST)
        while data := await self.reader.read(READ_BYTES):
            for payload in frames.feed(data):
                yield payload

    async def _count_what_is_left(self, payloads: AsyncIterator[bytes]) -> None:
        """What has come and is not answered any more: an order that came is an order received."""
        await asyncio.sleep(0)
        with suppress(TimeoutError, OSError, wire.WireError):
            async with asyncio.timeout(0):
                async for payload in payloads:
                    if self._said_hello:
                        self.session.count(read_request(payload, self.session.speech.version))

    async def _prefix(self) -> bytes:
        """What the client sends first, no further than it begins as a hello does."""
        prefix = b""
        while prefix != wire.PREFIX and wire.PREFIX.startswith(prefix):
            data = await self.reader.read(len(wire.PREFIX) - len(prefix))
            if not data:
                break
            prefix += data
        return prefix

    def _answer(self, payload: bytes) -> tuple[str, Burst]:
        now = datetime.now(UTC)
        if not self._said_hello:
            hello = wire.read_hello(payload)
            self._said_hello = True
            options = shortened({"options": hello.options})
            offered = {"lowest": hello.lowest, "highest": hello.highest, **options}
            self._tell("received", message="hello", fields=offered)
            return "hello", self.session.hello(hello, f"{now:%Y%m%d %H:%M:%S} UTC")
        request = read_request(payload, self.session.speech.version)
        fields = shortened(dict(request.values))
        self._tell("received", message=request.name, number=request.number, fields=fields)
        return request.name, self.session.answer(request, now.timestamp())

    def _tell(self, event: str, **what: object) -> None:
        self.holder.tell(event, connection=self.number, **what)

    def _told(self, action: Message | Block) -> bytes:
        """The bytes of what is sent, once everybody who listens has heard of it."""
        if self.holder.is_heard:
            for message in action.messages if isinstance(action, Block) else (action,):
                self._tell("sent", message=message.name, text=message.fields)
        return action.frames if isinstance(action, Block) else action.frame

    async def _stream(self, stream: Stream) -> None:
        """As fast as the client takes it. What is told of it is how many messages there were."""
        messages, ends, count = stream.messages(), time.monotonic() + stream.seconds, 0
        try:
            while time.monotonic() < ends and (batch := list(islice(messages, BATCH))):
                await self._send([message.frame for message in batch])
                count += len(batch)
                await asyncio.sleep(0)  # others have their turn, however fast the client reads
        finally:
            self._tell("streamed", messages=count)

    async def _send(self, pending: list[bytes]) -> None:
        """Sends and empties what is pending, cut into segments as the faults will have it."""
        if not any(pending):
            return
        pieces: Iterable[bytes | Pause] = (b"".join(pending),)
        pending.clear()
        async with self._sending:
            for piece in reduce(_cut, self.holder.faults, pieces):
                if isinstance(piece, Pause):
                    await asyncio.sleep(piece.seconds)
                    continue
                if self.writer.is_closing():
                    raise ConnectionResetError("the client has left")
                self.writer.write(piece)
                await self._drained()

    async def _drained(self) -> None:
        """Waits for the client to take what was written, as long as it takes any of it."""
        transport, waiting = self.writer.transport, -1
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.holder.patience):
                    return await self.writer.drain()
            if transport.get_write_buffer_size() >= waiting >= 0:
                raise NotReading(f"{waiting} bytes wait for a client that does not read")
            waiting = transport.get_write_buffer_size()


def _cut(pieces: Iterable[bytes | Pause], fault: Fault) -> Iterator[bytes | Pause]:
    for piece in pieces:
        if isinstance(piece, Pause):
            yield piece
        else:
            yield from fault.segments(piece)
