"""A held connection is watched: what goes wrong is known in time, silence is never health."""

from __future__ import annotations

import socket
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.faults.shared.named import FAULTS
from golive.diagnosis.decision_tree import BY_CODE
from golive.machine.sockets import NotObservable, SocketTable
from golive.monitor.holding import held as holding
from golive.monitor.holding import last_answers
from golive.monitor.holding import watch as watching
from golive.monitor.holding.requests import Ask
from golive.monitor.holding.state import LATE_SECONDS, State
from golive.monitor.holding.watch import (
    ANSWER_SECONDS,
    REFRESH_BOUND_SECONDS,
    REFRESH_SECONDS,
    Watch,
)
from tests.support.gateways import Scripted, handshake
from tests.support.holding import SECONDS, HandClock, Simulated, owned, served, simulated, watched

QUICK: dict[str, Any] = {"HeartbeatSeconds": 1.1}


def trouble(watch: Watch) -> str:
    """What keeps it from being ready, now."""
    return watch.state.trouble(watch._clock.monotonic())


def becomes(watch: Watch, code: str) -> State:
    """Serves until that is the trouble; "" is none."""
    served(watch, lambda: trouble(watch) == code)
    return watch.state


READY = ""
WATCHED = {
    "healthy": READY,
    "boundary": READY,
    "fragmented": READY,
    "chatty": READY,
    "orders-first": READY,
    "closed-positions": READY,
    "hostile": READY,
    "slow": READY,
    "dialog=0.1": READY,
    "missing-positions": READY,  # how many there must be is not for the watch to say
    "read-only": READY,
    "other-master": READY,
    "untrusted": READY,
    "busy": READY,
    "no-close": READY,  # not before it is closed
    "joined": READY,
    "farm-broken": READY,
    "other-orders": READY,
    "paced": READY,
    "accounts-reordered": READY,
    "repeated-rows": READY,
    "same-rows-behind": READY,
    "rows-behind": READY,  # what is held now; that it has changed is for a run to say
    "twice-told": READY,
    "restored": READY,  # asked for behind it, as in the next three
    "restored-data-lost": READY,
    "disclaimer-granted": READY,
    "unknown-code": READY,
    "flood-of-notices=0.5": READY,
    "starting=0": READY,
    "zombies": "zombies",
    "late-zombies=0.5": "zombies",
    "mute": "half-open",
    "mute=0.5": "half-open",
    "connectivity-lost": "connectivity-lost",
    "connectivity-lost=0.5": "connectivity-lost",
    "endless-positions": "positions-incomplete",
    "advisor": "too-many-accounts",
    "advisor-refused": "too-many-accounts",
    "not-available": "positions-not-available",
    "not-available-yet": "positions-not-available",
    "available-late": "positions-not-available",  # it says so to each request
    "account-unavailable": "positions-not-available",
    "request-refused": "request-refused",
    "unknown-at-positions": "gateway-in-trouble",
    "says-between": "connectivity-lost",
    "says-between=2151": "positions-not-available",
    "says-behind": "connectivity-lost",
    "says-behind=1300": "port-changed",
    "accounts-behind": "accounts-changed",
    "contradictory-rows": "positions-contradictory",
    "flood-of-rows": "flood",
    "port-changed": "port-changed",
    "drops": "connection-lost",
    "drops-after-positions": "connection-lost",
    "drops-late=0.5": "connection-lost",
}
NO_HANDSHAKE = {
    "down", "wrong-port", "wrong-address", "silent", "leaky", "wedged", "no-start", "refuses",
    "garbage", "accounts-only", "drops-after-start", "client-id-in-use", "authentication-failed",
    "wrong-account",
    "disclaimer", "disclaimer-closes", "second-factor", "second-factor-expired", "throttled",
    "wrong-password", "session-taken", "login-unanswered", "not-logged-in", "not-listening",
    "http", "tls",
}  # fmt: skip
"""Nothing that could be held, or not what is meant: the handshake's steps see to that."""


