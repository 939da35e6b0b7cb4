"""What a gateway says against its answers unsettles them, until they are asked anew and whole."""

from __future__ import annotations

import socket
import threading

import psutil
import pytest

from fake_ib_gateway import FakeGateway
from golive.client.answers import AccountSummary
from golive.client.messages import ApiError
from golive.diagnosis.decision_tree import BY_CODE
from golive.kit.clock import SystemClock
from golive.machine.sockets import SocketTable
from golive.monitor.holding.held import PATIENCE_SECONDS
from golive.monitor.holding.last_answers import FIRST_SUMMARY
from golive.monitor.holding.requests import Ask
from tests.monitor.test_held import END, positions, row, rows, said
from tests.monitor.test_watch import QUICK, READY, becomes, trouble
from tests.support.gateways import Scripted, error, handshake, heard, message
from tests.support.holding import (
    SECONDS,
    HandClock,
    Simulated,
    answer,
    code,
    held,
    served,
    simulated,
    watched,
)

OBSTACLES = {
    2151: "positions-not-available",
    10275: "positions-not-available",
    10141: "login-not-usable",
    1300: "port-changed",
    1101: "connectivity-lost",
    9999: "gateway-in-trouble",
}
NOTED = (100, 202, 399, 2103, 2105, 2157, 2119)


def about(request_id: int, number: int, text: str = "text") -> bytes:
    """A message that bears a request's id, at server version 203."""
    return message(request_id, number, text, "", 0, number=4)


@pytest.mark.parametrize(("number", "named"), OBSTACLES.items())
def test_obstacle_is_named_with_its_text_until_all_was_asked_anew_and_told_whole(
    number: int, named: str
) -> None:
    with FakeGateway() as gateway, watched(gateway.port, **QUICK) as watch:
        becomes(watch, READY)
        served(watch, lambda: watch.held.kept.summary)
        watch.held._pending[Ask.POSITIONS].patience = 0.0
        gateway.become("endless-positions")
        gateway.say(number)
        state = becomes(watch, named)
        assert state.code in BY_CODE
        assert f"error {number}: " in state.cause
        assert state.next_steps
        assert state.said is not None
        assert state.said.code == number
        assert any(f"error {number}: " in str(each) for each in state.notices)
        assert state.positions is not None
        assert not state.positions.is_complete
        served(watch, lambda: gateway.received.count("REQ_POSITIONS") >= 2)
        assert trouble(watch) == named  # asked anew, and not told to its end
        gateway.become("healthy")
        watch.ask(Ask.POSITIONS, 0.1)
        state = becomes(watch, READY)
        assert (state.code, state.cause, state.said) == ("", "", None)
        assert gateway.received.count("REQ_ACCOUNT_SUMMARY") == 2
        assert gateway.connections == 1


def test_what_is_only_noted_unsettles_nothing() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        gateway.sendall(row(1, "5") + END + b"".join(map(noted, NOTED)) + about(7, 9999))
        gateway.recv(4096)

    def noted(number: int) -> bytes:
        return about(17 if number in (202, 399) else -1, number)

    with Scripted(script) as server, held(server.port) as holding:
        answer(holding, holding.ask(Ask.POSITIONS, SECONDS))
        served(holding, lambda: said(holding, 9999))
        assert all(said(holding, each) for each in NOTED)
        assert holding.kept.doubt is None
        assert holding.kept.positions
        assert holding.kept.positions.is_complete


def test_positions_alone_do_not_settle_what_unsettled_the_summary_as_well() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        heard(gateway)
        gateway.sendall(message(1, FIRST_SUMMARY, number=64) + error(9999))
        heard(gateway)  # the summary is given up
        heard(gateway)
        gateway.sendall(row(1, "5") + END)
        heard(gateway)
        gateway.sendall(message(1, FIRST_SUMMARY + 1, number=64))
        gateway.recv(4096)

    with Scripted(script) as server, held(server.port) as holding:
        answer(holding, holding.ask(Ask.SUMMARY, SECONDS))
        served(holding, lambda: holding.kept.doubt)
        assert rows(positions(answer(holding, holding.ask(Ask.POSITIONS, SECONDS)))) == [(1, "5")]
        assert holding.kept.doubt is not None
        assert holding.kept.doubt_of(Ask.POSITIONS) is None
        assert answer(holding, holding.ask(Ask.SUMMARY, SECONDS))
        assert holding.kept.doubt is None


