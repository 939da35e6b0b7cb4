"""A Monitor that is not this project's: `python -m tests.foreign.monitor PORT [ODDITY]`."""

from __future__ import annotations

import signal
import sys
import threading

from tests.foreign.gateway import connected


def main(port: int, oddity: str = "") -> None:
    ended = threading.Event()
    asked = signal.SIG_IGN if oddity == "stubborn" else lambda *_: ended.set()
    signal.signal(signal.SIGTERM, asked)
    count, connections = 24, []
    if oddity != "only-says":
        if oddity == "again":
            connected(port)[0].close()
        connection, positions = connected(port)
        connections, count = [connection], len(positions)
    if oddity == "twice":
        connections.append(connected(port, 11)[0])
    print("[IBKR] \x1b[32mConnected successfully\x1b[0m", flush=True)
    print(f"Retrieved {count - (oddity == 'one-less')} positions for account U21146542", flush=True)
    ended.wait()
    for each in connections:
        each.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