def test_every_fault_is_watched_or_lets_no_handshake_come_about() -> None:
    assert {words.partition("=")[0] for words in WATCHED} | NO_HANDSHAKE == set(FAULTS)


@pytest.mark.parametrize("fault", WATCHED)
def test_fault_is_named_in_the_state_with_what_to_do(fault: str) -> None:
    with FakeGateway(faults=[fault]) as gateway, watched(gateway.port, **QUICK) as watch:
        assert trouble(watch) == "starting"  # that it is well must have been seen
        state = becomes(watch, WATCHED[fault])
        if state.code:
            assert state.code == WATCHED[fault]
            assert state.cause
            assert state.next_steps
            assert "{" not in "".join((state.cause, *state.next_steps))
            assert state.code in BY_CODE
        assert gateway.orders_received == 0


def test_ready_gateway_stays_ready_heartbeat_after_heartbeat() -> None:
    with FakeGateway() as gateway, watched(gateway.port, **QUICK) as watch:
        becomes(watch, READY)
        seen: list[str] = []

        def three_beats() -> bool:
            seen.append(trouble(watch))
            return watch.state.heartbeats == 4

        served(watch, three_beats)
        state = watch.state
        assert set(seen) == {READY}
        assert state.answers >= 5
        assert state.answer_ms is not None
        assert state.positions
        assert len(state.positions.rows) == 24
        assert watch.held.kept.summary
        assert (state.zombies, state.reconnects, state.smoke) == (0, 0, None)
        assert state.handshake_ms is not None
        assert (state.port, state.client_id) == (gateway.port, 10)
        assert gateway.received.count("REQ_POSITIONS") == 1


def test_gateway_that_goes_mute_is_half_open_and_connected_again_once_it_answers() -> None:
    with FakeGateway() as gateway, watched(gateway.port, **QUICK) as watch:
        becomes(watch, READY)
        gateway.become("mute")
        state = becomes(watch, "half-open")
        assert state.condition == "half-open"
        assert "stopped answering" in state.cause
        gateway.become("healthy")
        state = becomes(watch, READY)
        assert (state.condition, state.cause, state.next_steps) == ("connected", "", ())
        assert gateway.connections == 1


@pytest.mark.parametrize("lag", [2.5, 7.0, 30.0, 90.0])
def test_gateway_that_answers_all_too_late_is_half_open_until_it_answers_in_time(
    lag: float,
) -> None:
    gateway = Simulated(HandClock())
    with simulated(gateway) as watch:
        watch.serve(30)
        assert watch.state.condition == "connected"
        gateway.latency = lag
        watch.serve(20, lambda state: state.condition == "half-open")
        seen: list[str] = []

        def note(state: State) -> bool:
            seen.append(state.condition)
            return False

        watch.serve(300, note)
        assert set(seen) == {"half-open"}
        gateway.latency = 0.05
        watch.serve(lag + 20, lambda state: state.condition == "connected")
        assert watch.state.condition == "connected"
        assert watch.state.answer_ms == pytest.approx(50, abs=10)


def test_time_that_was_dropped_is_not_waited_for_once_the_gateway_answers() -> None:
    gateway = Simulated(clock := HandClock())
    with simulated(gateway) as watch:
        watch.serve(30)
        gateway.mute_at = clock.seconds
        watch.serve(20, lambda state: state.condition == "half-open")
        gateway.mute_at = float("inf")
        watch.serve(2 * watch.state.heartbeat_seconds, lambda state: state.condition == "connected")
        assert watch.state.condition == "connected"
        assert watch.held.times_owed == 0


