"""What systemd is told: ready when it is, alive as long as somebody looks at the connection."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from golive.monitor import sd_notify
from golive.monitor.holding.state import State
from golive.monitor.sd_notify import Notifier
from tests.support.states import ACCOUNT, MONOTONIC, Standing, Telling, state

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="systemd is Linux's")

AF_UNIX: int = getattr(socket, "AF_UNIX", 0)
"""Windows' Python has none."""


class Systemd:
    """Its end of the socket."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(5)
        self.socket.bind(address)

    def hears(self) -> list[str]:
        return self.socket.recv(4096).decode("utf-8").split("\n")


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    systemd = Systemd(str(tmp_path / "notify"))
    with systemd.socket:
        yield systemd


Notify = Callable[[State], Telling]


@pytest.fixture
def notify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notify]:
    monkeypatch.setattr(sd_notify, "EVERY_SECONDS", 0.01)
    with ExitStack() as stack:

        def begin(told: State) -> Telling:
            source = Telling(told)
            where = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
            notifier = Notifier(source, Standing(), where)
            stack.callback(notifier.stop)
            notifier.start()
            return source

        yield begin


def until(systemd: Systemd, line: str) -> list[str]:
    """What is heard, up to a line."""
    heard: list[str] = []
    deadline = time.monotonic() + 120
    while line not in heard:
        assert time.monotonic() < deadline, f"{line} was not told"
        heard += systemd.hears()
    return heard


def test_ready_is_told_once_and_that_it_works_again_and_again(
    systemd: Systemd, notify: Notify
) -> None:
    notify(state())
    assert systemd.hears() == ["WATCHDOG=1", "READY=1", "STATUS=ready: 24 positions"]
    assert [systemd.hears() for _ in range(3)] == [["WATCHDOG=1"]] * 3


def test_monitor_that_is_starting_is_not_ready(systemd: Systemd, notify: Notify) -> None:
    source = notify(state(condition="starting", answered_at=None))
    assert systemd.hears() == ["WATCHDOG=1", "STATUS=starting"]
    source.state = state()
    assert "READY=1" in until(systemd, "STATUS=ready: 24 positions")


@pytest.mark.parametrize("condition", ["half-open", "connectivity-lost", "disconnected"])
def test_trouble_of_the_gateway_is_told_and_is_no_reason_to_be_ended(
    condition: str, systemd: Systemd, notify: Notify
) -> None:
    notify(state(condition=condition, code=condition, cause=f"of {ACCOUNT}"))
    heard = systemd.hears()
    assert heard == ["WATCHDOG=1", f"STATUS={condition}"]


def test_watchdog_hears_nothing_of_a_monitor_that_does_not_look(
    systemd: Systemd, notify: Notify
) -> None:
    source = notify(state(made_at=MONOTONIC - 8))
    assert systemd.hears() == ["STATUS=monitor-stuck"]
    systemd.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        systemd.hears()
    systemd.socket.settimeout(5)
    source.state = state()
    assert "WATCHDOG=1" in systemd.hears()


def test_end_is_told(systemd: Systemd, tmp_path: Path) -> None:
    notifier = Notifier(Telling(state()), Standing(), {"NOTIFY_SOCKET": str(tmp_path / "notify")})
    notifier.start()
    systemd.hears()
    notifier.stop()
    assert until(systemd, "STOPPING=1")[-1] == "STOPPING=1"


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
def test_socket_without_a_file_is_known() -> None:
    name = f"golive-test-{os.getpid()}"
    with Systemd(f"\0{name}").socket as heard:
        notifier = Notifier(Telling(state()), Standing(), {"NOTIFY_SOCKET": f"@{name}"})
        notifier.start()
        assert b"READY=1" in heard.recv(4096)
        notifier.stop()


def test_nothing_is_told_where_nobody_listens(tmp_path: Path) -> None:
    for where in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}, {"NOTIFY_SOCKET": "x" * 500}):
        notifier = Notifier(Telling(state()), Standing(), where)
        notifier.start()
        notifier.stop()
