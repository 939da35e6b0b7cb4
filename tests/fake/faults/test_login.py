"""Faults of the login: the gateway is not there for a client, and its log says why."""

from __future__ import annotations

from pathlib import Path

import psutil

from fake_ib_gateway import FakeGateway
from golive.machine.sockets import SocketTable
from tests.support.heard import QUIET_SECONDS
from tests.support.on_the_port import assert_holds_a_connection
from tests.support.proving import proves
from tests.support.steered import PlainClient

LOGINS = {
    "second-factor": "Received CHALLENGE",
    "second-factor-expired": "Authorization failed: SUPPRESS_MESSAGE_BOX",
    "throttled": "Too many failed login attempts. Please wait 4 minutes & 55 seconds",
    "wrong-password": "AUTH_RESULT indicates wrong password",
    "session-taken": "COMPETE: session kicked out",
    "login-unanswered": "AuthTimeoutMonitor-CCP: Timeout!",
    "not-logged-in": "IB GATEWAY RESTART",
    "not-listening": "Switching to a new encrypted log",
}


@proves("authentication-failed")
def test_gateway_that_is_not_logged_in_is_silent_and_its_log_says_why(
    faults: str, tmp_path: Path
) -> None:
    with FakeGateway(faults=[faults], settings_dir=tmp_path) as gateway, PlainClient() as client:
        client.connect(gateway.port)
        gateway.wait_for("received")
        assert client.hears_only(0, QUIET_SECONDS)
        assert_holds_a_connection(client, gateway)
    logs = [log.read_text(encoding="utf-8") for log in sorted(tmp_path.glob("*.log"))]
    assert len(logs) == 2
    assert all("Invalid username or password" in log for log in logs)
    assert not any("listening" in log or "IsAPI" in log for log in logs)


@proves(*LOGINS)
def test_gateway_that_waits_does_not_listen_but_runs_and_its_log_says_how_far_it_is(
    faults: str, tmp_path: Path
) -> None:
    def running() -> list[psutil.Process]:
        option = f"-DjtsConfigDir={tmp_path.resolve()}"
        found = psutil.process_iter(["cmdline"])
        return [each for each in found if option in (each.info["cmdline"] or [])]

    with FakeGateway(faults=[faults], settings_dir=tmp_path) as gateway:
        assert SocketTable().on(gateway.port).listeners == []
        assert len(running()) == 1
        log = (tmp_path / "launcher.log").read_text(encoding="utf-8")
        said = [each for each in LOGINS.values() if each in log]
        assert LOGINS[faults] in said
        assert ("encrypted log" in log) is (faults == "not-listening")
    assert running() == []
