"""One client, one gateway, and everything between them passed on unchanged.

The gateway is dialled once, after a client has sent a valid hello. Every message of the client is
read before it is passed on. One that could change anything ends the session instead, and so does
one that cannot be read, because it could be such a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fake_ib_gateway.protocol import wire
from fake_ib_gateway.protocol.messages import OLDEST
from fake_ib_gateway.protocol.requests import CHANGES, number_of, read_request
from fake_ib_gateway.record.peer import GRACE_SECONDS, Peer
from fake_ib_gateway.record.transcript import Transcript

T = TypeVar("T")

HELLO_SECONDS = DIAL_SECONDS = STALL_SECONDS = 10.0


class Broken(Exception):
    """The session cannot start or go on; the text says why."""


@dataclass(slots=True)
class Session:
    """From the client's hello to the end."""

    client: Peer
    transcript: Transcript
    gateway: Peer = field(init=False)
    version: int = 0
    """The version agreed on; 0 until the gateway has answered."""
    _has_started: bool = False
    _requests: wire.Frames = field(default_factory=wire.Frames)
    _replies: wire.Frames = field(default_factory=wire.Frames)

    async def run(self, host: str, port: int) -> str:
        """Runs until one side closes or this task is cancelled; returns who ended it.

        Raises Broken, NotWritten. Both sides are closed in any case.
        """
        try:
            hello = await _within(HELLO_SECONDS, self._hello(), "no hello from the client")
            self.transcript.begin()  # first, so that a full disk costs the gateway no connection
            dialling = asyncio.open_connection(host, port)
            try:
                self.gateway = Peer(*await _within(DIAL_SECONDS, dialling, "no answer"))
            except (OSError, Broken) as error:
                raise Broken(f"gateway {host}:{port}: {error}") from None
            return await self._relay(hello)
        finally:
            await self.client.leave()

    async def _hello(self) -> bytes:
        """The payload. Raises Broken for anything else."""
        payload = None
        try:
            prefix = await self.client.reader.readexactly(len(wire.PREFIX))
            if prefix != wire.PREFIX:
                raise wire.WireError(f"{prefix!r}")
            while payload is None:
                data = await self.client.read()
                if not data:
                    raise wire.WireError("it left before")
                payload = next(self._requests.feed(data), None)
            hello = wire.read_hello(payload)
            if not OLDEST <= hello.lowest <= hello.highest:
                raise wire.WireError(f"{payload!r}")
        except (wire.WireError, ConnectionError, asyncio.IncompleteReadError) as error:
            raise Broken(f"the client sent no valid hello: {error}") from None
        return payload

    async def _relay(self, hello: bytes) -> str:
        asking = asyncio.create_task(self._pass_on_requests(hello))
        replying = asyncio.create_task(self._pass_on_replies())
        ended = "recorder"
        with suppress(asyncio.CancelledError):
            await asyncio.wait({asking, replying}, return_when=asyncio.FIRST_COMPLETED)
            ended = "gateway" if replying.done() else "client"
        asking.cancel()
        self.gateway.finish()
        closed, _ = await asyncio.wait({replying}, timeout=GRACE_SECONDS)
        replying.cancel()
        results = await asyncio.gather(asking, replying, return_exceptions=True)
        await self.gateway.leave(GRACE_SECONDS if closed else 0)
        for result in results:
            if isinstance(result, Exception):
                raise result
        return ended

    async def _pass_on_requests(self, hello: bytes) -> None:
        self.gateway.send(wire.PREFIX + wire.frame(hello))
        self.transcript.add(self.transcript.now, "client", hello, self.version)
        data = b""  # first what came with the hello
        while True:
            at = self.transcript.now
            try:
                for payload in self._requests.feed(data):
                    self._check(payload)
                    self.gateway.send(wire.frame(payload))
                    self.transcript.add(at, "client", payload, self.version)
            except wire.WireError as error:
                raise Broken(f"what the client sent was not passed on: {error}") from None
            await _within(STALL_SECONDS, self.gateway.taken(), "the gateway read nothing")
            data = await self.client.read()
            if not data:
                return

    async def _pass_on_replies(self) -> None:
        while data := await self.gateway.read():
            at = self.transcript.now
            self.client.send(data)
            try:
                for payload in self._replies.feed(data):
                    self.version = self.version or _version(payload)
                    self.transcript.add(at, "gateway", payload, self.version)
            except wire.WireError as error:
                raise Broken(f"the gateway sent bytes that are not a message: {error}") from None
            await self.client.taken()

    def _check(self, payload: bytes) -> None:
        """Raises Broken or wire.WireError for what is not passed on."""
        if not self.version:
            raise wire.WireError("it came before the gateway answered the hello")
        request = read_request(payload, self.version)
        if not self._has_started and request.name != "START_API":
            raise Broken(f"{request.name} was not passed on: it came before START_API")
        self._has_started = True
        if request.name in CHANGES or request.name.startswith("UNKNOWN_"):
            raise Broken(f"{request.name} was not passed on: it could change something")
        if not request.is_readable:
            raise Broken(f"{request.name} was not passed on: it cannot be read")


def _version(payload: bytes) -> int:
    texts = wire.split_fields(payload, 3)
    version = number_of(texts[0], 0) if len(texts) == 2 else 0
    if version < OLDEST:
        raise wire.WireError(f"an answer to the hello, {payload[:40]!r}")
    return version


async def _within(seconds: float, work: Coroutine[Any, Any, T], otherwise: str) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise Broken(f"{otherwise} in {seconds:.0f} s") from None
