"""The wait for the gateway's initialization, on a clock that is handed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from golive.machine.gateway import Gateway, Uptime
from golive.machine.processes import Process
from golive.machine.sockets import NotObservable, Socket, SocketTable
from tests.support.projects import Project

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LISTENER = Socket("LISTEN", "127.0.0.1", 4001, "", 0, 812, uid=1000, inode=71_200)


class HandClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.passed, self.set = 0.0, timedelta(0)
        self.at: dict[float, Callable[[], None]] = {}

    def now(self) -> datetime:
        return NOW + self.set + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds
        for moment in [each for each in self.at if each <= self.passed]:
            self.at.pop(moment)()


class Machine:
    """A machine with one listener, whose process may change."""

    def __init__(self, up_for: float | None) -> None:
        self.clock, self.listeners, self.told = HandClock(), [LISTENER], list[float]()
        self.up_for = up_for

    def process(self, pid: int) -> Process | None:
        if self.up_for is None:
            return None
        return Process(pid, "ibgateway.exe", NOW - timedelta(seconds=self.up_for))

    def wait(self, seconds: float, logged_in: datetime | None = None) -> Uptime:
        table = SocketTable(read=lambda: self.listeners)
        gateway = Gateway(4001, table, self.clock, process=self.process)
        return gateway.wait_until_initialized(seconds, self.told.append, logged_in)


def test_gateway_that_is_up_long_enough_is_not_waited_for() -> None:
    uptime = Machine(up_for=100).wait(90)
    assert (uptime.seconds, uptime.waited_seconds, uptime.is_same) == (100, 0, True)


def test_remainder_is_waited_with_a_countdown_each_second() -> None:
    machine = Machine(up_for=60)
    uptime = machine.wait(90)
    assert (uptime.seconds, uptime.waited_seconds) == (90, 30)
    assert machine.told == [float(left) for left in range(30, 0, -1)]


def test_process_that_is_not_told_is_waited_for_in_full_and_not_guessed() -> None:
    uptime = Machine(up_for=None).wait(90)
    assert (uptime.seconds, uptime.waited_seconds, uptime.process) == (90, 90, None)


@pytest.mark.parametrize(
    "new", [replace(LISTENER, inode=71_201), replace(LISTENER, uid=1001)], ids=["inode", "uid"]
)
def test_listener_without_a_process_is_another_where_its_socket_is(new: Socket) -> None:
    machine = Machine(up_for=None)
    machine.clock.at[30] = lambda: machine.listeners.__setitem__(0, new)
    assert not machine.wait(90).is_same


def test_unknown_listener_is_given_its_time_and_never_taken_for_the_same() -> None:
    machine = Machine(up_for=None)
    machine.listeners = [replace(LISTENER, uid=None, inode=None)]
    with pytest.raises(NotObservable, match="same gateway was not observed"):
        machine.wait(90)
    assert machine.clock.passed == 90


def test_clock_that_stands_behind_never_waits_longer_than_the_initialization() -> None:
    uptime = Machine(up_for=-3600).wait(90)
    assert uptime.waited_seconds == 90


@pytest.mark.parametrize(("ago", "waited"), [(20, 70), (200, 0), (-3600, 0)])
def test_time_counts_from_the_login_where_that_is_later_and_not_to_come(
    ago: float, waited: float
) -> None:
    uptime = Machine(up_for=1000).wait(90, NOW - timedelta(seconds=ago))
    assert uptime.waited_seconds == waited


def test_gateway_that_goes_away_during_the_wait_is_noticed() -> None:
    machine = Machine(up_for=60)
    machine.clock.at[5] = machine.listeners.clear
    uptime = machine.wait(90)
    assert (uptime.is_same, uptime.waited_seconds) == (False, 5)


def test_gateway_that_is_restarted_during_the_wait_is_noticed() -> None:
    machine = Machine(up_for=60)
    machine.clock.at[5] = lambda: setattr(machine, "up_for", -5)
    assert not machine.wait(90).is_same


@pytest.mark.parametrize(("queues", "left"), [([0], 0), ([2, 1, 0], 0), ([1] * 20, 1)])
def test_accept_queue_counts_only_who_keeps_waiting(queues: list[int], left: int) -> None:
    looks = iter(queues)
    gateway = Gateway(4001, SocketTable(), HandClock(), queue=lambda port: next(looks))
    assert gateway.accept_queue() == left


def test_young_gateway_is_waited_for_visibly_and_then_go(
    own_project: Project, secrets: Callable[..., object]
) -> None:
    own_project.finds_every_gateway_young()
    settings = str(secrets(4001, InitializationSeconds=2))
    run = own_project.rehearse("--fake", "--secrets", settings)
    assert run.exit_code == 0
    assert "waiting for initialization, " in run.output
    assert run.steps["gateway.initialized"]["observed"]["needed_seconds"] == 2


def test_gateway_on_another_machine_is_given_its_time_unseen() -> None:
    clock = HandClock()
    gateway = Gateway(4001, SocketTable("192.0.2.1"), clock)
    with pytest.raises(NotObservable, match="golive waited 90 s"):
        gateway.wait_until_initialized(90)
    assert clock.passed == 90


def test_clock_that_is_set_ahead_during_the_wait_shortens_it_by_nothing() -> None:
    machine = Machine(up_for=80)
    machine.clock.at[3] = lambda: setattr(machine.clock, "set", timedelta(hours=1))
    uptime = machine.wait(90)
    assert (uptime.seconds, uptime.waited_seconds) == (90, 10)
