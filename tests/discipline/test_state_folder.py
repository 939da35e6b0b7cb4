"""The state folder is this user's own: nothing in it leads elsewhere, no lock outlives its file."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from golive.discipline.earlier_attempts import NoMemory, prepare
from golive.discipline.journal import Journal
from golive.discipline.one_run import OneRun
from golive.discipline.running_monitor import RunningMonitor
from golive.kit import files
from tests.support.fakes import Fake
from tests.support.monitors import Running, settings_for
from tests.support.projects import ROOT, Project

if sys.platform == "win32":
    pytest.skip("links and owners as POSIX has them", allow_module_level=True)

NOW = datetime(2026, 11, 23, 9, 14, 2, tzinfo=UTC)
HERE = "127.0.0.1:4001"
Started = Callable[..., Fake]
Written = Callable[..., Path]


def refused(folder: Path) -> str:
    with pytest.raises(NoMemory) as error:
        prepare(folder)
    return str(error.value)


# whose it is


def test_new_folder_is_for_this_user_alone_whatever_the_umask_is(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        prepare(tmp_path / "deep" / "state")
    finally:
        os.umask(before)
    assert (tmp_path / "deep" / "state").stat().st_mode & 0o777 == 0o700
    prepare(tmp_path / "deep" / "state")


def test_folder_that_everybody_may_write_to_is_refused(state: Path) -> None:
    state.mkdir()
    state.chmod(0o777)
    assert "everybody may write to it" in refused(state)
    state.chmod(0o1777)
    assert "everybody may write to it" in refused(state)
    state.chmod(0o755)
    assert prepare(state) == state


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder away")
@pytest.mark.parametrize("what", ["folder", "link"])
def test_folder_of_another_user_is_refused(what: str, state: Path, tmp_path: Path) -> None:
    if what == "folder":
        state.mkdir()
    else:
        (tmp_path / "own").mkdir()
        state.symlink_to(tmp_path / "own")
    os.chown(state, 65534, 65534, follow_symlinks=False)
    assert "it is not yours: it belongs to user id 65534" in refused(state)


def test_folder_behind_a_link_of_ones_own_is_ones_own(state: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    state.symlink_to(tmp_path / "elsewhere")
    assert prepare(state) == state


@pytest.mark.parametrize("name", ["attempts.jsonl", "127.0.0.1_4001.lock", "127.0.0.1_4001.json"])
def test_link_that_leads_out_of_the_folder_is_refused_and_what_it_leads_to_is_left_alone(
    name: str, state: Path, tmp_path: Path
) -> None:
    state.mkdir()
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs", encoding="utf-8")
    (state / name).symlink_to(theirs)
    assert f"{name}: it is a link to a place outside the state folder" in refused(state)
    assert theirs.read_text(encoding="utf-8") == "theirs"


def test_run_does_not_begin_in_a_folder_with_such_a_link(
    fake: Started, secrets: Written, state: Path, tmp_path: Path
) -> None:
    gateway, here = fake(), Project(ROOT)
    state.mkdir()
    (state / "attempts.jsonl").symlink_to(tmp_path / "elsewhere.jsonl")
    path = str(secrets(gateway.port))
    for words in (("golive", "smoke"), ("golive", "monitor"), ("golive", "mcp")):
        done = here.run(*words, "--secrets", path)
        said = [line for line in done.output.splitlines() if "Settings: " not in line]
        assert (done.exit_code, len(said)) == (4, 1), done.output
        assert "it is a link to a place outside the state folder" in done.output
    assert not (tmp_path / "elsewhere.jsonl").exists()
    assert gateway.connections == 0


def test_monitor_is_not_found_in_a_folder_where_anybody_could_have_named_it(state: Path) -> None:
    prepare(state)
    running = RunningMonitor.this_one(url="http://127.0.0.1:1")
    running.enter(state, HERE)
    assert RunningMonitor.find(state, HERE) == running
    state.chmod(0o777)
    assert RunningMonitor.find(state, HERE) is None


# files


def test_no_file_is_opened_through_a_link_or_where_a_pipe_stands(tmp_path: Path) -> None:
    theirs, link, pipe = tmp_path / "theirs", tmp_path / "link", tmp_path / "pipe"
    theirs.write_text("theirs", encoding="utf-8")
    link.symlink_to(theirs)
    os.mkfifo(pipe)
    for path, why in ((link, "link"), (pipe, "ordinary file|No such device")):
        for open_it in (files.private, files.own_contents):
            with pytest.raises(OSError, match=why):
                open_it(path)
    assert theirs.read_text(encoding="utf-8") == "theirs"


def test_draft_of_a_file_is_not_written_through_a_link_at_its_name(tmp_path: Path) -> None:
    theirs, path = tmp_path / "theirs", tmp_path / "evidence.json"
    theirs.write_text("theirs", encoding="utf-8")
    (tmp_path / f".evidence.json.{os.getpid()}").symlink_to(theirs)
    path.symlink_to(theirs)
    files.write(path, "ours")
    assert (path.read_text(encoding="utf-8"), path.is_symlink()) == ("ours", False)
    assert theirs.read_text(encoding="utf-8") == "theirs"


def test_journal_behind_a_link_within_the_folder_is_not_written_to(state: Path) -> None:
    prepare(state)
    (state / "attempts.jsonl").rename(state / "kept.jsonl")
    (state / "attempts.jsonl").symlink_to(state / "kept.jsonl")
    assert "it is a link, which is not followed" in refused(state)
    with pytest.raises(OSError, match="link"):
        Journal(state).read()


# a lock whose file was taken away


def remove(state: Path) -> None:
    shutil.rmtree(state)


def replace(state: Path) -> None:
    lock = next(each for each in state.glob("*.lock") if "attempts" not in each.name)
    lock.rename(state / "away")
    lock.touch()


@pytest.mark.parametrize(("take_away", "why"), [(remove, "removed"), (replace, "replaced")])
def test_lock_whose_file_was_taken_away_is_ours_no_more_and_says_so(
    take_away: Callable[[Path], None], why: str, state: Path
) -> None:
    state.mkdir()
    ours, theirs = OneRun(state, HERE), OneRun(state, HERE)
    assert ours.begin("ours", NOW)
    assert ours.why_lost == ""
    take_away(state)
    assert not ours.is_ours
    assert ours.why_lost.endswith(f"127.0.0.1_4001.lock: it was {why}")
    state.mkdir(exist_ok=True)
    assert theirs.begin("theirs", NOW)
    ours.end()
    assert theirs.holder is not None
    assert theirs.holder.run == "theirs"  # whose name is not taken away with ours
    theirs.end()


@pytest.mark.parametrize("take_away", [remove, replace])
@pytest.mark.parametrize("command", ["smoke", "monitor"])
def test_attempt_is_not_made_where_the_lock_was_taken_away_during_the_wait(
    command: str, take_away: Callable[[Path], None], fake: Started, tmp_path: Path, state: Path
) -> None:
    gateway = fake()
    path = settings_for(tmp_path / "s.json", gateway.port, InitializationSeconds=600)
    with Running(path, command=command) as waiting:
        waiting.hears("still initializing")
        take_away(state)
        assert waiting.ended() == 3, waiting.lines
    assert "this run no longer holds the lock of the endpoint" in waiting.output
    assert gateway.connections == 0


def test_run_is_told_that_its_lock_was_taken_away_and_makes_no_attempt(
    own_project: Project,
) -> None:
    (own_project.folder / "acceptance" / "conftest.py").write_text(
        "import pytest\n"
        "@pytest.fixture(autouse=True)\n"
        "def taken_away(request):\n"
        "    yield\n"
        "    if 'accept_queue' in request.node.name:\n"
        "        for lock in request.config.rootpath.glob('reports/runs/*/state/1*.lock'):\n"
        "            lock.unlink()\n",
        encoding="utf-8",
    )
    run = own_project.rehearse("--fake")
    assert (run.exit_code, run.evidence["attempts"], run.connections) == (1, 0, 0), run.output
    assert run.having("failed") == ["handshake.one-attempt"]
    assert run.evidence["diagnosis"]["code"] == "attempt-forbidden"
    assert "it was removed" in run.evidence["diagnosis"]["cause"]
