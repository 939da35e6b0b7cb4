"""AutoReconnect: by the rules about attempts, with the same client id, and never among zombies."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fake_ib_gateway import FakeGateway
from golive.discipline.earlier_attempts import Aim, Memory
from golive.monitor import retrying
from golive.monitor.retrying import LASTING_SECONDS, LONGEST_SECONDS, MOST_FAILURES, Retrying
from golive.monitor.stopping import Stop
from golive.run.session import Exit
from golive.settings.model import Settings
from tests.monitor.conftest import PATIENT, SERVED
from tests.support import four_ports
from tests.support.fakes import Fake, wait_until
from tests.support.monitoring import MonitorHere
from tests.support.monitors import (
    Hurried,
    connections,
    journal,
    performed,
    settings_for,
    zombies,
)
from tests.support.projects import example_settings
from tests.support.talking import Talking

Here = Callable[..., tuple[FakeGateway, MonitorHere]]
ALWAYS: dict[str, Any] = {
    "AutoReconnect": True,
    "ReconnectDelaySeconds": 0,
    "RetryCooldownSeconds": 0,
}


def attempts(state: Path) -> list[datetime]:
    """When each was begun."""
    return [each.time for each in journal(state) if each.outcome == "begun"]


def failures(state: Path) -> list[datetime]:
    return [each.time for each in journal(state) if each.outcome not in ("begun", "GO")]


def test_gateway_that_restarts_is_connected_again_with_the_same_client_id(
    here: Here, state: Path
) -> None:
    monitored = {"ReconnectDelaySeconds": 2} | SERVED
    gateway, monitor = here(clock=Hurried(), **ALWAYS | monitored)
    monitor.hears("Retrieved 24 positions")
    begin = datetime.now(UTC)
    gateway.restart(0.3)
    monitor.hears("disconnected: ")
    monitor.hears("Retrieved 24 positions", 2)
    monitor.becomes_ready()
    status, told = monitor.asked("/readyz")
    assert (status, told["reconnects"], told["smoke"]) == (200, 1, "GO")
    assert monitor.stopped() == 0, monitor.output
    assert (connections(gateway), zombies(gateway), gateway.orders_received) == (2, 0, 0)
    assert {each.client_id for each in journal(state)} == {10}
    outcomes = [each.outcome for each in journal(state)]
    assert outcomes == ["begun", "connection-lost", "begun", "GO"]  # it did not last
    assert attempts(state)[1] - begin >= timedelta(seconds=2)


def test_after_a_failure_the_cool_down_holds_whatever_the_delay_is(here: Here, state: Path) -> None:
    def on(line: str) -> None:
        if "Diagnosis: handshake-refused" in line:
            gateway.become("healthy")

    cooldown = {"RetryCooldownSeconds": 90}
    gateway, monitor = here(clock=Hurried(), on=on, **ALWAYS | cooldown | SERVED)
    monitor.hears("Retrieved 24 positions")
    gateway.become("refuses")
    gateway.drop_everyone()
    monitor.hears("Retrieved 24 positions", 2)
    monitor.becomes_ready()
    assert monitor.stopped() == 0, monitor.output
    lost, failed = failures(state)  # a connection that was lost at once has failed as well
    assert attempts(state)[1] - lost >= timedelta(seconds=90)
    assert attempts(state)[2] - failed >= timedelta(seconds=90)
    assert connections(gateway) == 3


@pytest.mark.parametrize("when", ["while-connected", "by-the-attempt"])
def test_zombies_are_for_a_person_and_no_attempt_is_made_among_them(when: str, here: Here) -> None:
    delay = 60 if when == "while-connected" else 0  # which is not waited for
    times = {"ReconnectDelaySeconds": delay, "HandshakeTimeoutSeconds": 2}
    gateway, monitor = here(clock=Hurried(), **ALWAYS | times)
    monitor.hears("Retrieved 24 positions")
    if when == "while-connected":
        gateway.add_zombies(1)
    else:
        gateway.become("leaky")
    gateway.drop_everyone()
    assert monitor.ended() == 5, monitor.output
    assert "Diagnosis: zombies, Procedure A" in monitor.output
    assert connections(gateway) == (1 if when == "while-connected" else 2)


def test_mute_gateway_is_given_the_cool_down_and_left_in_order(here: Here, state: Path) -> None:
    """While it is connected a second is one: it is waited for the gateway, not let pass."""

    def on(line: str) -> None:
        if "disconnected: the gateway has stopped answering" in line:
            seen.append(connections(gateway))
            gateway.become("healthy")

    seen: list[int] = []
    cooldown = {"RetryCooldownSeconds": 1}
    gateway, monitor = here(clock=Hurried(), on=on, **ALWAYS | cooldown | SERVED)
    monitor.hears("Retrieved 24 positions")
    gateway.become("mute")
    monitor.hears("Diagnosis: half-open")
    monitor.hears("Retrieved 24 positions", 2)
    monitor.becomes_ready()
    assert monitor.stopped() == 0, monitor.output
    assert seen == [1]
    assert [each.outcome for each in journal(state)] == ["begun", "half-open", "begun", "GO"]
    assert attempts(state)[1] - failures(state)[0] >= timedelta(seconds=1)


ANOTHER = "import socket, sys; held = socket.create_connection(('127.0.0.1', {port})); {rest}"


def test_nobody_else_is_pushed_aside_and_their_end_is_waited_for(here: Here) -> None:
    def on(line: str) -> None:
        if "disconnected: " in line and not others:
            code = ANOTHER.format(port=gateway.port, rest="print('there', flush=True); input()")
            others.append(stack.enter_context(Talking(sys.executable, "-c", code)))
            others[0].says(0)

    others: list[Talking] = []
    with ExitStack() as stack:
        gateway, monitor = here(clock=Hurried(), on=on, **ALWAYS)
        monitor.hears("Retrieved 24 positions")
        gateway.drop_everyone()
        monitor.hears("it is connected to the gateway's port")
        assert connections(gateway) == 2
    monitor.hears("Retrieved 24 positions", 2)
    assert connections(gateway) == 3


def test_gateway_that_is_down_is_waited_for_without_an_attempt(here: Here, state: Path) -> None:
    gateway, monitor = here(clock=Hurried(), **ALWAYS)
    monitor.hears("Retrieved 24 positions")
    with four_ports.alone():
        gateway.become("down")
        gateway.drop_everyone()
        monitor.hears("not reconnected yet: nothing listens")
        assert len(attempts(state)) == 1
        assert monitor.stopped() == 5, monitor.output
    assert "no connection was left open" in monitor.lines[-1]


def test_new_gateway_is_given_its_initialization_time(
    fake: Callable[..., Fake], tmp_path: Path, state: Path
) -> None:
    """Its start is the machine's to tell, so no time is skipped."""
    first = fake()
    path = settings_for(
        tmp_path / "s.json", first.port, **ALWAYS | PATIENT, InitializationSeconds=2
    )
    with MonitorHere(path) as monitor:
        monitor.hears("Retrieved 24 positions")
        first.kill()
        monitor.hears("disconnected: ")
        second = fake("--port", str(first.port))
        monitor.hears("Retrieved 24 positions", 2)
    entry = [each for each in journal(state) if each.outcome == "begun"][1]
    assert entry.gateway_started is not None
    assert entry.time - entry.gateway_started >= timedelta(seconds=2)
    assert second.connections == 1


