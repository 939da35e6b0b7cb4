"""A client of another program, which is connected and holds its connection: run as a script.

`another_client.py HOST PORT CLIENT_ID` connects, prints one line once it has been answered, and
goes when its standard input ends. One that gets no answer goes without a word. It knows no more of
the protocol than its own start takes.
"""

from __future__ import annotations

import socket
import struct
import sys
from contextlib import suppress

VERSIONS = b"v100..176"
SECONDS = 10


def main() -> None:
    host, port, client_id = sys.argv[1:]
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(b"API\0" + struct.pack("!I", len(VERSIONS)) + VERSIONS)
        if not connection.recv(4096):
            return
        start = b"".join(field + b"\0" for field in (b"71", b"2", client_id.encode(), b""))
        connection.sendall(struct.pack("!I", len(start)) + start)
        if connection.recv(4096):
            print("connected", flush=True)
            sys.stdin.buffer.read()


if __name__ == "__main__":
    with suppress(OSError):
        main()
