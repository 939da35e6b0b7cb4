"""Real clients as the tests use them: unmodified, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.clients import environments
from tests.projects import ROOT

TESTS = Path(__file__).resolve().parent
SECONDS = 20.0
"""The bound of every wait."""


class Talking:
    """A process that says lines and may be told some; its standard input's end is to be its own."""

    def __init__(self, *command: str) -> None:
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        self.pid = self._process.pid
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
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


class PlainClient(Talking):
    """The official client, that of the tests or of another environment: see plain_client.py."""

    def __init__(self, environment: str | None = None) -> None:
        python = str(environments.python(environment)) if environment else sys.executable
        super().__init__(python, str(TESTS / "plain_client.py"))

    def ask(self, request: str, *arguments: Any) -> None:
        self.tell(json.dumps([request, *arguments]))

    def connect(self, port: int, client_id: int = 10, options: str = "") -> None:
        """Returns at once; connect() itself may not."""
        self.ask("connect", "127.0.0.1", port, client_id, options)

    @property
    def came(self) -> list[list[Any]]:
        """Each callback so far: name and arguments; and `connect returned`."""
        return [json.loads(line) for line in list(self.lines)]

    @property
    def names(self) -> list[str]:
        """Those of the callbacks so far."""
        return [name for name, *_ in self.came]

    @property
    def codes(self) -> list[int]:
        """Those of the errors and notices so far."""
        return [code for _, code, *_ in self.all("error")]

    def all(self, name: str) -> list[list[Any]]:
        """The arguments of each such callback so far."""
        return [arguments for each, *arguments in self.came if each == name]

    def hear(self, name: str, count: int = 1) -> list[Any]:
        """The arguments of the callback that is the count-th of its name, once it has come."""
        is_here = self.wait_for(lambda: self.names.count(name) >= count)
        assert is_here, f"no {count}. {name!r} came, but {self.came}"
        return self.all(name)[count - 1]

    def hears_only(self, count: int, seconds: float) -> bool:
        """Whether no more than so many lines have come, and come for so long."""
        return not self.wait_for(lambda: len(self.lines) > count, seconds)


def ib_async(port: int) -> Talking:
    """ib_async used ordinarily; the one line it says is what it has got: see asynchronous.py."""
    python = environments.python("ib_async")
    return Talking(str(python), "-I", str(TESTS / "clients" / "asynchronous.py"), str(port))
