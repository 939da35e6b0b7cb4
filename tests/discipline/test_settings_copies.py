"""Copies of the settings are private, lie in no folder that is published, and outlive no start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from golive.discipline import settings_copies
from tests.support import four_ports
from tests.support.fakes import wait_until
from tests.support.projects import ROOT, Project, environment

HOLD = """
import sys
from golive.discipline.settings_copies import private_copy
with private_copy(b"hunter2") as path:
    print(path, flush=True)
    sys.stdin.read()
"""
STAYS = """
import os, pathlib, sys, time
told = pathlib.Path(sys.argv[1])
told.with_suffix(".part").write_text(f"{os.getpid()} {sys.argv[2]}", encoding="utf-8")
told.with_suffix(".part").rename(told)
time.sleep(120)
"""
"""A Monitor that says nothing; by then the run has handed the copy to it."""
PASSWORD, USER = "hunter2-of-another-program", "someone-of-a-test"


@contextmanager
def holding() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process, and the copy it has."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        yield process, Path(process.stdout.readline().strip())
    finally:
        process.kill()
        process.communicate()


def test_copy_is_there_for_its_block_and_nobody_else_may_read_it(state: Path) -> None:
    with settings_copies.private_copy(b"x") as path:
        assert path.read_bytes() == b"x"
        assert path.is_relative_to(state)
        if os.name != "nt":
            modes = [
                each.stat().st_mode & 0o777 for each in (path, path.parent, path.parent.parent)
            ]
            assert modes == [0o600, 0o700, 0o700]
    assert not path.parent.exists()


def test_copy_of_a_living_owner_stays_and_that_of_a_killed_one_goes() -> None:
    with holding() as (owner, path):
        assert settings_copies.sweep() == []
        with settings_copies.private_copy(b"another"):
            assert path.read_bytes() == b"hunter2"
        owner.kill()
        owner.wait()
        assert path.exists()
        assert settings_copies.sweep() == []
        assert not path.parent.exists()


def test_left_over_copy_goes_when_the_next_one_is_made() -> None:
    with holding() as (owner, path):
        owner.kill()
        owner.wait()
        with settings_copies.private_copy(b"another"):
            assert not path.parent.exists()


def test_nothing_is_swept_that_is_no_copy(state: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    with settings_copies.private_copy(b"x") as path:
        area = path.parent.parent
    (area / "notes").mkdir()
    (area / "12-link").symlink_to(precious, target_is_directory=True)
    assert settings_copies.sweep() == []
    assert (precious / "file").exists()
    assert (area / "notes").exists()


def test_folder_of_copies_that_is_a_link_is_neither_used_nor_swept(
    state: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "12-x").mkdir(parents=True)
    state.mkdir()
    (state / settings_copies.FOLDER).symlink_to(elsewhere, target_is_directory=True)
    assert settings_copies.sweep() == [state / settings_copies.FOLDER]
    assert (elsewhere / "12-x").exists()
    with pytest.raises(OSError, match="not a link"), settings_copies.private_copy(b"x"):
        pass


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX'")
def test_folder_of_copies_is_closed_to_others_again(state: Path) -> None:
    area = state / settings_copies.FOLDER
    area.mkdir(parents=True)
    area.chmod(0o755)
    with settings_copies.private_copy(b"x"):
        assert area.stat().st_mode & 0o777 == 0o700


# a whole run


def files_with(word: str, folder: Path) -> list[Path]:
    return [
        each for each in folder.rglob("*") if each.is_file() and word.encode() in each.read_bytes()
    ]


@pytest.fixture
def with_a_monitor(tmp_path: Path, secrets: Callable[..., Path]) -> tuple[Path, Path]:
    """Settings with a Monitor that stays, and where it tells its pid and its settings."""
    told = tmp_path / "told"
    command = [sys.executable, "-c", STAYS, str(told), "{secrets}"]
    path = secrets(4001, Monitor={"Command": command, "ReadyTimeoutSeconds": 100})
    document = json.loads(path.read_text(encoding="utf-8")) | {"Other": {"Password": PASSWORD}}
    document["IBKRCredentials"]["Username"] = USER
    path.write_text(json.dumps(document), encoding="utf-8")
    return path, told


def test_killed_rehearsal_leaves_no_settings_in_its_folder_and_none_after_the_next_start(
    own_project: Project, state: Path, with_a_monitor: tuple[Path, Path]
) -> None:
    path, told = with_a_monitor
    words = ("pytest", "acceptance", "-m", "golive", "--fake")
    with four_ports.alone_with("--fake"):
        run = subprocess.Popen(
            own_project.command(*words, "--secrets", str(path)),
            cwd=own_project.folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(told.exists)
        pid, copy = told.read_text(encoding="utf-8").split(" ", 1)
        run.kill()
        run.wait()
    try:
        assert PASSWORD in Path(copy).read_text(encoding="utf-8")  # else nothing would be shown
        for word in (PASSWORD, USER):
            assert files_with(word, own_project.folder / "reports") == []
    finally:
        psutil.Process(int(pid)).kill()
    own_project.rehearse("--fake=down")
    assert files_with(PASSWORD, state) == []


def test_what_a_rehearsal_publishes_holds_nothing_of_the_settings_that_is_not_evidence(
    own_project: Project, secrets: Callable[..., Path]
) -> None:
    """Its fake's files among them: they tell what the gateway was told, and no more."""
    path = secrets(4001, Monitor={}, Mcp={})
    document = json.loads(path.read_text(encoding="utf-8")) | {"Other": {"Password": PASSWORD}}
    document["IBKRCredentials"]["Username"] = USER
    path.write_text(json.dumps(document), encoding="utf-8")
    run = own_project.rehearse("--fake", "--secrets", str(path))
    assert run.exit_code == 0, run.output
    for word in (PASSWORD, USER):
        assert files_with(word, own_project.folder / "reports") == []