@pytest.mark.parametrize("restored", [1101, 1102])
def test_lost_link_is_one_event_however_often_it_is_said_until_it_is_restored(
    restored: int,
) -> None:
    with FakeGateway() as gateway, watched(gateway.port, **QUICK) as watch:
        becomes(watch, READY)
        gateway.say(1100)
        state = becomes(watch, "connectivity-lost")
        since, told = state.since, [each.text for each in state.notices]
        for _ in range(3):
            gateway.say(1100)
        beats = watch.state.heartbeats
        served(watch, lambda: watch.state.heartbeats > beats)
        assert (watch.state.since, [each.text for each in watch.state.notices]) == (since, told)
        assert gateway.received.count("REQ_POSITIONS") == 1  # nothing is asked of yesterday
        gateway.say(restored)
        state = becomes(watch, READY)
        assert state.condition == "connected"
        assert gateway.received.count("REQ_POSITIONS") == 2
        assert gateway.received.count("REQ_ACCOUNT_SUMMARY") == 2


def test_lost_data_is_asked_for_anew_before_it_is_ready_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "REFRESH_BOUND_SECONDS", 1.0)  # for the answer without an end
    monkeypatch.setattr(last_answers, "QUIET_SECONDS", 1.0)
    monkeypatch.setattr(holding, "PATIENCE_SECONDS", 1.0)
    with FakeGateway() as gateway, watched(gateway.port, **QUICK) as watch:
        becomes(watch, READY)
        gateway.become("endless-positions")
        gateway.say(1101)
        assert becomes(watch, "connectivity-lost").condition == "connected"
        served(watch, lambda: gateway.received.count("REQ_POSITIONS") == 2)
        assert trouble(watch) == "connectivity-lost"
        assert "error 1101" in watch.state.cause
        gateway.become("healthy")
        watch.ask(Ask.POSITIONS, 0.1)
        becomes(watch, READY)


@pytest.mark.parametrize("notice", [2103, 2105, 2157, 2119])
def test_farm_that_is_lost_is_noted_and_never_trouble(notice: int) -> None:
    with FakeGateway() as gateway, watched(gateway.port, **QUICK) as watch:
        becomes(watch, READY)
        gateway.say(notice)
        served(watch, lambda: False in watch.state.farms.values())
        assert trouble(watch) == READY
        assert str(notice) in str(watch.state.notices[-1])


@pytest.mark.parametrize(
    "end",
    [FakeGateway.drop_everyone, FakeGateway.restart, FakeGateway.reset,
     lambda gateway: gateway.become("down")],
    ids=["drop", "restart", "reset", "become down"],
)  # fmt: skip
def test_gateway_that_drops_us_leaves_a_state_that_says_so_and_no_zombie(
    end: Callable[[FakeGateway], None],
) -> None:
    with FakeGateway() as gateway, watched(gateway.port, **QUICK) as watch:
        becomes(watch, READY)
        end(gateway)
        state = becomes(watch, "connection-lost")
        assert (state.condition, state.zombies) == ("disconnected", 0)
        assert "Close IB Gateway" in "\n".join(state.next_steps)
        assert watch.serve(3600) is False  # at once


def test_garbage_in_the_session_is_named() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        gateway.sendall(b"HTTP/1.1 400 Bad Request")
        while gateway.recv(4096):
            pass

    with Scripted(script) as server, watched(server.port) as watch:
        assert becomes(watch, "protocol-error").condition == "disconnected"


def test_zombies_come_and_go_in_the_state() -> None:
    with FakeGateway() as gateway, watched(gateway.port, **QUICK) as watch:
        becomes(watch, READY)
        gateway.add_zombies(2)
        state = becomes(watch, "zombies")
        assert (state.condition, state.zombies) == ("connected", 2)
        assert state.next_steps


def test_gateway_that_stops_accepting_still_serves_who_is_there() -> None:
    with FakeGateway() as gateway, watched(gateway.port, **QUICK) as watch:
        gateway.stop_accepting()
        becomes(watch, READY)
        gateway.accept()
        assert trouble(watch) == READY


