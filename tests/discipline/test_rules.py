"""The rules about earlier attempts, asked of journals that are handed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golive.discipline.journal import Entry
from golive.discipline.one_run import Holder
from golive.discipline.rules import Discipline, Made, least_wait, made

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
GATEWAY, TWS, ELSEWHERE = "127.0.0.1:4001", "127.0.0.1:7497", "127.0.0.1:33745"
COOLDOWN = timedelta(seconds=90)


def seconds(ago: float) -> timedelta:
    return timedelta(seconds=ago)


def attempt(
    ago: float,
    outcome: str = "zombies",
    endpoint: str = GATEWAY,
    zombies: int | None = None,
    id_: int = 10,
) -> Made:
    """One that began and ended so many seconds ago."""
    return Made(endpoint, id_, NOW - seconds(ago), NOW - seconds(ago), outcome, zombies)


def killed(ago: float) -> Made:
    return Made(GATEWAY, 10, NOW - seconds(ago), None, "begun")


def discipline(*past: Made, endpoint: str = GATEWAY, cooldown: timedelta = COOLDOWN) -> Discipline:
    return Discipline(past, endpoint, frozenset({GATEWAY, TWS}), NOW, cooldown)


def line(second: int, outcome: str, run: str = "a", endpoint: str = GATEWAY) -> Entry:
    time = NOW + seconds(second)
    return Entry(time=time, run=run, endpoint=endpoint, client_id=10, outcome=outcome, zombies=1)


# what the lines tell of


def test_two_lines_are_one_attempt() -> None:
    (found,) = made([line(0, "begun"), line(3, "GO")])
    assert found == Made(GATEWAY, 10, NOW, NOW + seconds(3), "GO", 1, run="a")


def test_attempts_of_two_runs_and_of_two_endpoints_are_told_apart() -> None:
    lines = [
        line(0, "begun"),
        line(1, "begun", "b"),
        line(2, "begun", endpoint=TWS),
        line(3, "GO", "b"),
        line(4, "zombies"),
    ]
    assert [(each.endpoint, each.outcome) for each in made(lines)] == [
        (GATEWAY, "zombies"),
        (GATEWAY, "GO"),
        (TWS, "begun"),
    ]


def test_attempt_whose_beginning_is_damaged_counts_from_its_end() -> None:
    (found,) = made([line(3, "zombies")])
    assert (found.begun, found.last_seen, found.has_failed) == (NOW + seconds(3),) * 2 + (True,)


# cool-down


@pytest.mark.parametrize(
    ("past", "left"),
    [
        ((), None),
        ((attempt(10, "GO"),), None),
        ((attempt(10),), 80),
        ((attempt(10), attempt(5, "GO")), 80),
        ((killed(10),), 80),
        ((attempt(90),), None),
        ((attempt(10, endpoint=TWS),), None),
        ((attempt(-3600),), 90),
        ((attempt(-3600), attempt(95, "GO")), None),
        ((attempt(-3600), attempt(95, "GO"), attempt(10)), 80),
    ],
)
def test_cool_down_counts_from_the_last_failed_attempt_here(
    past: tuple[Made, ...], left: float | None
) -> None:
    until = discipline(*past).cooling_until
    assert until == (None if left is None else NOW + seconds(left))


@given(st.datetimes(timezones=st.just(UTC)), st.floats(0, 86_400))
def test_cool_down_never_lasts_longer_than_the_settings_say(moment: datetime, wait: float) -> None:
    past = Made(GATEWAY, 10, moment, None, "begun")
    until = discipline(past, cooldown=seconds(wait)).cooling_until
    assert until is None or NOW < until <= NOW + max(seconds(wait), least_wait(1))


def test_cool_down_of_nothing_lets_everything_pass_but_failures_one_upon_the_other() -> None:
    past = attempt(2), attempt(2, endpoint=TWS), attempt(2)
    found = discipline(*past, endpoint=TWS, cooldown=timedelta(0))
    assert (found.cooling_until, found.no_flip_until) == (None, None)


@pytest.mark.parametrize(
    ("failures", "wait"), [(0, 0), (1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (9, 256), (30, 300)]
)
def test_each_failure_in_a_row_is_waited_for_longer_whatever_the_cool_down_is(
    failures: int, wait: float
) -> None:
    past = attempt(0), attempt(0, "GO"), *[attempt(0)] * failures
    until = discipline(*past, cooldown=timedelta(0)).cooling_until
    assert until == (NOW + seconds(wait) if wait else None)
    least = discipline(*past, cooldown=seconds(200)).cooling_until
    assert least == NOW + seconds(max(200, wait))


# zombies


@pytest.mark.parametrize(
    ("past", "started_ago", "is_restarted"),
    [
        ((), None, True),
        ((attempt(50),), 500, True),
        ((attempt(50, zombies=2),), 500, False),
        ((attempt(50, zombies=2),), 40, True),
        ((attempt(50, zombies=2),), None, False),
        ((attempt(50, zombies=2), attempt(20)), 500, False),
        ((attempt(50, zombies=2), attempt(20, "GO")), 500, True),
        ((attempt(50, zombies=2, endpoint=TWS),), 500, True),
    ],
)
def test_gateway_that_was_left_with_zombies_must_have_been_started_since(
    past: tuple[Made, ...], started_ago: float | None, is_restarted: bool
) -> None:
    started = None if started_ago is None else NOW - seconds(started_ago)
    assert discipline(*past).is_restarted(started) is is_restarted


# client id


def test_last_client_id_is_that_of_the_last_attempt_at_this_endpoint() -> None:
    found = discipline(attempt(99, id_=1), attempt(80, id_=2), attempt(70, id_=3, endpoint=TWS))
    assert found.last_client_id == 2
    assert discipline().last_client_id is None


# flipping


@pytest.mark.parametrize(
    ("past", "to", "left"),
    [
        ((), TWS, None),
        (((200, GATEWAY),), TWS, None),
        (((60, GATEWAY), (30, TWS)), GATEWAY, 60),
        (((60, GATEWAY), (30, TWS)), TWS, None),
        (((200, GATEWAY), (100, TWS)), GATEWAY, None),
        (((200, TWS), (80, GATEWAY), (20, GATEWAY)), TWS, 10),
        (((60, GATEWAY), (30, ELSEWHERE)), GATEWAY, None),
        (((60, GATEWAY), (30, TWS)), ELSEWHERE, None),
        (((60, GATEWAY), (-3600, TWS)), GATEWAY, 90),
    ],
)
def test_endpoint_is_changed_once_in_a_cool_down_whatever_became_of_the_attempts(
    past: tuple[tuple[float, str], ...], to: str, left: float | None
) -> None:
    attempts = [attempt(ago, "GO", endpoint) for ago, endpoint in past]
    until = discipline(*attempts, endpoint=to).no_flip_until
    assert until == (None if left is None else NOW + seconds(left))


# the series of failures


@pytest.mark.parametrize(
    ("past", "first_ago"),
    [
        ((), None),
        ((attempt(60, "GO"),), None),
        ((attempt(900), attempt(600), killed(60)), 900),
        ((attempt(900), attempt(600, "GO"), attempt(60)), 60),
        ((attempt(900), attempt(60, endpoint=TWS)), 900),
        ((attempt(9000), attempt(600)), 600),
        ((attempt(4000),), None),
    ],
)
def test_series_of_failures_begins_after_the_last_go_or_a_long_pause(
    past: tuple[Made, ...], first_ago: float | None
) -> None:
    first = discipline(*past, endpoint=TWS).first_failure(GATEWAY)
    assert first == (None if first_ago is None else NOW - seconds(first_ago))


# beside a run that is alive


def holding(run: str, since: float) -> Holder:
    began = NOW - seconds(since)
    return Holder(run=run, pid=4711, since=began, process_started=began)


@pytest.mark.parametrize("holder", [holding("other-name", 20), holding("", 5), None])
def test_open_attempt_of_who_holds_the_endpoint_is_no_failure_to_wait_for(
    holder: Holder | None,
) -> None:
    rules = discipline(killed(10))
    assert rules.cooling_until is not None, "the rule itself is as it was"
    assert rules.open_attempt(holder) == killed(10)
    assert rules.beside(holder).refused_until is None


def test_attempt_of_a_killed_run_is_waited_for_beside_the_next_run() -> None:
    holder = holding("the-next", 5)
    assert discipline(killed(10)).open_attempt(holder) is None
    assert discipline(killed(10)).beside(holder).cooling_until is not None


def test_failure_before_the_open_attempt_is_waited_for_all_the_same() -> None:
    rules = discipline(attempt(30), killed(10)).beside(holding("other-name", 20))
    assert rules.refused_until == NOW + COOLDOWN - seconds(30)
