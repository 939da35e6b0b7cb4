"""How long ago an attempt was does not depend on how the clock was set since."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from golive.discipline import elapsed
from golive.discipline.earlier_attempts import Aim, Memory
from golive.discipline.elapsed import Moment
from golive.discipline.journal import Entry, Journal
from golive.discipline.rules import Discipline, made
from golive.kit.clock import SYSTEM
from golive.machine import processes
from tests.support.fakes import Fake
from tests.support.projects import ROOT, Project

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HERE = "127.0.0.1:4001"
COOLDOWN = timedelta(seconds=90)
HOUR = timedelta(hours=1)
Started = Callable[..., Fake]
Written = Callable[..., Path]


def entry(outcome: str = "begun", **more: Any) -> Entry:
    facts = {"time": NOW, "run": "r", "endpoint": HERE, "client_id": 10, "outcome": outcome}
    return Entry.model_validate(facts | more)


def rules(*entries: Entry, moment: Moment) -> Discipline:
    past = tuple(made(elapsed.as_of(entries, moment)))
    return Discipline(past, HERE, frozenset({HERE}), moment.time, COOLDOWN)


@pytest.mark.parametrize("is_set", [-HOUR, HOUR, timedelta(0), timedelta(days=-4000)])
@pytest.mark.parametrize(("ago", "is_allowed"), [(10, False), (89, False), (91, True)])
def test_cool_down_lasts_as_long_however_the_clock_is_set_within_a_boot(
    ago: float, is_allowed: bool, is_set: timedelta
) -> None:
    failed = entry("zombies", boot="this", uptime=1000.0)
    moment = Moment(NOW + is_set + timedelta(seconds=ago), "this", 1000 + ago)
    found = rules(failed, moment=moment)
    assert (found.quick_retry is None) is is_allowed
    assert found.is_dated
    if not is_allowed:
        assert found.cooling_until == moment.time + COOLDOWN - timedelta(seconds=ago)


@pytest.mark.parametrize(
    "unknown",
    [{}, {"boot": "another", "uptime": 5.0}, {"boot": "this", "uptime": 9e9}, {"uptime": 1.0}],
)
def test_what_lies_ahead_of_the_clock_is_refused_with_the_way_out(unknown: dict[str, Any]) -> None:
    moment = Moment(NOW - HOUR, "this", 50.0)
    found = rules(entry("zombies", **unknown), moment=moment)
    assert found.cooling_until == moment.time + COOLDOWN
    assert "The clock has since been set back" in str(found.quick_retry)
    assert '--override "reason"' in str(found.quick_retry)


def test_earlier_versions_entries_go_by_the_clock() -> None:
    old = json.dumps({"time": "2026-11-23T09:00:00Z", "run": "r", "endpoint": HERE, "client_id": 10,
                      "outcome": "zombies"})  # fmt: skip
    found = rules(Entry.model_validate_json(old), moment=Moment(NOW + COOLDOWN / 2, "this", 5.0))
    assert found.cooling_until == NOW + COOLDOWN
    assert found.is_dated


def test_what_moments_tell_is_not_written() -> None:
    written = json.loads(entry(is_dated=False, written=NOW).model_dump_json())
    assert not {"is_dated", "written"} & set(written)


@pytest.mark.parametrize("follows", [True, False])
def test_gateway_is_restarted_only_where_its_start_is_later_by_every_clock(
    follows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a start stays as it was told once, a clock that was set back proves nothing."""
    monkeypatch.setattr(processes, "STARTS_FOLLOW_THE_CLOCK", follows)
    left = entry("zombies", boot="this", uptime=1000.0, zombies=2)
    found = rules(left, moment=Moment(NOW - HOUR + COOLDOWN, "this", 1090.0))
    between = NOW - HOUR / 2
    assert found.is_restarted(between) is follows
    assert not found.is_restarted(NOW - 2 * HOUR)
    assert found.is_restarted(NOW + HOUR)
    assert '--override "reason"' in str(found.no_restart(NOW - 2 * HOUR))


