"""Fake gateways as the tests use them: in a process of their own, with their log."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.projects import ROOT

SECONDS = 20.0
"""The bound of every wait for a process."""


class Fake:
    """A running fake gateway. Words without dashes are faults, the rest are options."""

    def __init__(self, faults_and_options: tuple[str, ...], log: Path) -> None:
        options: list[str] = []
        for number, word in enumerate(faults_and_options):
            is_value = number and faults_and_options[number - 1].startswith("--")
            options += [word] if word.startswith("--") or is_value else ["--fault", word]
        self._log = log
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "fakes.gateway",
                "--log",
                str(log),
                "--stop-with-stdin",
                *options,
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.port = int(line.rpartition(":")[2])

    def __enter__(self) -> Fake:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()

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


def events(log: Path) -> list[dict[str, Any]]:
    """The events of a fake's log."""
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def orders_received(found: list[dict[str, Any]]) -> int:
    """What a fake says of orders when it stops."""
    (stopped,) = (each for each in found if each["event"] == "stopped")
    return int(stopped["orders_received"])


def wait_until(holds: Callable[[], bool]) -> None:
    """Looks at a log again and again until it shows something, for a bounded time."""
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
