"""What a step observed, in words: labelled, whole, and in the wall clock's time."""

from __future__ import annotations

from datetime import UTC, datetime

from golive import text
from golive.evidence import plain
from golive.memory.one_run import Holder
from golive.processes import Process
from tests import recorded

THEN = datetime(2026, 11, 23, 14, 14, 30, 123456, UTC)
LOCAL = f"{THEN.astimezone():%Y-%m-%d %H:%M:%S}"


def test_time_is_that_of_the_wall_clock() -> None:
    assert text.in_words(plain(THEN)) == LOCAL
    assert text.in_words("2026-11-23T14:14:30") == "2026-11-23T14:14:30"  # nobody says whose


def test_process_and_another_run_are_told_with_labels() -> None:
    process = plain(Process(812, "ibgateway.exe", THEN))
    assert text.in_words(process) == f"pid 812, name ibgateway.exe, started {LOCAL}"
    other = plain(Holder(pid=7, run="a-live", since=THEN, process_started=THEN))
    assert text.in_words(other).startswith(f"pid 7, run a-live, since {LOCAL}")


def test_socket_is_a_row_and_what_is_not_there_is_none() -> None:
    row = "CLOSE_WAIT 127.0.0.1 4001 127.0.0.1 51901 8124"
    observed = {"close_wait": plain([recorded.ZOMBIE]), "last_failed": None, "waiting": 0}
    assert text.told(observed) == [f"close wait: {row}", "last failed: none", "waiting: 0"]