class SetClock:
    """The machine's, set by somebody."""

    def __init__(self) -> None:
        self.set, self.passed = timedelta(0), 0.0

    def now(self) -> datetime:
        return SYSTEM.now() + self.set + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return SYSTEM.monotonic() + self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


def memory(state: Path, clock: SetClock) -> Memory:
    return Memory(state, Aim(HERE, HERE, "127.0.0.1:7497", COOLDOWN), "run", clock=clock)


@pytest.mark.parametrize("boot", ["this", ""])
def test_clock_that_was_set_back_does_not_refuse_for_ever(
    boot: str, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock()
    journal = Journal(state)
    journal.prepare()
    journal.append(entry("zombies", time=clock.now()))
    clock.set = -HOUR
    monkeypatch.setattr(elapsed, "boot_name", lambda: boot)
    untils = []
    for _ in range(2):
        found = memory(state, clock)
        untils.append(found.discipline.cooling_until)
        assert "--override" in str(found.discipline.quick_retry)
        found.close()
        clock.sleep(30)
    first, second = untils
    assert first is not None
    assert second is not None
    assert abs(second - first) < timedelta(seconds=5)  # what was told is true
    clock.sleep(60)
    found = memory(state, clock)
    assert found.discipline.quick_retry is None
    found.close()
    assert [each.outcome for each in journal.read().entries] == ["zombies", "looked"]


def test_sign_of_life_tells_when_a_killed_run_ended(state: Path) -> None:
    clock = SetClock()
    kept = memory(state, clock)
    kept.attempts.begin("127.0.0.1", 4001, 10)
    kept.attempts.keep()
    clock.sleep(8 * 3600)
    kept.still_there()
    kept.close()  # as the system does it
    clock.set = -2 * HOUR
    clock.sleep(20)
    next_one = memory(state, clock)
    left = next_one.discipline.cooling_until
    assert left is not None
    assert timedelta(seconds=60) < left - clock.now() <= timedelta(seconds=70)
    assert next_one.first_failure is not None
    assert clock.now() - next_one.first_failure < timedelta(seconds=30)
    next_one.close()


def test_smoke_test_is_refused_while_time_is_unknown_and_told_what_to_do(
    fake: Started, secrets: Written, state: Path
) -> None:
    gateway, journal = fake(), Journal(state)
    journal.prepare()
    here = f"127.0.0.1:{gateway.port}"
    journal.append(entry("half-open", time=datetime.now(UTC) + HOUR, endpoint=here))
    words = ("golive", "smoke", "--secrets", str(secrets(gateway.port, RetryCooldownSeconds=90)))
    refused = Project(ROOT).run(*words)
    assert refused.exit_code == 3, refused.output
    assert "The clock has since been set back" in refused.output
    assert "some time ago: " in refused.output
    assert gateway.connections == 0
    assert Project(ROOT).run(*words, "--override", "that was yesterday").exit_code == 0


@pytest.mark.parametrize("seconds", [200.0, 10.0])
def test_smoke_test_goes_by_the_time_since_the_boot_where_the_clock_was_set(
    seconds: float, fake: Started, secrets: Written, state: Path
) -> None:
    if not elapsed.boot_name():
        pytest.skip("this machine does not tell its boots apart")
    gateway, journal = fake(), Journal(state)
    journal.prepare()
    boot, uptime = elapsed.since_boot(SYSTEM)
    assert uptime is not None
    dated = {"boot": boot, "uptime": uptime - seconds, "time": datetime.now(UTC) + HOUR}
    journal.append(entry("half-open", endpoint=f"127.0.0.1:{gateway.port}", **dated))
    path = secrets(gateway.port, RetryCooldownSeconds=90)
    done = Project(ROOT).run("golive", "smoke", "--secrets", str(path))
    assert done.exit_code == (0 if seconds > 90 else 3), done.output
    assert gateway.connections == (1 if seconds > 90 else 0)
