"""One run at a time on an endpoint: two real processes, one of them killed."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from golive.memory.one_run import OneRun
from tests.fakes import wait_until
from tests.talking import Talking

NOW = datetime(2026, 11, 23, 9, 14, 2, tzinfo=UTC)
HERE = "127.0.0.1:4001"

HOLDING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from golive.memory.one_run import OneRun
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


def test_very_long_host_name_has_a_lock_as_well(tmp_path: Path) -> None:
    ours = OneRun(tmp_path, "x" * 5000 + ":4001")
    assert ours.begin("ours", datetime.now(UTC))
    ours.end()