@pytest.mark.parametrize("becomes", ["healthy", "refuses"])
def test_gateway_that_drops_at_once_is_left_though_the_settings_know_no_wait(
    becomes: str, tmp_path: Path, state: Path
) -> None:
    with FakeGateway() as gateway:

        def hear(line: str) -> None:
            if "] Retrieved 24" in line:
                gateway.become(becomes)
                gateway.drop_everyone()
            assert gateway.connections <= MOST_FAILURES, "it goes on without end"

        settings = settings_for(tmp_path / "s.json", gateway.port, **ALWAYS)
        exit_code, lines = performed(settings, Stop(), hear, Hurried())
        assert (exit_code, gateway.connections) == (Exit.LOST, MOST_FAILURES)
    assert f"{MOST_FAILURES} failures in a row" in lines[-1]
    assert len(failures(state)) == MOST_FAILURES
    waits = [later - earlier for earlier, later in pairwise(attempts(state))]
    assert all(wait >= timedelta(seconds=2**n) for n, wait in enumerate(waits))


@pytest.mark.parametrize(("is_silent", "seconds", "remembered"), [(False, 5, 0), (True, 90, 1)])
def test_gateway_that_was_silent_before_it_dropped_us_is_given_the_cool_down(
    is_silent: bool, seconds: int, remembered: int, tmp_path: Path, state: Path
) -> None:
    stop, clock, waits = Stop(), Hurried(), {"ReconnectDelaySeconds": 5, "RetryCooldownSeconds": 90}
    with FakeGateway() as gateway:

        def hear(line: str) -> None:
            if "] Retrieved 24" in line:
                clock.sleep(3600)
                gateway.become("mute") if is_silent else gateway.drop_everyone()
            elif "half-open: " in line:
                gateway.drop_everyone()
            elif "] reconnecting" in line:
                stop.ask("the test")

        settings = settings_for(tmp_path / "s.json", gateway.port, AutoReconnect=True, **waits)
        _, lines = performed(settings, stop, hear, clock)
        assert gateway.connections == 1
    assert any(line.endswith(f"] reconnecting in {seconds} s") for line in lines)
    assert len(failures(state)) == remembered


