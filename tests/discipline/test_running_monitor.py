"""Which Monitor is running is told by a file, and only as long as that very process is there."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from golive.discipline.one_run import OneRun
from golive.discipline.running_monitor import RunningMonitor
from golive.machine import processes
from tests.support.clocks import on_linux, set_clock
from tests.support.fakes import wait_until
from tests.support.talking import Talking

HERE, URL = "127.0.0.1:4001", "http://127.0.0.1:9100"


def test_monitor_is_found_with_its_url_until_it_leaves(tmp_path: Path) -> None:
    assert RunningMonitor.find(tmp_path, HERE) is None
    ours = RunningMonitor.this_one(url=URL)
    ours.enter(tmp_path, HERE)
    assert RunningMonitor.find(tmp_path, HERE) == ours
    assert RunningMonitor.find(tmp_path, "127.0.0.1:7497") is None
    ours.leave(tmp_path, HERE)
    assert RunningMonitor.find(tmp_path, HERE) is None
    assert list(tmp_path.iterdir()) == []


def test_monitor_that_was_killed_is_not_found(tmp_path: Path) -> None:
    with Talking(sys.executable, "-c", "print('here', flush=True); input()") as other:
        other.says(0)
        process = processes.process(other.pid)
        assert process is not None
        theirs = RunningMonitor(pid=other.pid, process_started=process.started)
        theirs.enter(tmp_path, HERE)
        assert RunningMonitor.find(tmp_path, HERE) == theirs
        other.kill()
    wait_until(lambda: RunningMonitor.find(tmp_path, HERE) is None)


def test_process_that_has_the_pid_of_a_monitor_of_the_past_is_not_taken_for_it(
    tmp_path: Path,
) -> None:
    ours = RunningMonitor.this_one(url=None)
    started = ours.process_started - timedelta(hours=1)
    mark = ours.process_mark and "another-boot 4001"
    earlier = ours.model_copy(update={"process_started": started, "process_mark": mark})
    earlier.enter(tmp_path, HERE)
    assert RunningMonitor.find(tmp_path, HERE) is None


@on_linux
def test_monitor_is_found_though_the_clock_was_set_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = RunningMonitor.this_one(url=URL)
    ours.enter(tmp_path, HERE)
    set_clock(monkeypatch)
    assert RunningMonitor.find(tmp_path, HERE) == ours
    ours.leave(tmp_path, HERE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("hours", "is_found"), [(0, True), (1, False)])
def test_file_of_an_earlier_version_tells_a_process_by_its_start(
    hours: int, is_found: bool, tmp_path: Path
) -> None:
    ours = RunningMonitor.this_one(url=URL)
    RunningMonitor(
        pid=ours.pid, process_started=ours.process_started - timedelta(hours=hours)
    ).enter(tmp_path, HERE)
    assert (RunningMonitor.find(tmp_path, HERE) is not None) == is_found


def test_name_is_entered_also_where_windows_lets_another_read_it_just_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class InUse(PermissionError):
        winerror = 32

    replace, held = os.replace, [InUse(), InUse()]

    def held_at_first(draft: Path, path: Path) -> None:
        if held:
            raise held.pop()
        replace(draft, path)

    monkeypatch.setattr(os, "replace", held_at_first)
    RunningMonitor.this_one(url=None).enter(tmp_path, HERE)
    assert RunningMonitor.find(tmp_path, HERE) is not None
    assert len(list(tmp_path.iterdir())) == 1


def test_leaving_does_not_take_away_the_name_of_another(tmp_path: Path) -> None:
    ours = RunningMonitor.this_one(url=None)
    ours.enter(tmp_path, HERE)
    ours.model_copy(update={"url": URL}).leave(tmp_path, HERE)
    assert RunningMonitor.find(tmp_path, HERE) == ours


def test_file_that_is_damaged_names_nobody(tmp_path: Path) -> None:
    RunningMonitor.this_one(url=None).enter(tmp_path, HERE)
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text(encoding="utf-8")[:-3], encoding="utf-8")
    assert RunningMonitor.find(tmp_path, HERE) is None


def test_it_stands_beside_the_endpoints_lock(tmp_path: Path) -> None:
    lock = OneRun(tmp_path, HERE)
    ours = RunningMonitor.this_one(url=None)
    assert lock.begin("monitor", ours.process_started)
    ours.enter(tmp_path, HERE)
    names = {each.name for each in tmp_path.iterdir()}
    lock.end()
    assert names >= {"127.0.0.1_4001.lock", "127.0.0.1_4001.json", "127.0.0.1_4001.monitor.json"}
