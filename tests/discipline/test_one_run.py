"""One run at a time on an endpoint: two real processes, one of them killed."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from golive.discipline.one_run import PART_OF, OneRun
from tests.support.clocks import on_linux, set_clock
from tests.support.fakes import wait_until
from tests.support.talking import Talking

NOW = datetime(2026, 11, 23, 9, 14, 2, tzinfo=UTC)
HERE = "127.0.0.1:4001"

HOLDING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from golive.discipline.one_run import OneRun
lock = OneRun(Path(sys.argv[1]), "127.0.0.1:4001")
print(lock.begin("theirs", datetime(2026, 11, 23, 9, 14, 2, tzinfo=UTC)), flush=True)
sys.stdin.read()
lock.end()
"""


def holding(folder: Path) -> Talking:
    return Talking(sys.executable, "-c", HOLDING, str(folder))


def test_second_run_is_told_who_has_the_endpoint_and_since_when(tmp_path: Path) -> None:
    with holding(tmp_path) as other:
        assert other.says(0) == "True"
        ours = OneRun(tmp_path, HERE)
        assert not ours.begin("ours", NOW)
        assert not ours.is_ours
        assert ours.holder is not None
        assert (ours.holder.pid, ours.holder.run) == (other.pid, "theirs")
        assert ours.holder.since == NOW
    assert ours.begin("ours", NOW)


@pytest.mark.parametrize("way", ["kill", "leave"])
def test_endpoint_is_free_however_its_holder_ended(way: str, tmp_path: Path) -> None:
    other = holding(tmp_path)
    assert other.says(0) == "True"
    getattr(other, way)()
    ours = OneRun(tmp_path, HERE)
    assert ours.holder is None
    wait_until(lambda: ours.begin("ours", NOW))
    assert ours.holder is not None
    ours.end()
    assert ours.holder is None


def test_other_endpoints_are_free(tmp_path: Path) -> None:
    ours, beside = OneRun(tmp_path, HERE), OneRun(tmp_path, "[2001:db8::7]:7497")
    assert ours.begin("ours", NOW)
    assert beside.begin("ours too", NOW)
    ours.end()
    beside.end()


def test_name_that_cannot_be_read_leaves_the_lock_as_it_is(tmp_path: Path) -> None:
    ours, theirs = OneRun(tmp_path, HERE), OneRun(tmp_path, HERE)
    assert ours.begin("ours", NOW)
    (tmp_path / "127.0.0.1_4001.json").write_text("{", encoding="utf-8")
    assert not theirs.begin("theirs", NOW)
    assert theirs.holder is None
    theirs.end()
    assert ours.is_ours
    ours.end()
    ours.end()


@on_linux
def test_holder_is_there_though_the_clock_was_set_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding(tmp_path) as other:
        assert other.says(0) == "True"
        set_clock(monkeypatch)
        assert OneRun(tmp_path, HERE).holder is not None


def test_very_long_host_name_has_a_lock_as_well(tmp_path: Path) -> None:
    ours = OneRun(tmp_path, "x" * 5000 + ":4001")
    assert ours.begin("ours", datetime.now(UTC))
    ours.end()


PART = """
import os, subprocess, sys
from datetime import UTC, datetime
from pathlib import Path
from golive.discipline.one_run import PART_OF, OneRun
folder, own, told, looks = sys.argv[1:5]
lock = OneRun(Path(folder), "127.0.0.1:4001")
assert lock.begin(own, datetime.now(UTC))
child = "import sys; from pathlib import Path; from golive.discipline.one_run import OneRun;" \\
    "lock = OneRun(Path(sys.argv[1]), '127.0.0.1:4001'); from datetime import UTC, datetime;" \\
    "print(lock.begin('x', datetime.now(UTC)), lock.begin_as_part())"
words = [sys.executable, "-c", child, folder]
if looks == "grandchild":
    words = [sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])", *words]
subprocess.run(words, env=os.environ | {"GOLIVE_RUN": told})
lock.end()
"""


@pytest.mark.parametrize("who", ["child", "grandchild"])
@pytest.mark.parametrize(
    ("told", "goes_on"), [("this-run", True), ("another-run", False), ("", False)]
)
def test_program_that_a_run_has_started_is_a_part_of_it_only_if_it_was_told_so(
    who: str, told: str, goes_on: bool, tmp_path: Path
) -> None:
    words = [sys.executable, "-c", PART, str(tmp_path), "this-run", told, who]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == ["False", str(goes_on)]


def test_program_that_was_told_of_a_run_which_is_no_parent_of_it_is_not_a_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PART_OF, "theirs")
    with holding(tmp_path) as other:
        assert other.says(0) == "True"
        ours = OneRun(tmp_path, HERE)
        assert not ours.begin("ours", NOW)
        assert not ours.begin_as_part()


TWICE = """
import subprocess, sys
from datetime import UTC, datetime
from pathlib import Path
from golive.discipline.one_run import OneRun
lock = OneRun(Path(sys.argv[1]), "127.0.0.1:4001")
assert lock.begin("this-run", datetime.now(UTC))
child = "import sys; from pathlib import Path; from golive.discipline.one_run import OneRun;" \\
    "lock = OneRun(Path(sys.argv[1]), '127.0.0.1:4001');" \\
    "print(lock.begin_as_part(), lock.begin_as_part(), flush=True); input(); lock.end()"
words = [sys.executable, "-c", child, sys.argv[1]]
def start():
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
first = start()
print(first.stdout.readline().strip(), flush=True)
second = start()
print(second.stdout.readline().strip(), flush=True)
second.communicate("\\n")
first.communicate("\\n")
third = start()
print(third.communicate("\\n")[0].strip(), flush=True)
"""


def test_only_one_program_of_a_run_goes_on_under_its_lock_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that a run has started may start two Monitors: both inherit what it was told."""
    monkeypatch.setenv(PART_OF, "this-run")
    words = [sys.executable, "-c", TWICE, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines() == ["True True", "False False", "True True"]
