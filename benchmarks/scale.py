"""What the benchmarks of the fake's own scale share: one conversation, with either server.

A fake is asked, and beside it a bare asyncio server that repeats the fake's answers byte for byte:
what is left between the two is what the fake does on top of asyncio.
"""

from __future__ import annotations

import socket
import statistics
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module

from benchmarks.fake import HOST, NoFake

TEXT, PROTOBUF = 203, 226
"""A server version that tells everything here as text, and the newest, which tells it as protobuf.

From 201 on the number of a message is a raw integer; protobuf's numbers are 200 higher.
"""
GET_UVLOOP = "uvloop is not installed and left out; to have it: pip install uvloop"
SPARE_FILES = 200
"""Open files beside the sockets of a crowd."""
LONGEST_SECONDS, QUIET_SECONDS = 30.0, 0.5
"""The longest wait for a byte; and how long none comes once the start of a session is complete."""
READ_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a client says that speaks up to this server version."""

    version: int

    def requests(self, client_id: int) -> tuple[bytes, bytes, bytes]:
        """The hello, START_API, REQ_POSITIONS."""
        hello = b"API\0" + _frame(b"v100..%d" % self.version)
        start_api = _frame(struct.pack("!I", 71) + b"2\0%d\0\0" % client_id)
        return hello, start_api, _frame(struct.pack("!I", 61) + b"1\0")

    def is_started(self, answer: bytes) -> bool:
        """Whether managedAccounts and nextValidId are both among these messages."""
        return {self._number(15), self._number(9)} <= set(_numbers(answer))

    def answers(self, port: int) -> list[bytes]:
        """What the fake on this port answers to each request. Raises NoFake where it does not."""
        hello, start_api, ask = self.requests(client_id=0)
        with socket.create_connection((HOST, port), LONGEST_SECONDS) as connection:
            connection.sendall(hello)
            version = connection.recv(READ_BYTES)
            connection.sendall(start_api)
            started = _until_quiet(connection)
            if not self.is_started(started):
                raise NoFake(f"the fake gateway starts no session at version {self.version}")
            connection.sendall(ask)
            return [version, started, _until(connection, self._position_end)]

    def seconds(self, port: int, client_id: int, answers: Sequence[bytes]) -> float:
        """Holds it once more, and counts the bytes: how long the last answer took to come."""
        buffer, asked = memoryview(bytearray(READ_BYTES)), 0.0
        with socket.create_connection((HOST, port), LONGEST_SECONDS) as connection:
            for request, answer in zip(self.requests(client_id), answers, strict=True):
                asked = time.perf_counter()
                connection.sendall(request)
                _read(connection, len(answer), buffer)
            return time.perf_counter() - asked

    @property
    def _position_end(self) -> bytes:
        text = b"1\0" if self.version == TEXT else b""
        return _frame(struct.pack("!I", self._number(62)) + text)

    def _number(self, number: int) -> int:
        return number if self.version == TEXT else number + 200


def allow_open_files(sockets: int) -> None:
    """Raises the soft limit for so many sockets, here and in processes started from here on.

    Raises NoFake where the hard limit is lower; a platform without one (Windows) needs nothing.
    """
    try:
        resource = import_module("resource")
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sockets + SPARE_FILES
    if resource.RLIM_INFINITY != hard < wanted:
        need = f"{sockets:,} clients need {wanted:,} open files"
        raise NoFake(f"{need}, the system allows {hard:,}: raise the hard limit (ulimit -Hn)")
    if resource.RLIM_INFINITY != soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def beside(fake: Sequence[float], bare: Sequence[float]) -> tuple[str, str]:
    """The median of the fake's figure by the bare server's, round by round; lowest and highest."""
    ratios = [one / other if other else float("nan") for one, other in zip(fake, bare, strict=True)]
    return f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"


def _frame(payload: bytes) -> bytes:
    return struct.pack("!I", len(payload)) + payload


def _numbers(answer: bytes) -> list[int]:
    """Of the messages, which are whole."""
    numbers, start = [], 0
    while start < len(answer):
        length, number = struct.unpack_from("!II", answer, start)
        numbers.append(number)
        start += 4 + length
    return numbers


def _read(connection: socket.socket, count: int, into: memoryview) -> None:
    """Counts bytes and keeps none. Raises NoFake where fewer come."""
    while count > 0:
        count -= _received(connection, into)


def _until(connection: socket.socket, end: bytes) -> bytes:
    buffer, data = memoryview(bytearray(READ_BYTES)), bytearray()
    while not data.endswith(end):
        data += buffer[: _received(connection, buffer)]
    return bytes(data)


def _until_quiet(connection: socket.socket) -> bytes:
    data = connection.recv(READ_BYTES)
    connection.settimeout(QUIET_SECONDS)
    with suppress(TimeoutError):
        while more := connection.recv(READ_BYTES):
            data += more
    connection.settimeout(LONGEST_SECONDS)
    return data


def _received(connection: socket.socket, into: memoryview) -> int:
    try:
        count = connection.recv_into(into)
    except OSError as error:
        raise NoFake(f"the server stopped sending: {error}") from None
    if not count:
        raise NoFake("the server closed the connection in the middle of an answer")
    return count
