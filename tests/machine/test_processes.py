"""A process is told by its pid and its start, its program by its bare name."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import psutil
import pytest

from golive.machine import processes
from tests.support.clocks import on_linux, set_clock
from tests.support.fakes import wait_until


def test_process_is_its_pid_and_its_start() -> None:
    found = processes.process(os.getpid())
    assert found is not None
    assert found.pid == os.getpid()
    assert found.started.tzinfo is not None


def test_name_is_no_part_of_a_process_since_it_changes_with_an_exec() -> None:
    found = processes.process(os.getpid())
    assert found
    assert replace(found, name="before its exec") == found


@pytest.mark.skipif(os.name == "nt", reason="there is no defunct process")
def test_process_that_ended_unnoticed_is_not_the_same_any_more() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    found = processes.process(process.pid)
    assert found
    assert processes.is_same(found.pid, found.started)
    process.kill()
    wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
    assert not processes.is_same(found.pid, found.started)
    process.communicate()


def test_process_that_has_ended_is_none() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(60)
    assert processes.process(ended.pid) is None


def test_command_line_is_told_masked_and_only_of_the_same_process() -> None:
    code = "print('up', flush=True); input()"
    words = [sys.executable, "-c", code, "--token", "hunter2", "me"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline()  # until it has begun it may have no words yet
        found = processes.process(process.pid)
        assert found
        told = processes.command_line(found, ["me"])
        assert told.endswith('input()" --token *** ***')
        another = replace(found, started=found.started - timedelta(seconds=1))
        assert processes.command_line(another) == ""


@on_linux
def test_process_stays_itself_when_the_clock_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    found = processes.process(os.getpid())
    set_clock(monkeypatch, 1, for_others=False)
    assert found
    assert processes.process(os.getpid()) == found
    assert processes.same(found)


def test_process_is_known_by_its_mark_and_by_its_start_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = processes.process(os.getpid())
    assert found
    mark, earlier = processes.mark(found.pid), found.started - timedelta(hours=1)
    assert processes.is_same(found.pid, found.started, mark)
    assert not processes.is_same(found.pid, earlier)
    if sys.platform == "linux":
        assert mark != processes.mark(os.getppid())
        assert processes.is_same(found.pid, earlier, mark)
        assert not processes.is_same(found.pid, found.started, "another-boot 4001")
    monkeypatch.setattr(processes, "mark", lambda pid: "")  # as on other platforms
    assert processes.is_same(found.pid, found.started, mark)
    assert not processes.is_same(found.pid, earlier, mark)


def test_command_line_that_may_not_be_read_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(hold: psutil.Process) -> list[str]:
        raise psutil.AccessDenied(hold.pid)

    monkeypatch.setattr(psutil.Process, "cmdline", refuse)
    found = processes.process(os.getpid())
    assert found
    assert processes.command_line(found) == ""


@pytest.mark.parametrize(
    "name",
    ["dotnet", "Dotnet.EXE", r"C:\Program Files\dotnet\dotnet.exe", "/usr/bin/dotnet", " dotnet "],
)
def test_program_is_told_by_its_bare_name(name: str) -> None:
    assert processes.program(name) == "dotnet"


def test_parents_and_children_are_each_others() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        itself = processes.process(os.getpid())
        assert itself == processes.parents(process.pid)[0]
        assert processes.process(process.pid) in processes.children(os.getpid())
    assert processes.parents(process.pid) == processes.children(process.pid) == []
