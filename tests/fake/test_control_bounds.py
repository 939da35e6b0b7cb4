"""Who begins a command on the control port and does not end it is not waited for without end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from fake_ib_gateway.answering.gateway import Gateway
from fake_ib_gateway.serving import control
from fake_ib_gateway.serving.foreground import Plan
from fake_ib_gateway.world.book import options_book

SECONDS = 60.0
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def talk(say: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]) -> bytes:
    """What is read in a conversation with a control port, within a bounded time."""

    async def conversation() -> bytes:
        with Plan(Gateway((options_book(),))).server() as server:
            controlled = await control.serve(server, 0)
            port = controlled.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                async with asyncio.timeout(SECONDS):
                    return await say(reader, writer)
            finally:
                writer.close()
                controlled.close()

    return asyncio.run(conversation())


async def to_its_end(reader: asyncio.StreamReader) -> bytes:
    """A connection that is ended firmly is at its end, too."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


def test_command_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "LINE_SECONDS", 0.2)

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"sta")
        return await to_its_end(reader)

    assert talk(half) == b""


def test_command_that_comes_a_byte_at_a_time_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "LINE_SECONDS", 0.2)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        ended = asyncio.ensure_future(to_its_end(reader))
        while not ended.done():
            writer.write(b"s")
            await asyncio.wait([ended], timeout=0.01)
        return ended.result()

    assert talk(drip) == b""


def test_who_reads_no_answer_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "LINE_SECONDS", 0.2)

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        try:
            while True:
                writer.write(b"state\n" * 1000)
                await writer.drain()
        except ConnectionError:
            return b"ended"

    assert talk(deaf) == b"ended"


def test_who_says_nothing_between_two_commands_is_waited_for_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(control, "LINE_SECONDS", 0.1)
    monkeypatch.setattr(control, "QUIET_SECONDS", 1.0)

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"state\n")
        first = await reader.readline()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await reader.readline()
        writer.write(b"state\n")
        return first + await to_its_end(reader)

    assert talk(slow).count(b'"connections": 0') == 2
