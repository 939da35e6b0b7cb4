"""A command on a pseudo-terminal, at which somebody types."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.support import forked
from tests.support.projects import SECONDS, environment

END_OF_INPUT = "\x04"
TRIES = 60


def _terminal() -> tuple[int, int]:
    """Its two ends."""
    if sys.platform == "win32":
        raise OSError("there is none")
    import pty

    return pty.openpty()


class Typing:
    """`typing.sees("Account")`, then `typing.types("U1234567")`."""

    def __init__(self, command: list[str], folder: Path, **variables: str) -> None:
        self._ours, theirs = _terminal()
        wanted = environment(**{"TERM": "xterm", "COLUMNS": "80", **variables})
        self._process = forked.started(
            command, folder, env=wanted, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self.text, self._seen = "", 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # where it is not over
        self._process.wait(SECONDS)
        os.close(self._ours)

    def sees(self, text: str) -> None:
        """Waits for what comes behind all that was seen before."""
        while (found := self.text.find(text, self._seen)) < 0:
            came = self._read()
            assert came, f"ended without {text!r}: {self.text}"
            self.text += came
        self._seen = found + len(text)

    def types(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    def ends_its_input(self) -> None:
        os.write(self._ours, END_OF_INPUT.encode())

    def interrupts(self) -> None:
        """As a person does: once more if it came just before the command began to wait."""
        for _ in range(TRIES):
            self._process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(SECONDS / TRIES)
                return

    def ended(self) -> int:
        """Its exit code, once it is over and all it said has come."""
        while came := self._read():
            self.text += came
        return self._process.wait(SECONDS)

    def _read(self) -> str:
        if not select.select([self._ours], [], [], SECONDS)[0]:
            raise TimeoutError(f"nothing came behind {self.text!r}")
        try:
            return os.read(self._ours, 65536).decode("utf-8", "replace").replace("\r\n", "\n")
        except OSError:  # the other side has closed, as Linux tells it
            return ""
