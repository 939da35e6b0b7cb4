"""Old rehearsals make room; nothing else ever does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from golive.evidence import run_folder as run_folders
from golive.evidence.record import Target
from golive.reports.pruning import A_DAY, AT_ONCE, prune
from tests.support.projects import ROOT, Project
from tests.support.runs_on_disk import NIGHT, a_go, a_no_go, kept, nights, run_id

NOW = datetime.now(UTC)
LATER = NOW + 2 * A_DAY
HOUR = timedelta(hours=1)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


def names(runs: Path) -> list[str]:
    return sorted((each.name for each in runs.iterdir()), reverse=True)


def test_newest_rehearsals_are_kept_and_older_ones_deleted(runs: Path) -> None:
    found = [kept(each, runs).name for each in nights(7, "fake")]
    assert prune(runs, 3, made=found[0]) == []
    assert names(runs) == found[:3]


@pytest.mark.parametrize("target", ["live", "fallback"])
def test_live_and_fallback_runs_are_never_deleted(runs: Path, target: Target) -> None:
    found = [kept(each, runs).name for each in nights(7, target)]
    kept(a_no_go(NIGHT - HOUR, target), runs)
    for each in nights(3, "fake", NIGHT + HOUR):
        kept(each, runs)
    prune(runs, 1, made="", now=LATER)
    assert set(names(runs)) >= set(found)
    assert len(names(runs)) == 7 + 1 + 1


def test_run_just_made_is_kept_also_where_the_clock_went_back(runs: Path) -> None:
    for each in nights(3, "fake"):
        kept(each, runs)
    made = kept(a_go(NIGHT - 99 * A_DAY, "fake"), runs).name
    prune(runs, 2, made)
    assert made in names(runs)


def emptied(folder: Path) -> None:
    (folder / "evidence.json").write_bytes(b"")


def changed(folder: Path) -> None:
    file = folder / "evidence.json"
    file.write_bytes(file.read_bytes().replace(b'"count": 24', b'"count": 23'))


def live_by_its_evidence(folder: Path) -> None:
    shutil.copyfile(kept(a_go(), folder.parent.parent) / "evidence.json", folder / "evidence.json")


def called_go(folder: Path) -> None:
    found = a_no_go(NIGHT - 9 * A_DAY, "fake").model_copy(update={"verdict": "GO"})
    kept(found, folder.parent)


def gone_but_for_a_link(folder: Path) -> None:
    (folder / "evidence.json").unlink()
    (folder / "evidence.json").symlink_to(folder / "nowhere")


@pytest.mark.parametrize(
    "doubtful", [emptied, changed, live_by_its_evidence, called_go, gone_but_for_a_link]
)
def test_rehearsal_in_doubt_is_never_deleted(runs: Path, doubtful: Callable[[Path], None]) -> None:
    folder = kept(a_go(NIGHT - 9 * A_DAY, "fake"), runs)
    for each in nights(3, "fake"):
        kept(each, runs)
    doubtful(folder)
    assert prune(runs, 1, made="", now=LATER) == []
    assert len(names(runs)) == 2
    assert folder.exists()


def test_what_is_not_named_like_a_rehearsal_is_left_alone(runs: Path) -> None:
    copy = runs / "20260101T000000Z-fake-copy"
    shutil.copytree(kept(a_go(NIGHT - 9 * A_DAY, "fake"), runs), copy)
    (runs / "20260101T000000Z-fake.txt").write_text("notes", encoding="utf-8")
    (runs / "20261199T000000Z-fake").mkdir()
    (runs / ".notes.deleted").mkdir()
    kept(a_go(target="fake"), runs)
    prune(runs, 1, made="", now=LATER)
    assert len(names(runs)) == 5


def test_folder_without_evidence_in_which_somebody_keeps_something_stays(runs: Path) -> None:
    folder = runs / run_id(NIGHT, "fake")
    (folder / "state").mkdir(parents=True)
    (folder / "notes.txt").touch()
    prune(runs, 1, made="", now=LATER)
    assert (folder / "notes.txt").exists()


def test_rehearsal_that_left_no_evidence_is_deleted_after_a_day(runs: Path) -> None:
    old = runs / run_id(NOW - 2 * A_DAY, "fake")
    old.mkdir()
    live = runs / run_id(NOW - 2 * A_DAY, "live")
    live.mkdir()
    prune(runs, 5, made="", now=NOW)
    assert old.exists()  # made a moment ago, whatever its name says
    prune(runs, 5, made="", now=LATER)
    assert names(runs) == [live.name]


def test_rehearsal_that_is_about_to_begin_is_kept_whatever_the_disk_says(runs: Path) -> None:
    folder = runs / run_id(NOW, "fake")
    folder.mkdir()
    os.utime(folder, (0, 0))
    prune(runs, 1, made="", now=NOW)
    assert folder.exists()


def test_link_to_a_folder_elsewhere_is_neither_followed_nor_deleted(
    runs: Path, tmp_path: Path
) -> None:
    elsewhere = kept(a_go(NIGHT - 9 * A_DAY, "fake"), tmp_path / "elsewhere")
    link = runs / elsewhere.name
    link.symlink_to(elsewhere, target_is_directory=True)
    half = runs / f".{run_id(NIGHT, 'fake')}.deleted"
    half.symlink_to(elsewhere, target_is_directory=True)
    kept(a_go(target="fake"), runs)
    prune(runs, 1, made="", now=LATER)
    assert (elsewhere / "evidence.json").exists()
    assert link.is_symlink()


def test_links_inside_a_rehearsal_are_deleted_and_not_what_they_lead_to(
    runs: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x", encoding="utf-8")
    folder = kept(a_go(NIGHT - 9 * A_DAY, "fake"), runs)
    (folder / "state").mkdir()
    (folder / "gateway-folder").symlink_to(precious, target_is_directory=True)
    kept(a_go(target="fake"), runs)
    prune(runs, 1, made="")
    assert not folder.exists()
    assert (precious / "file").exists()


def test_folder_of_runs_may_itself_be_a_link(runs: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(runs, target_is_directory=True)
    found = [kept(each, link).name for each in nights(3, "fake")]
    prune(link, 1, made="")
    assert names(runs) == found[:1]


HOLD = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_rehearsal_that_another_process_performs_is_kept_until_it_is_over(runs: Path) -> None:
    folder = kept(a_go(NIGHT - 9 * A_DAY, "fake"), runs)
    kept(a_go(target="fake"), runs)
    (folder / "state").mkdir()
    lock = folder / "state" / "127.0.0.1_4001.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        prune(runs, 1, made="")
        assert folder.exists()
    finally:
        holder.communicate("", timeout=120)
    prune(runs, 1, made="")
    assert not folder.exists()


def test_rehearsal_holds_such_a_lock_until_its_reports_are_written(own_project: Project) -> None:
    """So that another run's pruning cannot take its folder away meanwhile."""
    teller = own_project.folder / "golive" / "reports" / "index.py"
    teller.write_text(
        "from golive.reports.pruning import is_under_way\n"
        "def write(found, folder, wanted):\n"
        "    return [f'under way: {is_under_way(folder)}']\n",
        encoding="utf-8",
    )
    run = own_project.rehearse("--fake")
    assert "Note: under way: True" in run.output
    assert not any(_is_locked(each) for each in (run.folder / "state").glob("*.lock"))


