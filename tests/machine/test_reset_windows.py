"""IBKR's reset windows, in local time whatever the season."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from golive.machine.reset_windows import EASTERN, HONG_KONG, RESETS, ahead, told, windows
from tests.support.fakes import Fake
from tests.support.projects import ROOT, Project, environment

NONE = timedelta(0)
NORTH_AMERICA = "IBKR's nightly reset in North America"


def eastern(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(EASTERN), fold=fold)


def names(moment: datetime) -> list[str]:
    return [window.name for window in windows(moment, NONE)]


@pytest.mark.parametrize(
    ("moment", "is_in"),
    [
        ("2026-11-23T00:14:59", False),  # Monday, winter
        ("2026-11-23T00:15", True),
        ("2026-11-23T01:45", True),
        ("2026-11-23T01:45:01", False),
        ("2026-07-06T00:15", True),  # Monday, summer
        ("2026-11-28T00:30", False),  # Saturday: the weekend's reset instead
        ("2026-11-29T00:30", True),  # Sunday
    ],
)
def test_nightly_reset_of_north_america_is_told_from_sunday_to_friday(
    moment: str, is_in: bool
) -> None:
    assert (NORTH_AMERICA in names(eastern(moment))) is is_in
    assert (NORTH_AMERICA in names(eastern(moment).astimezone(UTC))) is is_in


def test_weekend_reset_lasts_from_friday_to_saturday() -> None:
    inside = [eastern(each) for each in ("2026-11-27T23:00", "2026-11-28T02:59")]
    outside = [eastern(each) for each in ("2026-11-27T22:59", "2026-11-28T03:01")]
    assert all("IBKR's weekend reset" in names(moment) for moment in inside)
    assert not any("IBKR's weekend reset" in names(moment) for moment in outside)


def test_end_of_logins_is_a_moment_of_sunday() -> None:
    (window,) = (each for each in windows(eastern("2026-11-29T00:55")) if "logins" in each.name)
    assert str(window) == "IBKR's weekly end of all logins, Sunday 01:00 US/Eastern"
    assert window.begin == window.end == eastern("2026-11-29T01:00")


def test_hour_that_comes_twice_in_autumn_counts_twice() -> None:
    before_and_after = [eastern("2026-11-01T01:30", fold) for fold in (0, 1)]
    assert all(NORTH_AMERICA in names(moment) for moment in before_and_after)
    (window,) = (w for w in windows(before_and_after[1], NONE) if w.name == NORTH_AMERICA)
    lasts = window.end.astimezone(UTC) - window.begin.astimezone(UTC)
    assert lasts == timedelta(hours=2, minutes=30)


def test_hour_that_is_left_out_in_spring_shifts_no_window() -> None:
    assert names(datetime(2026, 3, 8, 5, 15, tzinfo=UTC)) == [NORTH_AMERICA]  # still winter
    assert NORTH_AMERICA in names(datetime(2026, 3, 9, 4, 15, tzinfo=UTC))  # summer
    assert NORTH_AMERICA not in names(datetime(2026, 3, 9, 5, 46, tzinfo=UTC))


def test_reset_of_another_region_keeps_that_regions_day() -> None:
    sunday_there = datetime(2026, 11, 29, 4, 45, tzinfo=ZoneInfo(HONG_KONG))
    assert names(sunday_there) == ["IBKR's first daily reset in Asia-Pacific"]
    assert names(sunday_there - timedelta(days=1)) == []


def test_window_is_told_in_words_now_and_soon() -> None:
    line = "IBKR's nightly reset in North America, Monday 00:15 to 01:45 US/Eastern"
    assert told(eastern("2026-11-23T01:20"))[0] == f"this is in {line}"
    assert told(eastern("2026-11-23T00:05")) == [f"this is shortly before {line}"]
    assert told(eastern("2026-11-23T12:00")) == []


def test_every_window_is_found_from_its_first_moment_to_its_last() -> None:
    for reset in RESETS:
        found = list(reset.about(datetime(2026, 11, 25, 12, tzinfo=UTC)))
        found += list(reset.about(datetime(2026, 11, 28, 12, tzinfo=UTC)))
        assert found
        for window in found:
            for moment in (window.begin, window.end):
                assert window in windows(moment.astimezone(UTC), NONE)


def test_live_run_says_at_its_beginning_and_in_its_diagnosis_that_it_falls_in_a_window(
    own_project: Project, fake: Callable[..., Fake], secrets: Callable[..., Path]
) -> None:
    own_project.edit(
        "golive/machine/reset_windows.py",
        "RESETS = (",
        "RESETS = (\n"
        "    Reset('a reset', DAYS, time(0), time(12), EASTERN),\n"
        "    Reset('a reset', DAYS, time(12), time(0), EASTERN),",
    )
    settings = secrets(fake("silent").port, HandshakeTimeoutSeconds=2)
    run = own_project.rehearse("--secrets", str(settings))
    assert "\nthis is in a reset, " in run.output
    assert run.output.index("this is in a reset") < run.output.index("environment ")
    assert any(
        fact.startswith("this is in a reset, ") for fact in run.evidence["diagnosis"]["facts"]
    )
    assert "this is in a reset, " in str(run.steps["gateway.initialized"]["observed"]["resets"])
    smoke = own_project.run("golive", "smoke", "--secrets", str(secrets(fake().port)))
    assert smoke.exit_code == 0
    assert smoke.output.index("this is in a reset") < smoke.output.index("Attempting")


def test_rehearsal_is_in_no_window_of_ibkrs(project: Project) -> None:
    run = project.rehearse("--fake")
    assert run.steps["gateway.initialized"]["observed"]["resets"] == []


def test_missing_time_zone_database_is_said_not_guessed() -> None:
    code = (
        "from golive.machine.reset_windows import *\n"
        "moment = datetime(2026, 11, 23, 12, tzinfo=UTC)\n"
        "print(*told(moment))\ntry: windows(moment)\nexcept NoTimeZones: print('raised')"
    )
    without_tzdata = [sys.executable, "-S", "-c", code]
    done = subprocess.run(
        without_tzdata,
        cwd=ROOT,
        env=environment(PYTHONTZPATH=""),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.startswith("IBKR's reset windows are not known here"), done.stderr
    assert done.stdout.endswith("raised\n")


@pytest.mark.parametrize("hour", range(0, 24, 5))
def test_next_window_of_each_reset_is_to_come_within_eight_days(hour: int) -> None:
    moment = datetime(2026, 12, 1, hour, 30, tzinfo=UTC)
    found = ahead(moment)
    assert {each.name for each in found} == {each.name for each in RESETS}
    begins = [each.begin.astimezone(UTC) for each in found]
    assert begins == sorted(begins)
    assert moment < begins[0]
    assert begins[-1] - moment < timedelta(days=8)
    assert {each.name for each in found if not each.is_daily} == {
        "IBKR's weekend reset",
        "IBKR's weekly end of all logins",
    }