def test_gateway_that_drops_every_minute_is_connected_no_more_often_than_that(
    tmp_path: Path, state: Path
) -> None:
    stop, clock = Stop(), Hurried()
    with FakeGateway() as gateway:

        def hear(line: str) -> None:
            if "] Retrieved 24" in line:
                gateway.drop_everyone()
            elif "disconnected: " in line:
                clock.sleep(LASTING_SECONDS)
                if gateway.connections == 1 + MOST_FAILURES:
                    stop.ask("the test")

        settings = settings_for(tmp_path / "s.json", gateway.port, **ALWAYS)
        assert performed(settings, stop, hear, clock)[0] == Exit.LOST
        assert gateway.connections == 1 + MOST_FAILURES
    assert failures(state) == []


def test_what_another_run_has_failed_at_is_obeyed_as_well(here: Here, state: Path) -> None:
    """The cool-down counts from the journal, whoever wrote there."""
    gateway, monitor = here(clock=Hurried(), **ALWAYS | {"RetryCooldownSeconds": 90})
    monitor.hears("Retrieved 24 positions")
    wait_until(lambda: gateway.state["connections"] == 1)
    gateway.drop_everyone()
    monitor.hears("Retrieved 24 positions", 2)
    assert attempts(state)[1] - failures(state)[0] >= timedelta(seconds=90)


def test_reason_to_override_a_rule_is_one_for_the_first_attempt_only(state: Path) -> None:
    here = "127.0.0.1:4001"
    memory = Memory(state, Aim(here, here, "127.0.0.1:7497", timedelta(0)), "run", "I looked")
    assert memory.allows("environment.cool-down", "too early")
    memory.attempts.begin("127.0.0.1", 4001, 10)
    memory.attempts.end("GO", 0)
    memory.look_again()
    assert not memory.allows("environment.cool-down", "too early")
    memory.attempts.begin("127.0.0.1", 4001, 10)
    memory.close()
    assert [each.override for each in journal(state)] == ["I looked", "I looked", None]


