"""What a run has started, where the run is ended by `kill -9`: it ends too, and never connects."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from golive.discipline.one_run import OneRun
from golive.discipline.starter import STARTED_BY, Starter
from golive.machine import processes
from golive.machine.sockets import SocketTable
from tests.support import forked
from tests.support.fakes import Fake, wait_until
from tests.support.left_running import has_ended, nothing_left
from tests.support.monitors import Running, settings_for
from tests.support.projects import SECONDS, Project

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")

Secrets = Callable[..., Path]
Started = Callable[..., Fake]
FOREIGN = {"Command": [sys.executable, "-m", "tests.support.foreign.monitor", "{port}"]}


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    with nothing_left():
        yield


def live_run(project: Project, settings: Path) -> subprocess.Popen[bytes]:
    words = ["pytest", "acceptance", "-m", "golive", "--secrets", str(settings)]
    return forked.started(
        project.command(*words),
        project.folder,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
    )


def child_of(run: subprocess.Popen[bytes], *words: str) -> psutil.Process:
    """The run's child with these words in its command line, once it is there."""
    found: list[psutil.Process] = []

    def is_there() -> bool:
        for each in psutil.Process(run.pid).children(recursive=True):
            try:
                if all(word in each.cmdline() for word in words):
                    found.append(each)
            except psutil.Error:
                continue
        return bool(found)

    wait_until(is_there)
    return found[0]


def clients(gateway: Fake) -> int:
    return len(SocketTable().on(gateway.port).clients)


@pytest.mark.parametrize(
    ("kind", "programs"),
    [
        ("monitor", {"Monitor": {}}),
        ("monitor", {"Monitor": {"KeepRunning": True}}),
        ("mcp", {"Mcp": {}}),
    ],
)
def test_program_of_a_run_that_was_killed_right_after_starting_it_connects_nothing(
    kind: str, programs: dict[str, Any], fake: Started, project: Project, secrets: Secrets
) -> None:
    gateway = fake()
    run = live_run(project, secrets(gateway.port, **programs))
    started = child_of(run, "golive", kind)
    run.kill()
    run.wait(SECONDS)
    assert has_ended(started.pid)
    assert (gateway.connections, clients(gateway)) == (1, 0)  # the run's own


@pytest.mark.parametrize("keeps", [False, True])
def test_foreign_program_that_is_connected_is_ended_with_its_run(
    keeps: bool, fake: Started, project: Project, secrets: Secrets
) -> None:
    gateway = fake()
    silent = {"PositionsPattern": "never (?P<count>x)", "KeepRunning": keeps}
    run = live_run(project, secrets(gateway.port, Monitor=FOREIGN | silent))
    started = child_of(run, "tests.support.foreign.monitor")
    wait_until(lambda: gateway.connections == 2)
    run.kill()
    run.wait(SECONDS)
    assert has_ended(started.pid)
    wait_until(lambda: clients(gateway) == 0)


def test_monitor_that_was_handed_over_stays_without_its_run_until_it_is_stopped(
    fake: Started, project: Project, secrets: Secrets, state: Path
) -> None:
    gateway = fake()
    run = project.rehearse("--secrets", str(secrets(gateway.port, Monitor={"KeepRunning": True})))
    assert run.exit_code == 0, run.output
    monitor = psutil.Process(run.steps["monitor.connected"]["observed"]["pid"])
    try:
        here = OneRun(state, f"127.0.0.1:{gateway.port}")
        wait_until(lambda: here.holder is not None and here.holder.run.endswith("-monitor"))
        sign = next(state.glob("*.alive.json"))
        before = sign.stat().st_mtime_ns
        wait_until(lambda: sign.stat().st_mtime_ns != before)
        assert clients(gateway) == 1
        assert [each.stem for each in state.glob("*.handed-over")] == [run.evidence["run_id"]]
    finally:
        monitor.terminate()
        monitor.wait(SECONDS)
    assert list(state.glob("*.handed-over")) == []


def test_program_waits_for_no_gateway_once_its_run_is_gone(
    fake: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = fake()
    path = settings_for(tmp_path / "s.json", gateway.port, InitializationSeconds=600)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as run:
        known = processes.process(run.pid)
        assert known is not None
        starter = Starter(
            pid=run.pid,
            process_started=known.started,
            process_mark=processes.mark(run.pid),
            run="a-run",
            folder=str(tmp_path),
        )
        monkeypatch.setenv(STARTED_BY, starter.model_dump_json())
        with Running(path) as monitor:
            monitor.hears("still initializing")
            run.kill()
            run.wait(SECONDS)
            assert monitor.ended() == 3, monitor.output
    assert "the run that started this program has ended" in monitor.output
    assert "Diagnosis: attempt-forbidden" in monitor.output
    assert gateway.connections == 0


def test_fallback_of_a_run_that_was_killed_makes_no_attempt(
    fake: Started, project: Project, secrets: Secrets
) -> None:
    gateway, tws = fake("silent"), fake("--account", "DU1234567", "--positions", "7")
    there = {"Port": tws.port, "ExpectedAccount": "DU1234567", "ExpectedPositions": 7}
    run = live_run(
        project, secrets(gateway.port, Fallback=there, AutoFallback=True, HandshakeTimeoutSeconds=3)
    )
    started = child_of(run, "--fallback")
    run.kill()
    run.wait(SECONDS)
    assert has_ended(started.pid)
    assert (gateway.connections, tws.connections) == (1, 0)
