"""A command on a pseudo-terminal of its own: what it writes, and when."""

from __future__ import annotations

import os
import select
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support import forked
from tests.support.projects import SECONDS, environment


@dataclass(frozen=True)
class Shown:
    """What the terminal got."""

    exit_code: int
    text: str

    @property
    def last_line(self) -> str:
        return self.text.rstrip().splitlines()[-1]


def run(command: list[str], folder: Path, columns: int = 100, **variables: str) -> Shown:
    """To its end, on a terminal that has so many columns."""
    if sys.platform == "win32":
        raise OSError("there is none")
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    wanted = environment(**{"TERM": "xterm", **variables})
    for name in {"NO_COLOR", "COLUMNS", "CI"} - set(variables):
        wanted.pop(name, None)
    process = forked.started(
        command, folder, env=wanted, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    written = b""
    try:
        while chunk := _read(ours):
            written += chunk
        exit_code = process.wait(SECONDS)
    finally:
        process.kill()  # where it is not over
        os.close(ours)
    return Shown(exit_code, written.decode("utf-8", "replace"))


def _read(descriptor: int) -> bytes:
    """What comes; nothing once the other side has closed, which Linux tells by an error.

    Raises TimeoutError.
    """
    if not select.select([descriptor], [], [], SECONDS)[0]:
        raise TimeoutError("nothing came")
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""
