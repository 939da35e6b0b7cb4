"""Real clients as the tests use them: unmodified, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support import forked
from tests.support.clients import environments
from tests.support.talking import Talking

TESTS = Path(__file__).resolve().parent


class PlainClient(Talking):
    """The official client, that of the tests or of another environment: see plain_client.py."""

    def __init__(self, environment: str | None = None) -> None:
        self._came: list[list[Any]] = []
        if environment:
            python = str(environments.python(environment))
            super().__init__(python, str(TESTS / "plain_client.py"))
        else:
            super().__init__(sys.executable, "-m", "tests.support.plain_client")

    def ask(self, request: str, *arguments: Any) -> None:
        self.tell(json.dumps([request, *arguments]))

    def connect(self, port: int, client_id: int = 10, options: str = "") -> None:
        """Returns at once; connect() itself may not."""
        self.ask("connect", "127.0.0.1", port, client_id, options)

    @property
    def came(self) -> list[list[Any]]:
        """Each callback so far: name and arguments; and `connect returned`."""
        self._came += map(json.loads, self.lines[len(self._came) :])  # each is read once
        return self._came[:]

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


def official_client(port: int, environment: str = "", client_id: int = 10) -> dict[str, Any]:
    """All that the official client was told: the installed one's, or that of an environment."""
    return all_told("official.py", environment, port, client_id)


def all_told(script: str, environment: str, port: int, client_id: int) -> dict[str, Any]:
    """What a script of tests/support/clients/ tells of a gateway."""
    if environment:
        words = [str(environments.python(environment)), "-I", str(TESTS / "clients" / script)]
    else:
        words = [sys.executable, "-m", f"tests.support.clients.{script.removesuffix('.py')}"]
    pipe = subprocess.PIPE
    command = [*words, str(port), str(client_id)]
    done = forked.run(command, stdout=pipe, stderr=pipe, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    document: dict[str, Any] = json.loads(done.stdout)
    return document
