"""AutoLaunch: the gateway's program is started where nothing listens, once, and outlives us."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from golive.kit.clock import SYSTEM
from golive.machine import hidden_processes
from golive.machine.gateway import Gateway
from golive.machine.sockets import SocketTable
from golive.monitor import launching
from golive.monitor.launching import Launch, NotLaunched
from golive.settings.model import Settings
from tests.monitor.conftest import PATIENT
from tests.support import four_ports
from tests.support.fakes import Fake
from tests.support.monitoring import MonitorHere
from tests.support.monitors import settings_for
from tests.support.programs import started
from tests.support.projects import ROOT, example_settings

pytestmark = pytest.mark.skipif(os.name == "nt", reason="starts a script under POSIX")


@pytest.fixture
def down() -> Iterator[int]:
    """A port on which nothing listens, nor on any of a gateway's own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    with four_ports.alone():
        yield port


@pytest.fixture
def program(tmp_path: Path, down: int) -> Iterator[Path]:
    """What stands for the gateway's program: a fake on that port, by a script.

    It has a name of its own, for other tests may be running gateways at the same time.
    """
    folder = tmp_path / "gateway" / "1040"
    folder.mkdir(parents=True)
    path, pids = folder / f"ibgateway{down}", tmp_path / "pids"
    path.write_text(
        f"#!/bin/sh\necho $$ >> '{pids}'\ncd '{ROOT}'\n"
        f"exec '{sys.executable}' -m fake_ib_gateway --port {down}\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    yield path
    for each in pids.read_text(encoding="utf-8").split() if pids.exists() else ():
        launched = psutil.Process(int(each))
        launched.terminate()
        launched.wait(60)


@pytest.fixture
def broken(tmp_path: Path, down: int) -> Path:
    """A program that ends at once, with an error."""
    path = tmp_path / f"broken{down}"
    path.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def launch(port: int, path: Path | str, initialization: float = 0) -> Launch:
    document = example_settings()
    document["IBKRCredentials"] |= {"Port": port, "GatewayPath": str(path)}
    document["GoLive"]["InitializationSeconds"] = initialization
    gateway = Gateway(port, SocketTable("127.0.0.1"))
    return Launch(Settings.model_validate(document), gateway, SYSTEM)


def test_gateway_is_started_waited_for_and_left_running(
    down: int, program: Path, tmp_path: Path
) -> None:
    path = settings_for(
        tmp_path / "s.json",
        down,
        AutoLaunch=True,
        GatewayPath=str(program),
        InitializationSeconds=1,
        **PATIENT,
    )
    with MonitorHere(path) as monitor:
        monitor.hears(f"AutoLaunch: started {program.name}, pid")
        monitor.hears("Log in to the gateway now")
        monitor.hears("Retrieved 24 positions")
        assert monitor.stopped() == 0, monitor.output
    (pid,) = (tmp_path / "pids").read_text(encoding="utf-8").split()
    assert psutil.Process(int(pid)).is_running()
    if sys.platform != "win32":  # in a session of its own: no Ctrl-C of ours reaches it
        assert os.getsid(int(pid)) == int(pid)


def test_gateway_that_runs_already_is_not_started_again(
    down: int, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "LOGIN_SECONDS", 0.3)
    said: list[str] = []
    with started(tmp_path) as start:
        running = start(program.name)
        with pytest.raises(NotLaunched, match="nothing listens on port"):
            launch(down, program).perform(said.append)
    assert said[0] == f"AutoLaunch: {program.name} is already running, pid {running.pid}"
    assert not (tmp_path / "pids").exists()


def test_gateways_java_in_its_folder_is_one_that_runs_already(
    down: int, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "LOGIN_SECONDS", 0.3)
    said: list[str] = []
    with started(tmp_path) as start:
        running = start("java", "print('here', flush=True); sys.stdin.read()", str(program.parent))
        with pytest.raises(NotLaunched):
            launch(down, program).perform(said.append)
    assert f"java is already running, pid {running.pid}" in said[0]


def test_gateway_that_listens_after_its_launch_is_given_its_time_from_then_on(
    fake: Callable[..., Fake], program: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    with started(tmp_path) as start:
        start(program.name)
        begin = SYSTEM.monotonic()
        launch(fake().port, program, initialization=1).perform(said.append)
    assert SYSTEM.monotonic() - begin >= 1
    assert said[-1] == "initializing: 1 s left"


def test_gateway_that_may_run_unseen_is_not_started_a_second_time(
    down: int, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hidden_processes, "hidden", lambda: "other users' processes are hidden")
    with pytest.raises(NotLaunched, match="a gateway may already be running"):
        launch(down, str(program)).perform(lambda line: None)
    assert not (program.parent.parent.parent / "pids").exists()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "GatewayPath is empty"),
        ("/nowhere/ibgateway", "is not a program on this machine"),
        ("C:\\IBKR\\ibgateway\\1040\\ibgateway.exe", "is not a program on this machine"),
        (str(ROOT), "is not a program on this machine"),
        (str(ROOT / "README.md"), "README.md: Permission denied"),
    ],
)
def test_program_that_is_none_is_said_in_one_line(down: int, path: str, why: str) -> None:
    with pytest.raises(NotLaunched, match=why):
        launch(down, path).perform(lambda line: None)


def test_program_that_ends_with_an_error_is_not_waited_for(down: int, broken: Path) -> None:
    with pytest.raises(NotLaunched, match="ended with exit code 3"):
        launch(down, broken).perform(lambda line: None)


def test_without_auto_launch_nothing_is_started(down: int, program: Path, tmp_path: Path) -> None:
    path = settings_for(tmp_path / "s.json", down, AutoLaunch=False, GatewayPath=str(program))
    with MonitorHere(path) as monitor:
        assert monitor.ended() == 1
    assert not (tmp_path / "pids").exists()
    assert "Diagnosis: gateway-not-running" in monitor.output


def test_gateway_that_listens_is_not_launched_whatever_else_is_wrong(
    fake: Callable[..., Fake], program: Path, tmp_path: Path
) -> None:
    port = fake("zombies").port
    path = settings_for(tmp_path / "s.json", port, AutoLaunch=True, GatewayPath=str(program))
    with MonitorHere(path) as monitor:
        assert monitor.ended() == 3, monitor.output
    assert "AutoLaunch" not in monitor.output


def test_what_was_started_and_never_listens_ends_it_with_the_diagnosis(
    down: int, broken: Path, tmp_path: Path
) -> None:
    path = settings_for(tmp_path / "s.json", down, AutoLaunch=True, GatewayPath=str(broken))
    with MonitorHere(path) as monitor:
        assert monitor.ended() == 1
    assert "exit code 3" in monitor.output
    assert "Diagnosis: gateway-not-running" in monitor.output
    assert f"started {broken.name}" in monitor.output
