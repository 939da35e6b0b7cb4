"""The health check of a held connection: what befalls the gateway is told in time, by one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fake_ib_gateway import FakeGateway
from golive.cli import health
from golive.cli.health import Status
from golive.monitor.holding.watch import Watch
from golive.monitor.served.server import Server
from tests.monitor.conftest import PATIENT
from tests.monitor.test_sd_notify import Systemd, until
from tests.monitor.test_served import asked
from tests.support.fakes import wait_until
from tests.support.holding import owned, watched
from tests.support.monitoring import MonitorHere
from tests.support.monitors import connections, settings_for

OK, WARNING, CRITICAL, UNKNOWN = Status


class Check:
    """`golive health` without its start."""

    def __init__(self, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
        self.server, self._capsys = server, capsys
        self.lines: list[str] = []

    def __call__(self) -> int:
        nowhere = Path("nowhere")
        code = health.main(["--url", self.server.url], lambda _: nowhere)
        self.lines.append(self._capsys.readouterr().out)
        return code


@contextmanager
def checked(watch: Watch, capsys: pytest.CaptureFixture[str]) -> Iterator[Check]:
    server = Server(watch, "127.0.0.1", 0)
    server.start()
    try:
        with owned(watch):
            yield Check(server, capsys)
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("mute=0.5", "half-open"),
        ("connectivity-lost=0.5", "connectivity-lost"),
        ("late-zombies=0.5", "zombies"),
        ("drops-late=0.5", "connection-lost"),
        ("endless-positions", "positions-incomplete"),
    ],
)
def test_what_befalls_the_gateway_is_critical_and_says_what_to_do(
    fault: str, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        FakeGateway(faults=[fault]) as gateway,
        watched(gateway.port, HeartbeatSeconds=1.1) as watch,
        checked(watch, capsys) as check,
    ):
        wait_until(lambda: check() == CRITICAL and f"{code}: " in check.lines[-1])
        assert check.lines[-1].count("; ") >= 1
        assert connections(gateway) == 1


def test_ready_gateway_is_ready_however_often_it_is_asked_and_nothing_is_connected(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with (
        FakeGateway() as gateway,
        watched(gateway.port, HeartbeatSeconds=1.1) as watch,
        checked(watch, capsys) as check,
    ):
        wait_until(lambda: check() == WARNING)
        assert "the last smoke test was None" in check.lines[-1]  # which the Monitor performs
        beats = watch.state.heartbeats
        received = len(gateway.received)
        for path in ("/readyz", "/healthz", "/metrics") * 30:
            assert asked(check.server, path)[0] == 200
        received = len(gateway.received) - received
        beats = watch.state.heartbeats - beats
        assert connections(gateway) == 1
        assert received <= beats + 1
        assert gateway.orders_received == 0


def test_trouble_is_told_until_it_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    with (
        FakeGateway() as gateway,
        watched(gateway.port, HeartbeatSeconds=1.1) as watch,
        checked(watch, capsys) as check,
    ):
        wait_until(lambda: check() == WARNING)
        gateway.say(1100)
        wait_until(lambda: check() == CRITICAL)
        gateway.say(1102)
        wait_until(lambda: check() == WARNING)


@pytest.mark.skipif(sys.platform == "win32", reason="systemd is Linux's")
def test_systemd_is_told_of_a_monitor_from_its_start_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemd = Systemd(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with (
        systemd.socket,
        FakeGateway() as gateway,
        MonitorHere(settings_for(tmp_path / "settings.json", gateway.port, **PATIENT)) as monitor,
    ):
        heard = until(systemd, "STATUS=ready: 24 positions")
        assert "STATUS=starting" in heard
        assert "READY=1" in heard
        gateway.become("mute")
        assert "WATCHDOG=1" in until(systemd, "STATUS=half-open")
        gateway.become("healthy")
        assert "READY=1" not in until(systemd, "STATUS=ready: 24 positions")
        assert monitor.stopped() == 0
        until(systemd, "STOPPING=1")