def test_what_is_held_from_now_on_is_in_the_state() -> None:
    with FakeGateway() as gateway, watched(gateway.port, **QUICK) as watch:
        becomes(watch, READY)
        gateway.hold("AAPL", 0)

        def is_told() -> bool:
            held = watch.state.positions
            return held is not None and len(held.open_in("U21146542")) == 23

        served(watch, is_told)
        assert trouble(watch) == READY


def test_zombies_are_looked_for_at_once_when_something_goes_wrong() -> None:
    with FakeGateway() as gateway, watched(gateway.port) as watch:
        watch._look_seconds = 3600.0
        becomes(watch, READY)
        gateway.add_zombies(1)
        gateway.say(1100)
        becomes(watch, "zombies")


@pytest.mark.parametrize(("allowed", "code"), [(False, "not-observable"), (True, READY)])
def test_sockets_out_of_sight_are_no_health_unless_the_settings_allow_it(
    allowed: bool, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unseen(table: SocketTable, port: int) -> Any:
        raise NotObservable("out of sight")

    with (
        FakeGateway() as gateway,
        watched(gateway.port, AllowUnobservedSockets=allowed) as watch,
    ):
        monkeypatch.setattr(SocketTable, "on", unseen)
        assert becomes(watch, code).zombies is None


def test_state_is_stopped_once_it_was_closed() -> None:
    with FakeGateway() as gateway, watched(gateway.port) as watch:
        becomes(watch, READY)
        assert watch.close().is_clean
        assert (watch.state.condition, watch.state.code, trouble(watch)) == (
            "stopped", "", "stopped",
        )  # fmt: skip


def test_state_can_be_read_and_asked_for_from_any_thread_while_it_is_served() -> None:
    with FakeGateway() as gateway, watched(gateway.port, **QUICK) as watch, owned(watch):
        assert watch.ask(Ask.POSITIONS, SECONDS).result(SECONDS)
        assert watch.state.condition in ("starting", "connected")
        watch.held.wake()


def test_owner_that_does_not_serve_any_more_is_not_taken_for_health() -> None:
    gateway = Simulated(clock := HandClock())
    with simulated(gateway) as watch:
        watch.serve(1)
        assert watch.state.trouble(clock.seconds) == READY
        clock.sleep(60)
        assert watch.state.trouble(clock.seconds) == "half-open"


def test_gateway_that_has_answered_nothing_yet_is_starting_and_not_well() -> None:
    gateway = Simulated(clock := HandClock(), mute_at=0)
    with simulated(gateway) as watch:
        conditions = []
        for seconds in (1.7, 0.2):
            watch.serve(seconds)
            conditions.append(watch.state.condition)
            assert watch.state.trouble(clock.seconds) == conditions[-1]
        assert conditions == ["starting", "half-open"]


def test_serving_ends_as_soon_as_the_state_is_the_one_that_is_waited_for() -> None:
    gateway = Simulated(clock := HandClock(), mute_at=0)
    with simulated(gateway) as watch:
        began = clock.seconds
        watch.serve(3600, lambda state: state.condition == "half-open")
        assert clock.seconds - began == pytest.approx(ANSWER_SECONDS)


def test_our_own_socket_is_no_zombie_of_a_gateway_that_has_just_closed() -> None:
    gateway = Simulated(clock := HandClock())
    with simulated(gateway) as watch:
        watch.serve(1)
        gateway.ends_at = clock.seconds
        clock.sleep(10)
        watch.serve(0)
        state = watch.state
        assert (state.condition, state.code, state.zombies) == (
            "disconnected", "connection-lost", 0,
        )  # fmt: skip


def test_positions_are_asked_for_anew_now_and_then_and_the_summary_seldom() -> None:
    gateway = Simulated(HandClock())
    with simulated(gateway) as watch:
        watch.serve(1300)
    names = [name for name, _ in gateway.sent]
    assert names.count("positions") == 22
    assert names.count("summary") == 3
    assert names.count("time") == 260


@settings(deadline=None)
@given(
    every=st.floats(1.1, 30),
    mute_after=st.floats(0, 40),
    latency=st.floats(0, 1.0),
    asked=st.lists(st.floats(0.01, 3), max_size=30),
)
def test_gateway_that_goes_mute_is_known_within_the_heartbeat_and_two_seconds_and_not_before(
    every: float, mute_after: float, latency: float, asked: list[float]
) -> None:
    """Whatever others ask meanwhile, and however slowly it answers within a heartbeat's bound."""
    clock = HandClock()
    gateway = Simulated(clock, latency, mute_at=clock.seconds + mute_after)
    with simulated(gateway, HeartbeatSeconds=every) as watch:
        for pause in asked:
            watch.serve(pause)
            watch.ask(Ask.TIME, 5)
            if clock.seconds < gateway.mute_at:
                assert watch.state.condition != "half-open"
        while clock.seconds < gateway.mute_at + every + LATE_SECONDS:
            left = gateway.mute_at + every + LATE_SECONDS - clock.seconds
            before = clock.seconds < gateway.mute_at
            watch.serve(min(0.5, left))
            assert not (before and watch.state.condition == "half-open")
        assert watch.state.condition == "half-open"
        assert watch.state.code == "half-open"


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 2), st.sampled_from(list(Ask))), max_size=60))
def test_requests_keep_their_distance_whatever_is_asked(asks: list[tuple[float, Ask]]) -> None:
    gateway = Simulated(HandClock())
    with simulated(gateway) as watch:
        futures = []
        for pause, what in asks:
            watch.serve(pause)
            futures.append(watch.ask(what, 10))
        watch.serve(11)
        assert all(future.done() and not future.exception() for future in futures)
    for name, least in (("time", 1.1), ("positions", 0.1), ("summary", 1.0)):
        times = [at for each, at in gateway.sent if each == name]
        assert all(b - a >= least - 1e-6 for a, b in pairwise(times))
    seconds = [at for _, at in gateway.sent]
    assert max(sum(1 for at in seconds if begin <= at < begin + 1) for begin in seconds) < 25