def _is_locked(path: Path) -> bool:
    lock = FileLock(path, timeout=0)
    lock.acquire()
    lock.release()
    return False


def test_folder_that_cannot_be_deleted_costs_one_line_and_no_other_one(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [kept(each, runs) for each in nights(5, "fake")]
    rename = Path.rename

    def stubborn(self: Path, target: Path) -> Path:
        if self.name in (found[2].name, found[4].name):
            raise PermissionError(13, "Permission denied", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stubborn)
    (line,) = prune(runs, 1, made="")
    assert line.startswith("an old rehearsal could not be deleted: ")
    assert line.endswith(": Permission denied, and 1 more")
    assert names(runs) == [found[0].name, found[2].name, found[4].name]


def test_deletion_that_was_interrupted_is_gone_on_with(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [kept(each, runs) for each in nights(2, "fake")]

    def failing(folder: Path) -> None:
        raise OSError(5, "Input/output error", str(folder))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", failing)
        assert len(prune(runs, 1, made="")) == 1
    assert names(runs) == [found[0].name, f".{found[1].name}.deleted"]
    assert prune(runs, 1, made="") == []
    assert names(runs) == [found[0].name]


def test_one_run_deletes_no_more_than_it_can_soon(runs: Path) -> None:
    for each in nights(AT_ONCE + 5, "fake"):
        kept(each, runs)
    prune(runs, 1, made="")
    assert len(names(runs)) == 5
    prune(runs, 1, made="")
    assert len(names(runs)) == 1


def test_keep_runs_of_the_settings_is_what_a_run_keeps(
    own_project: Project, secrets: Callable[..., Path]
) -> None:
    runs = own_project.folder / "reports" / "runs"
    for each in nights(4, "live"):
        kept(each, runs)
    path = secrets(4001, KeepRuns=2)
    made = [own_project.rehearse("--fake=down", "--secrets", str(path)).folder for _ in range(3)]
    assert [each.exists() for each in made] == [False, True, True]
    assert len(names(runs)) == 4 + 2


def test_runs_are_named_here_as_golive_names_them(tmp_path: Path) -> None:
    made = [run_folders.new_folder(tmp_path, NIGHT, "fake").name for _ in range(2)]
    assert made == [run_id(NIGHT, "fake"), run_id(NIGHT, "fake", 2)]
