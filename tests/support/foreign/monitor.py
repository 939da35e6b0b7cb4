"""A Monitor that is not this project's: `python -m tests.support.foreign.monitor PORT [ODDITY]`."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from typing import Protocol

from golive.client.connection import Connection
from golive.discipline.attempts import Attempts
from tests.support.foreign.gateway import SECONDS, connected


class Closes(Protocol):
    def close(self) -> object: ...


def without_asking(port: int, oddity: str) -> list[Closes]:
    """What it holds whose positions are made up."""
    if oddity == "bare":
        return [socket.create_connection(("127.0.0.1", port), SECONDS)]
    if oddity == "handshake-only":
        connection = Connection("127.0.0.1", port, 10, Attempts())
        connection.open(SECONDS)
        return [connection]
    return []


def main(port: int, oddity: str = "") -> None:
    ended = threading.Event()
    asked = signal.SIG_IGN if oddity == "stubborn" else lambda *_: ended.set()
    signal.signal(signal.SIGTERM, asked)
    count, connections = 24, without_asking(port, oddity)
    if not connections and oddity != "only-says":
        if oddity == "again":
            connected(port)[0].close()
        connection, positions = connected(port)
        connections, count = [connection], len(positions)
    if oddity == "twice":
        connections.append(connected(port, 11)[0])
    print("[IBKR] \x1b[32mConnected successfully\x1b[0m", flush=True)
    print(f"Retrieved {count - (oddity == 'one-less')} positions for account U21146542", flush=True)
    if oddity == "one-less":
        for stream in (sys.stdout, sys.stderr):  # or the rest of its time would be waited for
            os.close(stream.fileno())
    ended.wait()
    for each in connections:
        each.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
