"""Fake gateways as the tests use them: in a process of their own, with their log."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.talking import SECONDS, Talking


class Fake(Talking):
    """A running fake gateway. Words without dashes are faults, the rest are options."""

    def __init__(self, faults_and_options: tuple[str, ...], log: Path) -> None:
        options: list[str] = []
        for number, word in enumerate(faults_and_options):
            is_value = number and faults_and_options[number - 1].startswith("--")
            options += [word] if word.startswith("--") or is_value else ["--fault", word]
        command = (sys.executable, "-m", "fake_ib_gateway", "--log", str(log), "--stop-with-stdin")
        super().__init__(*command, *options)
        self._log = log
        self.port = int(self.says(0).rpartition(":")[2])

    def stop(self) -> None:
        self.leave()

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
    """Looks again and again, for a bounded time."""
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
