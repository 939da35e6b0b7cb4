"""The port: bound for one process alone, whatever the platform, and dialled from within."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any

SECONDS = 5.0
"""The kernel's time to connect."""

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


def bound(host: str, port: int) -> socket.socket:
    """A socket bound to the address that does not block. Raises OSError where that is impossible.

    It does not listen yet; so it keeps the port for us while nobody can connect to it.
    """
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
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def reserve(listener: socket.socket) -> None:
    """Keeps a bound port that nobody listens on from everybody else."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)


def bound_to_first_free(ends: Iterable[tuple[str, int]]) -> socket.socket:
    """Raises OSError where none of these addresses and ports is free."""
    refused = OSError(f"none is free: {', '.join(f'{host}:{port}' for host, port in ends)}")
    for host, port in ends:
        try:
            return bound(host, port)
        except OSError as error:
            refused = error
    raise refused


def reachable(host: str) -> str:
    """The address under which what is bound to a host can be dialled."""
    return _EVERYWHERE.get(host, host)


class Dial:
    """A connection to a port of our own; the kernel makes it, nobody need accept it.

    `source` is where it comes from, known before it is made. Raises OSError.
    """

    def __init__(self, host: str, port: int) -> None:
        found = socket.getaddrinfo(reachable(host), port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        self._address: Any = address
        self._socket = socket.socket(family, kind, protocol)
        self._socket.settimeout(SECONDS)
        self._socket.bind((self._address[0], 0))
        self.source = self._socket.getsockname()[:2]

    def connected(self) -> socket.socket:
        """Waits for the kernel."""
        try:
            self._socket.connect(self._address)
        except OSError:
            self._socket.close()
            raise
        return self._socket