def test_message_about_a_summary_concerns_it_alone_and_about_one_given_up_nothing() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        gateway.sendall(row(1, "5") + END)
        for number in range(2):
            gateway.recv(4096)
            gateway.sendall(message(1, FIRST_SUMMARY + number, number=64))
        given_up = about(FIRST_SUMMARY, 321, "given up")
        gateway.sendall(given_up + about(1, 321, "an order's"))
        assert noted.wait(SECONDS)
        gateway.sendall(about(FIRST_SUMMARY + 1, 321, "refused"))
        gateway.recv(4096)

    noted = threading.Event()
    with Scripted(script) as server, held(server.port) as holding:
        answer(holding, holding.ask(Ask.POSITIONS, SECONDS))
        for _ in range(2):
            answer(holding, holding.ask(Ask.SUMMARY, SECONDS))
        served(holding, lambda: len(holding.kept.notices.told) == 2)
        assert isinstance(holding.kept.summary, AccountSummary)
        assert holding.kept.summary.has_ended
        noted.set()
        served(holding, lambda: holding.kept.summary and not holding.kept.summary.has_ended)
        assert holding.kept.summary.reason == "error 321: refused"
        assert holding.kept.doubt is None
        assert holding.kept.positions
        assert holding.kept.positions.is_complete


@pytest.mark.parametrize(
    ("ending", "named"),
    [(error(1300, "use 4002"), "port-changed"), (error(10141), "login-not-usable"),
     (error(1100), "connection-lost"), (error(2103), "connection-lost")],
)  # fmt: skip
def test_end_that_was_announced_is_named_by_what_announced_it(ending: bytes, named: str) -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        gateway.sendall(ending)

    with Scripted(script) as server, held(server.port) as holding:
        holding.ask(Ask.TIME, SECONDS)
        served(holding, lambda: holding.lost)
        assert holding.lost is not None
        assert holding.lost.code == named
        assert "closed the connection" in holding.lost.reason
        assert ("use 4002" in holding.lost.reason) is (named == "port-changed")


# accounts and rows


def test_same_accounts_in_another_order_are_no_change_and_others_are_named() -> None:
    def told(names: str) -> bytes:
        return message(1, names, number=15) + row(1, "5") + END

    def script(gateway: socket.socket) -> None:
        gateway.recv(4096)
        gateway.sendall(message(203, "20261122 09:00:00 UTC"))
        gateway.recv(4096)
        gateway.sendall(message(1, "U1,U2", number=15) + message(1, 1, number=9))
        for names in ("U2,U1,", "U1,U3", "U1", "U1,U2,"):
            gateway.recv(4096)
            gateway.sendall(told(names))
        gateway.recv(4096)
        gateway.sendall(row(1, "5") + END)
        gateway.recv(4096)

    with Scripted(script) as server, held(server.port) as holding:
        found = [code(holding, holding.ask(Ask.POSITIONS, SECONDS)) for _ in range(5)]
        assert found[0].startswith("answered")
        assert found[1:3] == ["accounts-changed"] * 2
        assert found[-1].startswith("answered")
        assert holding.kept.doubt is None


def test_rows_of_one_contract_that_differ_are_a_contradiction_and_equal_ones_are_none() -> None:
    answers = [
        row(1, "5") + row(1, "6") + END,
        row(1, "5") + row(1, "5") + END + row(1, "7"),  # behind the end it is a change
    ]

    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        for each in answers:
            gateway.recv(4096)
            gateway.sendall(each)
        gateway.recv(4096)

    with Scripted(script) as server, held(server.port) as holding:
        asked = holding.ask(Ask.POSITIONS, SECONDS)
        assert code(holding, asked) == "positions-contradictory"
        assert str(asked.exception(0)) == "SPY: 5 at 1.5, and 6 at 1.5"
        assert holding.kept.positions
        assert not holding.kept.positions.is_complete
        assert positions(answer(holding, holding.ask(Ask.POSITIONS, SECONDS))).is_complete
        served(holding, lambda: rows(holding.kept.positions) == [(1, "7")])
        assert holding.kept.doubt is None


def test_contradiction_is_none_the_less_where_an_earlier_request_was_swallowed() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        heard(gateway, 2)
        gateway.sendall(row(1, "5") + row(1, "6") + END)
        gateway.recv(4096)

    with Scripted(script) as server, held(server.port, clock := Ahead()) as holding:
        first = holding.ask(Ask.POSITIONS, 600)
        holding.serve(0)
        clock.ahead = PATIENCE_SECONDS  # after which who asks has it sent once more
        second = holding.ask(Ask.POSITIONS, 600)
        assert code(holding, second) == code(holding, first) == "positions-contradictory"
        assert holding.kept.positions
        assert not holding.kept.positions.is_complete