def test_heartbeats_bound_leaves_time_to_say_so() -> None:
    assert ANSWER_SECONDS < LATE_SECONDS


class Forgetful(Simulated):
    """Answers all but one thing, from a moment on."""

    forgets = False

    def reqPositions(self) -> None:  # noqa: N802
        self._sent("positions", [] if self.forgets else [lambda hearing: hearing.position_end()])


def test_positions_that_are_confirmed_no_more_are_incomplete_until_they_are() -> None:
    gateway = Forgetful(HandClock())
    with simulated(gateway, **QUICK) as watch:
        watch.serve(5)
        assert trouble(watch) == READY
        gateway.forgets = True
        watch.serve(REFRESH_SECONDS + REFRESH_BOUND_SECONDS)
        assert (trouble(watch), watch.state.condition) == ("positions-incomplete", "connected")
        assert watch.state.cause
        assert watch.state.next_steps
        gateway.forgets = False
        watch.serve(REFRESH_BOUND_SECONDS + 5)
        assert (trouble(watch), watch.state.cause) == (READY, "")


def test_what_was_known_before_the_machine_slept_is_not_known_after_it() -> None:
    gateway = Forgetful(HandClock())
    with simulated(gateway, **QUICK) as watch:
        watch.serve(5)
        assert trouble(watch) == READY
        gateway.forgets = True
        gateway.clock.sleep(8 * 3600)
        assert trouble(watch) == "half-open"
        watch.serve(1)
        assert (watch.state.condition, trouble(watch)) == ("connected", "positions-incomplete")
        gateway.forgets = False
        watch.serve(REFRESH_BOUND_SECONDS + 5)
        assert trouble(watch) == READY
