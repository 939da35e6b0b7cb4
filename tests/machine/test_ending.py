"""Processes end politely, else firmly, and never another that has got the pid since."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from golive.kit.clock import SystemClock
from golive.machine import ending, processes
from golive.machine.ending import end
from golive.machine.processes import Process
from tests.support.left_running import has_ended
from tests.support.programs import STUBBORN, Program, started

pytestmark = pytest.mark.skipif(os.name == "nt", reason="starts programs under POSIX")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    with started(tmp_path) as program:
        yield program


def found(program: Program) -> Process:
    process = processes.process(program.pid)
    assert process
    return process


def hows(*endings: ending.Ending) -> list[str]:
    return [each.how for each in endings]


def test_program_that_can_end_politely_does_and_one_that_will_not_is_made_to(
    start: Callable[..., Program],
) -> None:
    polite, stubborn = start("polite"), start("stubborn", STUBBORN)
    endings = end([found(polite), found(stubborn)], patience=0.5)
    assert hows(*endings) == ["politely", "firmly"]
    assert [polite.exit_code(), stubborn.exit_code()] == [-15, -9]  # SIGTERM, SIGKILL


def test_program_that_has_ended_is_gone_already_and_one_whose_parent_has_not_noticed_as_well(
    start: Callable[..., Program],
) -> None:
    program = start("gone")
    process = found(program)
    psutil.Process(program.pid).kill()
    assert hows(*end([process], patience=5)) in (["politely"], ["gone already"])
    assert hows(*end([process])) == ["gone already"]  # defunct: nobody has waited for it
    program.exit_code()
    assert hows(*end([process])) == ["gone already"]


def test_pid_that_is_another_processs_by_now_is_not_touched(start: Callable[..., Program]) -> None:
    program = start("innocent")
    reused = replace(found(program), started=found(program).started - timedelta(hours=1))
    assert hows(*end([reused], patience=0.1)) == ["gone already"]
    assert processes.process(program.pid)


def test_pid_that_changes_hands_between_asking_and_making_is_not_touched(
    start: Callable[..., Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = start("innocent", STUBBORN)
    asked = found(program)
    monkeypatch.setattr(psutil.Process, "terminate", lambda hold: later.append(hold))
    later: list[psutil.Process] = []

    def same(process: Process) -> psutil.Process | None:
        return None if later else psutil.Process(process.pid)

    monkeypatch.setattr(processes, "same", same)
    assert hows(*end([asked], patience=0.1)) == ["politely"]
    assert psutil.pid_exists(program.pid)


def test_another_users_process_is_left_and_said_so(
    start: Callable[..., Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(hold: psutil.Process) -> None:
        raise psutil.AccessDenied(hold.pid)

    program = start("others")
    monkeypatch.setattr(psutil.Process, "terminate", refuse)
    (told,) = end([found(program)])
    assert (told.how, told.why) == (
        "not ended",
        "it belongs to another user, so this user may not end it",
    )


class OnceEnded(SystemClock):
    """Its time passes once all of these have ended, however long a busy machine takes to it."""

    def __init__(self, pids: set[int]) -> None:
        self.pids, self.passed = pids, 0.0

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        assert all(has_ended(each) for each in self.pids)
        self.passed += seconds


def test_hundred_programs_are_ended_in_the_time_of_one(start: Callable[..., Program]) -> None:
    sleeping = [subprocess.Popen(["sleep", "60"]) for _ in range(300)]
    stubborn = start("stubborn", STUBBORN)
    try:
        asked = [found(stubborn), *filter(None, (processes.process(e.pid) for e in sleeping))]
        clock = OnceEnded({each.pid for each in sleeping})
        endings = end(asked, patience=1, clock=clock)
        assert clock.passed < 2
    finally:
        for each in sleeping:
            each.kill()
            each.wait(60)
    assert hows(*endings) == ["firmly"] + ["politely"] * 300


def test_windows_closes_windows_by_one_taskkill_without_force(
    start: Callable[..., Program],
) -> None:
    programs = [start("one"), start("two")]
    commands: list[list[str]] = []

    def run(command: list[str]) -> None:
        commands.append(command)
        for pid in command[2::2]:
            os.kill(int(pid), signal.SIGINT)

    endings = end([found(each) for each in programs], platform="win32", run=run)
    assert hows(*endings) == ["politely"] * 2
    one, two = (str(each.pid) for each in programs)
    assert commands == [["taskkill", "/PID", one, "/PID", two]]


def test_windows_console_program_which_has_no_window_to_close_is_made_to_end(
    start: Callable[..., Program],
) -> None:
    program = start("console")
    endings = end([found(program)], 0.1, platform="win32", run=lambda command: None)
    assert hows(*endings) == ["firmly"]


def test_windows_without_its_taskkill_is_no_error(start: Callable[..., Program]) -> None:
    if sys.platform == "win32":
        pytest.skip("has taskkill")
    assert hows(*end([found(start("console"))], 0.1, platform="win32")) == ["firmly"]


def test_nothing_to_end_runs_nothing() -> None:
    assert end([], platform="win32", run=lambda command: pytest.fail("ran")) == []
