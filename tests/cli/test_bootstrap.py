"""A bare `python3 -m golive` in a clone: what it makes, what it leaves alone, why it cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from golive.cli import bootstrap, pip
from golive.cli.own_environment import MADE, MAKING, MARK, NotMade, OwnEnvironment
from tests.support.projects import ROOT, SECONDS, Outcome, Project, environment

NO_INDEX = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
UNREACHABLE = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull}
"""Nothing listens on that port."""


def bare(folder: Path, *words: str, python: str = sys.executable, **variables: str) -> Outcome:
    """`python3 -m golive` in a clone, as somebody who has only just cloned it."""
    given = environment(**variables)
    given.pop(bootstrap.VARIABLE, None)
    done = subprocess.run(
        [python, "-m", "golive", *words],
        cwd=folder,
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    return Outcome(done.returncode, done.stdout)


def test_environment_that_somebody_else_made_is_left_alone_and_named(own_project: Project) -> None:
    theirs = own_project.folder / ".venv"
    theirs.mkdir()
    (theirs / "theirs.txt").write_text("mine", encoding="utf-8")
    done = bare(own_project.folder, "check")
    assert done.exit_code == 4
    assert done.last_line.startswith(f"golive: {theirs} exists, and golive did not make it")
    assert "-m pip install . ./fakes" in done.last_line
    assert [each.name for each in theirs.iterdir()] == ["theirs.txt"]


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="needs an active environment")
def test_active_environment_is_left_alone_and_the_clones_own_is_gone_on_in(
    own_project: Project,
) -> None:
    done = bare(own_project.folder, "rehearse", **NO_INDEX)
    own = own_project.folder / ".venv"
    first, second, third = done.output.splitlines()[:3]
    assert first == (f"golive: using {own}; the active environment {sys.prefix} is not changed")
    assert second == f"golive: creating a virtual environment in {own}"
    assert third.startswith("golive: installing the ")
    assert (own / MARK).read_text(encoding="ascii") == MADE
    assert done.exit_code == 4
    assert "No matching distribution found for allure-pytest==" in done.last_line
    assert "PIP_NO_INDEX" in done.last_line


def test_lack_of_a_network_is_named_and_the_next_call_goes_on(own_project: Project) -> None:
    done = bare(own_project.folder, "selftest", **UNREACHABLE)
    assert done.exit_code == 4
    assert done.last_line.startswith("golive: cannot reach the package index; check")
    again = bare(own_project.folder, "selftest", **UNREACHABLE)
    assert "creating a virtual environment" not in again.output
    assert "requirements/test.txt, checked by hash" in again.output


def test_environment_that_was_left_half_made_is_made_anew(tmp_path: Path) -> None:
    own = OwnEnvironment(tmp_path / ".venv")
    own.folder.mkdir()
    (own.folder / MARK).write_text(MAKING, encoding="ascii")
    (own.folder / "half").write_text("", encoding="ascii")
    said: list[str] = []
    own.make(said.append)
    own.make(said.append)
    assert len(said) == 1
    assert (own.folder / MARK).read_text(encoding="ascii") == MADE
    assert own.python.exists()
    assert not (own.folder / "half").exists()
    own.python.unlink()  # as where the Python that it was made with is gone
    own.make(said.append)
    assert len(said) == 2
    assert own.python.exists()


def without_ensurepip(folder: Path) -> str:
    """A Python whose library lacks it, as Debian's does."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    library = folder / "lib" / version
    library.mkdir(parents=True)
    (folder / "bin").mkdir()
    for each in Path(sysconfig.get_path("stdlib")).iterdir():
        if each.name not in ("ensurepip", "site-packages"):
            (library / each.name).symlink_to(each)
    python = folder / "bin" / version
    shutil.copy2(os.path.realpath(sys.executable), python)
    return str(python)


@pytest.mark.skipif(os.name == "nt", reason="links a Python's library")
def test_python_that_can_make_no_environment_is_named_and_nothing_is_left(
    tmp_path: Path, own_project: Project
) -> None:
    python = without_ensurepip(tmp_path / "python")
    done = bare(own_project.folder, "rehearse", python=python)
    assert done.exit_code == 4
    assert done.last_line.startswith(f"golive: {python} cannot create a virtual environment")
    assert "apt install python3-venv" in done.last_line
    assert not (own_project.folder / ".venv").exists()


@pytest.mark.skipif(
    getattr(os, "geteuid", lambda: 0)() == 0, reason="root may write wherever it likes"
)
def test_clone_that_may_not_be_written_to_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    folder.mkdir(mode=0o500)
    with pytest.raises(NotMade, match="clone is not writable"):
        OwnEnvironment(folder / ".venv").make(lambda line: None)


@pytest.mark.skipif(os.name == "nt", reason="makes a link")
def test_golive_whose_record_names_this_folder_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "golive-0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Name: golive\nVersion: 0\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delenv(bootstrap.VARIABLE, raising=False)
    assert bootstrap.bare_clone() == ROOT
    url = record / "direct_url.json"
    url.write_text(f'{{"url": "{tmp_path.as_uri()}"}}', encoding="utf-8")
    assert bootstrap.bare_clone() == ROOT
    url.write_text(f'{{"url": "{ROOT.as_uri()}"}}', encoding="utf-8")
    assert bootstrap.bare_clone() is None
    (tmp_path / "link to it").symlink_to(ROOT)
    linked = (tmp_path / "link to it").as_uri()
    url.write_text(f'{{"url": "{linked}"}}', encoding="utf-8")
    assert bootstrap.bare_clone() is None


def test_package_that_is_not_the_locked_one_is_not_installed(tmp_path: Path) -> None:
    own = OwnEnvironment(tmp_path / ".venv")
    own.make(lambda line: None)
    wheel = tmp_path / "thing-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("thing-1.dist-info/METADATA", "Name: thing\nVersion: 1\n")
    lock = tmp_path / "lock.txt"
    lock.write_text(f"thing==1 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    words = ("--no-index", "--find-links", str(tmp_path), "--require-hashes", "-r", str(lock))
    with pytest.raises(pip.Failed, match="does not match its locked hash"):
        pip.install(own.python, *words, where=tmp_path)


@pytest.mark.parametrize("name", ["run", "test"])
def test_packages_of_a_lock_are_counted(name: str) -> None:
    lock = ROOT / "requirements" / f"{name}.txt"
    assert pip.counted(lock) > 40
