"""Processes as the tests use them: they say lines, and end with their standard input."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from typing import Any, Self

from tests.support import forked

SECONDS = 120.0
"""The bound of every wait: against one that hangs, not a claim about the machine's speed."""


class Talking:
    """A process that says lines and may be told some; its standard input's end is to be its own."""

    def __init__(self, *command: str, env: dict[str, str] | None = None) -> None:
        self._process = forked.started(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        self.pid = self._process.pid
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def wait_for(self, holds: Callable[[], Any], seconds: float = SECONDS) -> bool:
        """Whether it comes to hold, looked at whenever a line has come."""
        with self._changed:
            return bool(self._changed.wait_for(holds, seconds))

    def says(self, number: int) -> str:
        """The line of this number, counted from 0, once it has come."""
        assert self.wait_for(lambda: len(self.lines) > number), self.lines
        return self.lines[number]

    def exit_code(self) -> int:
        """Once it has ended."""
        return self._process.wait(SECONDS)

    def kill(self) -> None:
        """Ends it as a crash does."""
        self._process.kill()
        self.leave()

    def leave(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(SECONDS)
        finally:
            self._process.kill()
            self._reader.join(SECONDS)
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
