"""The Monitor as the tests run it: a process of its own, against a fake gateway in another."""

from __future__ import annotations

import json
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fake_ib_gateway import FakeGateway
from golive.discipline.journal import Entry, Journal
from golive.kit.clock import SYSTEM, Clock, SystemClock
from golive.machine.sockets import SocketTable
from golive.monitor.monitor import COMMAND, Monitor
from golive.monitor.stopping import Stop
from golive.run import session
from golive.run.session import Exit
from golive.settings import secrets_json
from tests.support.projects import write_secrets
from tests.support.talking import Talking

WORDS = (sys.executable, "-m", "golive", "monitor")


class Running(Talking):
    """A running Monitor, or another command of golive, ended with its test."""

    def __init__(self, settings: Path, *more: str, command: str = "monitor") -> None:
        super().__init__(*WORDS[:-1], command, "--secrets", str(settings), *more)

    def hears(self, text: str, count: int = 1) -> str:
        """The count-th line that contains a text, once it has come."""

        def found() -> list[str]:
            return [line for line in list(self.lines) if text in line]

        assert self.wait_for(lambda: len(found()) >= count), self.lines
        return found()[count - 1]

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def signal(self, name: str) -> None:
        self._process.send_signal(signal.Signals[name])

    def stopped(self, name: str = "SIGTERM") -> int:
        """Its exit code, once it was stopped."""
        self.signal(name)
        return self.ended()

    def ended(self) -> int:
        """Its exit code, once it has ended, with all its lines there."""
        code = self.exit_code()
        self._reader.join(60)
        return code

    def leave(self) -> None:
        self._process.terminate()
        super().leave()

    def asked(self, path: str) -> tuple[int, dict[str, Any]]:
        """What it answers over HTTP: the status, and the JSON."""
        url = self.hears("Health: ").partition("Health: ")[2].partition("/healthz")[0]
        try:
            with urllib.request.urlopen(url + path, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


def settings_for(path: Path, port: int, **more: Any) -> Path:
    """A settings file for a gateway on this port; keys of IBKRCredentials may be among `more`."""
    write_secrets(path, port)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["GoLive"] |= {"HeartbeatSeconds": 1.1, "Monitor": {}}
    for key, value in more.items():
        section = "IBKRCredentials" if key in document["IBKRCredentials"] else "GoLive"
        document[section][key] = value
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def performed(
    settings: Path, stop: Stop, hear: Callable[[str], None], clock: Clock = SYSTEM
) -> tuple[Exit, list[str]]:
    """A Monitor in this thread, to its end: its exit code and its lines, each heard as it comes."""
    lines: list[str] = []

    def write(line: str) -> None:
        lines.append(line)
        hear(line)

    file = secrets_json.read(settings)
    memory, run_next = session.begin(COMMAND, file, clock=clock)
    try:
        return Monitor(file, memory, run_next, write, stop, clock).run(), lines
    finally:
        memory.close()


class Hurried(SystemClock):
    """Its sleeps are over soon, and then as much later as was asked for."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.skipped)

    def monotonic(self) -> float:
        return super().monotonic() + self.skipped

    def sleep(self, seconds: float) -> None:
        super().sleep(min(seconds, 0.005))
        self.skipped += seconds


def connections(gateway: FakeGateway) -> int:
    """How many a fake has accepted."""
    return len([each for each in gateway.events if each["event"] == "connected"])


def zombies(gateway: FakeGateway) -> int:
    return len(SocketTable().on(gateway.port).close_wait)


def journal(state: Path) -> list[Entry]:
    return list(Journal(state).read().entries)
