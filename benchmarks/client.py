"""What a client must do to be compared, and the two that need no library: ours and a raw socket.

Every client is used the plain way and times itself. Its own objects are made inside the timing, so
that nothing is gained by doing work before; an event loop or a thread's object is not its own.
"""

from __future__ import annotations

import socket
import struct
from typing import Protocol

from benchmarks.fake import HOST
from benchmarks.measure import Sample, Stopwatch
from golive.client.connection import Connection
from golive.discipline.attempts import Attempts

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0
"""The longest wait for positions: what has not come by then counts as lost."""


class Lost(Exception):
    """The answer did not come within the bound."""


class Client(Protocol):
    """One connection of one client. Every wait is bounded; what runs out of it raises Lost."""

    def connect(self, port: int, client_id: int) -> Sample:
        """From nothing to nextValidId."""

    def positions(self) -> Sample:
        """From the request to its end marker."""

    def close(self) -> None:
        """After the timing; also where nothing was opened."""


class Ours:
    """golive.client.connection, as the acceptance tests use it. Waits for managedAccounts, too."""

    _connection: Connection | None = None

    def connect(self, port: int, client_id: int) -> Sample:
        watch = Stopwatch()
        connection = self._connection = Connection(HOST, port, client_id, Attempts())
        handshake = connection.open(CONNECT_SECONDS)
        sample = watch.read()
        if handshake.stopped:
            raise Lost(handshake.stopped)
        return sample

    def positions(self) -> Sample:
        assert self._connection is not None
        watch = Stopwatch()
        answer = self._connection.positions(ANSWER_SECONDS)
        sample = watch.read()
        if not answer.is_complete:
            raise Lost(answer.reason)
        return sample

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


class RawSocket:
    """As little as it takes: what the fake and the loopback cost, nothing decoded."""

    HELLO = b"API\0" + struct.pack("!I", 9) + b"v100..203"
    VERSION = b"203\0"
    NEXT_VALID_ID = struct.pack("!I", 9) + b"1\0"
    POSITION_END = struct.pack("!I", 62) + b"1\0"

    _socket: socket.socket

    def connect(self, port: int, client_id: int) -> Sample:
        watch = Stopwatch()
        self._socket = socket.create_connection((HOST, port), CONNECT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(self.HELLO)
        self._read_past(self.VERSION)
        self._ask(71, 2, client_id, "")
        self._read_past(self.NEXT_VALID_ID)
        return watch.read()

    def positions(self) -> Sample:
        self._socket.settimeout(ANSWER_SECONDS)
        watch = Stopwatch()
        self._ask(61, 1)
        self._read_past(self.POSITION_END)
        return watch.read()

    def close(self) -> None:
        if hasattr(self, "_socket"):
            self._socket.close()

    def _ask(self, number: int, *fields: object) -> None:
        text = "".join(f"{each}\0" for each in fields)
        payload = struct.pack("!I", number) + text.encode("ascii")
        self._socket.sendall(struct.pack("!I", len(payload)) + payload)

    def _read_past(self, mark: bytes) -> None:
        seen = b""
        while mark not in seen:
            try:
                data = self._socket.recv(256 * 1024)
            except TimeoutError:
                raise Lost("nothing came") from None
            if not data:
                raise Lost("the connection was closed")
            seen = seen[-len(mark) :] + data
