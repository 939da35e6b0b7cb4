"""The fake cannot be hurt: whatever a client sends, it goes on, and grows within bounds."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import SystemRandom
from typing import Any

import psutil
import pytest

from fake_ib_gateway.answering.gateway import Gateway
from fake_ib_gateway.protocol.messages import Speech
from fake_ib_gateway.serving.connection import LONGEST_REQUEST
from fake_ib_gateway.serving.server import Server
from fake_ib_gateway.world.book import options_book
from tests.support import fuzz
from tests.support.fakes import wait_until
from tests.support.fuzz import Session, framed
from tests.support.projects import ROOT

SECONDS = 60.0
"""The bound of every wait."""
GROWTH = 100 * 2**20
"""By how many bytes at most a gateway grows."""
SEED = "GOLIVE_FUZZ_SEED"
"""The environment variable that gives a failed run again."""

HELLO = b"API\0" + framed(b"v100..200")
START = framed(b"71\x002\x00999\0\0")
ANOTHER_START = framed(b"71\x002\x007\0\0")
POSITIONS = framed(b"61\x001\0")
POSITION_END = framed(b"62\x001\0")


@dataclass
class Running:
    """A gateway without limits, in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def events(self) -> Iterator[dict[str, Any]]:
        with self.log.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)

    def memory(self) -> int:
        return psutil.Process(self.process.pid).memory_info().rss


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Afterwards: it has stopped when it was told to, with nothing to complain about."""
    log, errors = folder / "fake.jsonl", folder / "stderr"
    options = ["--positions", "2", "--max-messages", "0", "--max-clients", "0"]
    with errors.open("wb") as stderr, subprocess.Popen(
        [
            sys.executable, "-m", "fake_ib_gateway", "--stop-with-stdin", "--log", str(log),
            "--settings-dir", str(folder / "settings"), *options,
        ],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            port = int(process.stdout.readline().rpartition(b":")[2])
            yield Running(process, port, log)
            process.stdin.close()
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()
    assert errors.read_bytes() == b""


async def healthy(port: int) -> None:
    """A client that asks for positions gets them all, and is closed when it has gone."""
    async with asyncio.timeout(SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
        writer.write(HELLO + START + POSITIONS)
        await reader.readuntil(POSITION_END)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()


async def attack(port: int, session: Session) -> None:
    """Sends it all, and stays until the gateway closes, unless it leaves rudely."""
    async with asyncio.timeout(SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        reading = asyncio.create_task(reader.read())
        with suppress(OSError):
            for piece in session.pieces:
                writer.write(piece)
                await writer.drain()
            if session.is_rude:
                writer.transport.abort()
            else:
                writer.write_eof()
        with suppress(OSError):
            await reading
        writer.close()


async def bombard(gateway: Running, frames: int, seed: int) -> dict[str, int]:
    """So many mutated frames, a few connections at a time, between them looks at its health."""
    await healthy(gateway.port)
    endless, sent, at_first, most = fuzz.sessions(fuzz.recorded(), seed), 0, gateway.memory(), 0
    while sent < frames:
        batch = list(islice(endless, fuzz.CLIENTS))
        await asyncio.gather(*(attack(gateway.port, session) for session in batch))
        await healthy(gateway.port)
        sent += sum(session.mutated for session in batch)
        most = max(most, gateway.memory())
    return {"sent": sent, "growth": most - at_first}


@pytest.mark.parametrize(
    ("frames", "seed"),
    [
        pytest.param(3_000, 1, id="each change the same"),
        pytest.param(120_000, None, id="each night others", marks=pytest.mark.nightly),
    ],
)
def test_mutated_sessions_do_the_gateway_no_harm(
    frames: int, seed: int | None, tmp_path: Path
) -> None:
    seed = int(os.environ.get(SEED) or seed or SystemRandom().randrange(2**32))
    print(f"{SEED}={seed}")  # shown where it fails
    with running(tmp_path) as gateway:
        done = asyncio.run(bombard(gateway, frames, seed))
        wait_until(lambda: not open_connections(gateway))
    events = Counter(event["event"] for event in gateway.events())
    print(done, events)
    assert [event for event in gateway.events() if event["event"] == "failed"] == []
    assert events["connected"] == events["closed"]
    assert events["received"] > 0.8 * done["sent"]  # most of it came further than the frames
    assert done["growth"] < GROWTH


def open_connections(gateway: Running) -> list[Any]:
    process = psutil.Process(gateway.process.pid)
    return [each for each in process.net_connections("tcp") if each.status != psutil.CONN_LISTEN]


def refused(gateway: Running) -> list[str]:
    """Why connections were."""
    return [event["reason"] for event in gateway.events() if event["event"] == "refused"]


def exchanged(port: int, data: bytes) -> bytes:
    """All that is answered until the gateway closes; this side does not."""
    answered = b""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as client:
        client.sendall(data)
        with suppress(ConnectionResetError):  # it closes with some of it unread
            while received := client.recv(65536):
                answered += received
    return answered


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"47\0", "a client older than v100: b'47\\x00'"),
        (b"63\x0010\0", "a client older than v100"),
        (b"G", "not a hello: b'G'"),
        (b"API\0\x80\0\0\0", "frame of 2147483648 bytes, at most 1048576"),
        (HELLO + b"\x80\0\0\0", "frame of 2147483648 bytes, at most 1048576"),
        (HELLO + START + b"\xff\xff\xff\xff", "frame of 4294967295 bytes, at most 1048576"),
        (HELLO + framed(b""), "message number b'' is not a number"),
        (b"API\0" + framed(b"v9"), ""),
    ],
)
def test_client_is_closed_at_the_first_wrong_byte_with_its_reason(
    data: bytes, reason: str, tmp_path: Path
) -> None:
    with running(tmp_path) as gateway:
        exchanged(gateway.port, data)
        assert [reason in told for told in refused(gateway)] == [True] * bool(reason)


def test_length_of_2_gib_is_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        asyncio.run(healthy(gateway.port))
        before = gateway.memory()
        for _ in range(20):
            assert exchanged(gateway.port, HELLO + b"\x80\0\0\0" + bytes(1000)) != b""
        assert gateway.memory() - before < 8 * 2**20


@pytest.mark.parametrize("text", [b"\xff", b"ab\0"])
def test_longest_request_is_answered_in_a_few_words(text: bytes, tmp_path: Path) -> None:
    account = text * (LONGEST_REQUEST // len(text) - 10)
    with running(tmp_path) as gateway:
        asyncio.run(healthy(gateway.port))
        before = gateway.memory()
        request = framed(b"6\x002\x001\0" + account) + framed(b"no number\0")
        assert len(exchanged(gateway.port, HELLO + START + request)) < 10_000
        assert gateway.memory() - before < GROWTH


def test_client_that_sends_byte_by_byte_holds_up_nobody(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        asyncio.run(healthy(gateway.port))
        before = gateway.memory()
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=SECONDS) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in HELLO + ANOTHER_START + b"\0\x0f\xff\xff" + bytes(2000):
                client.send(bytes([byte]))
            asyncio.run(healthy(gateway.port))
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
        wait_until(lambda: not open_connections(gateway))
        assert gateway.memory() - before < 8 * 2**20
    assert [event["by"] for event in gateway.events() if event["event"] == "closed"] == (
        ["client"] * 3
    )


def test_clients_that_connect_and_reset_at_once_leave_nothing_behind(tmp_path: Path) -> None:
    at_once = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    with running(tmp_path) as gateway:
        for data in (b"", HELLO, HELLO + ANOTHER_START + POSITIONS) * 30:
            with socket.create_connection(("127.0.0.1", gateway.port), timeout=SECONDS) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                client.sendall(data)
        asyncio.run(healthy(gateway.port))
        wait_until(lambda: not open_connections(gateway))


def test_client_that_never_reads_is_dropped_at_a_bound_while_others_are_served() -> None:
    told = asyncio.run(never_read(patience=0.2))
    assert "bytes wait for a client that does not read" in told["reason"]
    assert told["peak"] < 8 * told["block"]


async def never_read(patience: float) -> dict[str, Any]:
    """Asks for 50,000 positions a thousand times, in the gateway's own process."""
    gateway = Gateway((options_book(count=50_000),), version=200, messages_per_second=0)
    told: dict[str, Any] = {"block": len(Speech(200).positions(gateway.books).frames)}
    dropped = asyncio.Event()

    def hear(event: str, **what: Any) -> None:
        if event == "refused":
            told.update(what)
            dropped.set()

    server = Server(gateway, patience=patience, tellers=[hear])
    await server.start()
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)  # which reads 128 KiB
    tracemalloc.start()
    try:
        writer.write(HELLO + ANOTHER_START + POSITIONS * 1000)
        await healthy(server.port)
        await asyncio.wait_for(dropped.wait(), SECONDS)
        told["peak"] = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        writer.transport.abort()
        await server.stop()
    return told
