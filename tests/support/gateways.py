"""A server under a test's full control: it accepts once, and does as told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType

SECONDS = 60.0
"""The bound of every wait: it may be for a program that is being started."""


class Scripted:
    """Accepts one connection and hands it to a script, in a thread of its own.

    The script's exceptions are raised at the end of the `with` block.
    """

    def __init__(self, script: Callable[[socket.socket], None]) -> None:
        self._script = script
        self._error: BaseException | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SECONDS)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Scripted:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._thread.join(SECONDS)
        self._listener.close()
        if self._error and error is None:
            raise self._error

    def stop_listening(self) -> None:
        """Frees the port, as a gateway that ends."""
        self._listener.close()

    def _serve(self) -> None:
        try:
            connection, _ = self._listener.accept()
            connection.settimeout(SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                self._script(connection)
        except BaseException as error:
            self._error = error


def message(*fields: object, number: int | None = None) -> bytes:
    """A frame of text fields, behind a raw message id where one is given."""
    head = b"" if number is None else number.to_bytes(4, "big")
    payload = head + b"".join(str(field).encode() + b"\0" for field in fields)
    return len(payload).to_bytes(4, "big") + payload


def error(code: int, text: str = "text") -> bytes:
    """A notice, at server version 203."""
    return message(-1, code, text, "", 0, number=4)


NEXT_ID = message(1, 1, number=9)

VERSION = message(203, "20261122 09:00:00 UTC")
READY = message(1, "U21146542", number=15) + NEXT_ID


def heard(connection: socket.socket, requests: int = 1) -> None:
    """Reads so many requests, however they are cut; fewer where the client has closed."""
    for _ in range(requests):
        head = connection.recv(4, socket.MSG_WAITALL)
        connection.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)


def handshake(connection: socket.socket, ready: bytes = READY) -> None:
    """Hello and START_API, answered as a gateway at 203 does."""
    connection.recv(4096)
    connection.sendall(VERSION)
    connection.recv(4096)
    connection.sendall(ready)


def converse(connection: socket.socket, answers: dict[int, bytes] | None = None) -> None:
    """Answers requests by their number, as at 203, until the client leaves; REQ_IDS as is usual."""
    known, pending = {8: NEXT_ID} | (answers or {}), b""
    while data := connection.recv(65536):
        pending += data
        while len(pending) >= 4 and len(pending) >= 4 + int.from_bytes(pending[:4], "big"):
            length = 4 + int.from_bytes(pending[:4], "big")
            number, pending = int.from_bytes(pending[4:8], "big"), pending[length:]
            connection.sendall(known.get(number, b""))