def test_connection_that_was_good_fails_from_its_loss_on_and_not_from_its_beginning(
    state: Path,
) -> None:
    """The ten minutes after which the advice is TWS paper count from there."""
    here, clock = "127.0.0.1:4001", Clock()
    memory = Memory(state, Aim(here, here, "", timedelta(0)), "run", clock=clock)
    memory.attempts.begin("127.0.0.1", 4001, 10)
    begun = clock.now()
    assert memory.first_failure == begun
    memory.attempts.keep()
    assert memory.first_failure is None
    clock.sleep(3600)
    memory.attempts.end("half-open", 0)
    assert memory.first_failure == begun + timedelta(hours=1)
    memory.close()


# the rules, with a clock in hand


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 23, 9, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def rules(clock: Clock, delay: float = 5, cooldown: float = 90) -> Retrying:
    document = example_settings()
    document["IBKRCredentials"]["ReconnectDelaySeconds"] = delay
    document["GoLive"]["RetryCooldownSeconds"] = cooldown
    return Retrying(Settings.model_validate(document), clock)


@pytest.mark.parametrize(
    ("in_order", "delay", "cooldown", "waits"),
    [(True, 5, 90, 5), (False, 5, 90, 90), (False, 120, 90, 120), (True, 120, 90, 120)],
)
def test_next_attempt_is_due_after_the_delay_or_the_cool_down(
    in_order: bool, delay: float, cooldown: float, waits: float
) -> None:
    clock = Clock()
    found = rules(clock, delay, cooldown)
    clock.sleep(1000)
    found.lost(in_order=in_order)
    assert found.due_at == 1000 + waits
    clock.sleep(waits)
    found.tried(is_attempt=True)
    assert found.due_at == 1000 + waits + max(delay, cooldown)


def test_look_that_was_no_attempt_is_repeated_soon_and_counts_for_nothing() -> None:
    clock = Clock()
    found = rules(clock, delay=0)
    found.lost(in_order=True)
    for _ in range(3 * MOST_FAILURES):
        found.tried(is_attempt=False)
    assert (found.due_at, found.given_up) == (retrying.LOOK_SECONDS, "")


def test_failure_is_waited_for_and_each_after_it_for_longer_whatever_the_settings_say() -> None:
    clock = Clock()
    found, waits = rules(clock, delay=0, cooldown=0), []
    while not found.given_up:
        found.tried(is_attempt=True)
        waits.append(found.due_at - clock.monotonic())
    assert waits == [1, 2, 4, 8, 16]


@pytest.mark.parametrize(
    ("cooldown", "least"), [(0, LASTING_SECONDS), (90, 90), (LASTING_SECONDS, LASTING_SECONDS)]
)
def test_connection_has_lasted_by_the_cool_down_and_a_minute_at_least(
    cooldown: float, least: float
) -> None:
    found = rules(Clock(), cooldown=cooldown)
    assert found.has_lasted(least)
    assert not found.has_lasted(least - 0.1)


def test_connection_that_was_good_ends_a_series_of_failures() -> None:
    found = rules(Clock())
    for _ in range(MOST_FAILURES - 1):
        found.tried(is_attempt=True)
    assert found.given_up == ""
    found.lost(in_order=True)
    found.tried(is_attempt=True)
    assert found.given_up == ""


def test_connections_that_are_lost_at_once_come_to_an_end_as_well() -> None:
    found = rules(Clock())
    for _ in range(MOST_FAILURES):
        assert found.given_up == ""
        found.lost(in_order=False)
    assert "failures in a row" in found.given_up


def test_gateway_that_does_not_come_back_is_not_waited_for_without_end() -> None:
    clock = Clock()
    found = rules(clock)
    found.lost(in_order=True)
    clock.sleep(LONGEST_SECONDS - 1)
    assert found.given_up == ""
    clock.sleep(1)
    assert "7 days" in found.given_up
