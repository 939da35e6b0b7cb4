"""A recorder as the tests use it, in a process of its own, and who connects to it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import forked

SECONDS = 60.0
"""The bound of every wait for it."""


class Recorder:
    """Waits for its one client at `port`; `told` is the one line it ends with."""

    def __init__(self, gateway_port: int, file: Path, *options: str) -> None:
        to = ("--listen", "0", "--to", f"127.0.0.1:{gateway_port}")
        self.file = file
        self.process = forked.started(
            [sys.executable, "-m", "fake_ib_gateway", "record", *to, str(file), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.pid = self.process.pid
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)", line)
        self.port = int(found[1]) if found else 0
        self.told = "" if found else line

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def ended(self) -> tuple[int, str]:
        """Its exit code, and what it said at its end."""
        output, _ = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, self.told + output


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """A raw client, which has said nothing yet."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield client