class Ahead(SystemClock):
    """The system's, set ahead."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def test_requests_that_were_never_answered_do_not_hold_up_who_asks_once_it_is_well_again() -> None:
    gateway = Simulated(clock := HandClock())
    with simulated(gateway) as watch:
        watch.serve(5)
        gateway.mute_at = clock.seconds
        for _ in range(40):
            watch.held.ask(Ask.POSITIONS, 1.0)
            watch.held.serve(1.0)
            watch.held.serve(0.2)
            assert gateway.hearing is not None
            gateway.hearing.error(ApiError(-1, 2151, "not yet"))
        gateway.mute_at = float("inf")
        watch.serve(30, lambda state: not state.trouble(clock.seconds))
        assert trouble(watch) == READY


def test_login_with_more_accounts_than_a_gateway_tells_of_is_named_to_who_asks() -> None:
    with FakeGateway(faults=["advisor"]) as gateway, held(gateway.port) as holding:
        asked = holding.ask(Ask.POSITIONS, 1.5)
        holding.ask(Ask.TIME, SECONDS)
        assert code(holding, asked) == "too-many-accounts"
        assert "60 accounts" in str(asked.exception(0))


# floods


def test_flood_of_rows_is_refused_and_the_connection_closed_in_order_with_memory_in_bounds() -> (
    None
):
    process = psutil.Process()
    with FakeGateway(faults=["flood-of-rows"]) as gateway, held(gateway.port) as holding:
        before = process.memory_info().rss
        assert code(holding, holding.ask(Ask.POSITIONS, 60)) == "flood"
        assert holding.lost is not None
        assert "100,000 rows" in holding.lost.reason
        assert process.memory_info().rss - before < 200 * 2**20
        assert holding.kept.positions is None
        assert holding.close().is_clean
        gateway.wait_for("closed")
        assert gateway.received[-1] == "CANCEL_POSITIONS"
        assert SocketTable().on(gateway.port).close_wait == []


@pytest.mark.parametrize("flood", ["rows behind the end", "lines of the summary"])
def test_flood_over_what_was_subscribed_to_is_refused_as_well(
    flood: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("golive.monitor.holding.last_answers.MOST_ROWS", 1000)

    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        if flood == "rows behind the end":
            lines = [row(number + 1, "5") for number in range(1001)]
            gateway.sendall(row(1, "5") + END + b"".join(lines))
        else:
            accounts = [f"U{number}" for number in range(1001)]
            lines = [message(1, FIRST_SUMMARY, each, "A", 1, "", number=63) for each in accounts]
            gateway.sendall(b"".join(lines))
        while gateway.recv(4096):
            pass

    with Scripted(script) as server, held(server.port) as holding:
        what = Ask.POSITIONS if flood == "rows behind the end" else Ask.SUMMARY
        holding.ask(what, SECONDS)
        served(holding, lambda: holding.lost)
        assert holding.lost is not None
        assert holding.lost.code == "flood"
        assert "1,000" in holding.lost.reason


def test_flood_of_whatever_else_takes_no_memory_and_leaves_heartbeats_served() -> None:
    """Of ids, accounts, other programs' errors, farms: each of them for ever."""
    every = b"".join(
        message(1, number, number=9)
        + message(1, "U21146542,", number=15)
        + about(number, 201, f"order {number}")
        + error(2104, f"is OK:farm{number}")
        for number in range(1, 20_000)
    )

    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        gateway.sendall(every + message(1, 1_800_000_000, number=49))
        gateway.recv(4096)

    with Scripted(script) as server, held(server.port) as holding:
        before = psutil.Process().memory_info().rss
        assert answer(holding, holding.ask(Ask.TIME, SECONDS))
        assert psutil.Process().memory_info().rss - before < 30 * 2**20
        assert len(holding.kept.notices.told) == 40
        assert holding.kept.notices.left_out == 19_999 - 40
        assert holding.kept.doubt is None


def test_one_step_of_serving_is_short_while_a_gateway_floods() -> None:
    with FakeGateway(faults=["flood-of-notices=1"]) as gateway, watched(gateway.port) as watch:
        beats = watch.state.heartbeats
        parts = 0
        while watch.held.kept.notices.kinds.total() < 2000:
            watch.held.serve(0)
            parts += 1
        watch.serve(0)
        assert watch.state.heartbeats > beats
        assert parts > 1
        assert watch.state.notices == ()  # they are all ordinary
        becomes(watch, READY)
