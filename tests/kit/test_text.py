"""What a step observed, in words: labelled, whole, and in the wall clock's time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from golive.discipline.one_run import Holder
from golive.kit import text
from golive.kit.plain import plain
from golive.machine.processes import Process
from tests.support import recorded

THEN = datetime(2026, 11, 23, 14, 14, 30, 123456, UTC)
LOCAL = f"{THEN.astimezone():%Y-%m-%d %H:%M:%S}"


def test_time_is_that_of_the_wall_clock() -> None:
    assert text.in_words(plain(THEN)) == LOCAL
    assert text.in_words("2026-11-23T14:14:30") == "2026-11-23T14:14:30"  # nobody says whose


def test_process_and_another_run_are_told_with_labels() -> None:
    process = plain(Process(812, "ibgateway.exe", THEN))
    assert text.in_words(process) == f"pid 812, name ibgateway.exe, started {LOCAL}"
    other = plain(
        Holder(pid=7, run="a-live", since=THEN, process_started=THEN, process_mark="boot 4001")
    )
    assert text.in_words(other) == f"pid 7, process started {LOCAL}, run a-live, since {LOCAL}"


def test_socket_is_a_row_and_what_is_not_there_is_none() -> None:
    row = "CLOSE_WAIT 127.0.0.1 4001 127.0.0.1 51901 8124"
    observed = {"close_wait": plain([recorded.ZOMBIE]), "last_failed": None, "waiting": 0}
    assert text.told(observed) == [f"close wait: {row}", "last failed: none", "waiting: 0"]


def test_what_there_is_none_of_is_left_out_where_it_is_said_why() -> None:
    found: dict[str, Any] = {"pid": None, "lines": 0, "last_lines": [], "milliseconds": {}}
    assert text.told({**found, "stopped": "it cannot be started"}) == [
        "lines: 0",
        "stopped: it cannot be started",
    ]
    assert text.told({**found, "stopped": ""})[-1] == "stopped: none"
    assert text.told(found)[-1] == "milliseconds: none"


def test_time_is_that_of_another_wall_clock_where_that_is_asked_for() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert text.in_words(plain(THEN), tokyo) == "2026-11-23 23:14:30"
    assert text.told({"process": {"started": plain(THEN)}}, tokyo) == [
        "process: started 2026-11-23 23:14:30"
    ]


def test_time_that_is_none_stays_as_it_is() -> None:
    for never in ("9999-99-99T99:99:99Z", "0001-01-01T00:00:00+00:00"):
        assert text.in_words(never, timezone(timedelta(hours=-5))) == never


def test_row_of_a_socket_is_shown_as_netstat_has_it_without_owner_and_number() -> None:
    ends = {"local_ip": "127.0.0.1", "local_port": 4001, "remote_ip": "", "remote_port": 0}
    row = {"state": "LISTEN", **ends, "pid": 812, "uid": 1000, "inode": 71200}
    assert text.in_words(row) == "LISTEN 127.0.0.1 4001 812"
