"""Fake gateways as the tests use them: in a process of their own or in this one, with their log."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from fake_ib_gateway.__main__ import main, plan
from fake_ib_gateway.options import parser
from fake_ib_gateway.serving.running import InThread
from tests.support.talking import SECONDS, Talking


class Logged:
    """What the log of a fake gateway tells."""

    _log: Path

    @property
    def events(self) -> list[dict[str, Any]]:
        return events(self._log)

    @property
    def connections(self) -> int:
        """How many connections it has accepted."""
        return len([each for each in self.events if each["event"] == "connected"])

    @property
    def orders_received(self) -> int:
        """Known once it has stopped."""
        return orders_received(self.events)

    @property
    def received(self) -> list[str]:
        """The names of the messages it has received."""
        return [each["message"] for each in self.events if each["event"] == "received"]


class Fake(Logged, Talking):
    """A running fake gateway. Words without dashes are faults, the rest are options."""

    def __init__(self, faults_and_options: tuple[str, ...], log: Path) -> None:
        command = (sys.executable, "-m", "fake_ib_gateway", "--stop-with-stdin")
        super().__init__(*command, *as_options(faults_and_options, log))
        self._log = log
        self.port = int(self.says(0).rpartition(":")[2])

    def stop(self) -> None:
        self.leave()


class FakeHere(Logged):
    """The same in a thread of this process, where the process is not what is tested."""

    def __init__(self, faults_and_options: tuple[str, ...], log: Path) -> None:
        self._log = log
        options = parser().parse_args(as_options(faults_and_options, log))
        self._running: InThread | None = InThread(plan(options))
        self.port = self._running.port

    def stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.stop()


def as_options(faults_and_options: tuple[str, ...], log: Path) -> list[str]:
    """On the command line."""
    options = ["--log", str(log)]
    for number, word in enumerate(faults_and_options):
        is_value = number and faults_and_options[number - 1].startswith("--")
        options += [word] if word.startswith("--") or is_value else ["--fault", word]
    return options


def performed(*words: str) -> subprocess.CompletedProcess[str]:
    """`fake-ib-gateway ...`, which is not to begin, in this process."""
    with redirect_stdout(StringIO()) as said, redirect_stderr(StringIO()) as complained:
        try:
            code = main([*words])
        except SystemExit as ended:
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(words, code, said.getvalue(), complained.getvalue())


def events(log: Path) -> list[dict[str, Any]]:
    """The events of a fake's log."""
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def orders_received(found: list[dict[str, Any]]) -> int:
    """What a fake says of orders when it stops."""
    (stopped,) = (each for each in found if each["event"] == "stopped")
    return int(stopped["orders_received"])


def wait_until(holds: Callable[[], bool]) -> None:
    """Looks again and again, for a bounded time."""
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
