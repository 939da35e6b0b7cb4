"""Stale clients are found by the name of their program, as real processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from golive import processes
from tests.projects import Project


@pytest.mark.skipif(os.name == "nt", reason="copies a POSIX program")
def test_stale_client_is_no_go_named_by_pid_with_nothing_connected(
    project: Project, tmp_path: Path, secrets: Callable[..., Path]
) -> None:
    program = tmp_path / "staleclient"
    shutil.copy(shutil.which("sleep") or "", program)
    settings = str(secrets(4001, StaleProcesses=["StaleClient.exe"]))
    with subprocess.Popen([str(program), "60"]) as stale:
        try:
            run = project.rehearse("--fake", "--secrets", settings)
        finally:
            stale.terminate()
    assert run.exit_code == 1
    assert run.having("failed") == ["environment.no-stale-client"]
    assert run.evidence["diagnosis"]["code"] == "stale-client"
    (found,) = run.steps["environment.no-stale-client"]["observed"]["running"]
    assert (found["pid"], found["name"]) == (stale.pid, "staleclient")
    assert run.connections == 0


def test_process_is_its_pid_and_its_start() -> None:
    found = processes.process(os.getpid())
    assert found is not None
    assert found.pid == os.getpid()
    assert found.started.tzinfo is not None


def test_process_that_has_ended_is_none() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(20)
    assert processes.process(ended.pid) is None
