"""Many requests, one connection: shared, bounded each for itself, and never faster than allowed."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from functools import partial

import pytest

from fake_ib_gateway import FakeGateway
from golive.client.answers import AccountSummary, Positions
from golive.client.connection import Connection
from golive.client.transport import TIMEOUT, PeerClosed
from golive.discipline.attempts import Attempts
from golive.machine.sockets import SocketTable
from golive.monitor.holding.held import Held
from golive.monitor.holding.last_answers import FIRST_SUMMARY
from golive.monitor.holding.requests import Answer, Ask, Unanswered
from tests.support.fakes import wait_until
from tests.support.gateways import NEXT_ID, Scripted, converse, error, handshake, message
from tests.support.holding import (
    SECONDS,
    HandClock,
    Simulated,
    Ticking,
    answer,
    code,
    held,
    owned,
    served,
    simulated,
)

ACCOUNT = "U21146542"
END, TIME = message(1, number=62), message(1, 1_800_000_000, number=49)


def row(con_id: int, quantity: str) -> bytes:
    contract = (con_id, "SPY", "STK", "", 0.0, "", "", "ARCA", "USD", "SPY", "SPY")
    return message(3, ACCOUNT, *contract, quantity, 1.5, number=61)


def rows(positions: Positions | None) -> list[tuple[int, str]]:
    assert positions is not None
    return [(each.con_id, str(each.quantity)) for each in positions.rows]


def said(holding: Held, number: int) -> bool:
    """Whether there is a notice of this code."""
    return any(each.text.startswith(f"error {number}:") for each in holding.kept.notices.told)


def positions(given: Answer) -> Positions:
    assert isinstance(given.value, Positions)
    return given.value


@pytest.mark.parametrize("version", [100, 157, 176, 203, 212, 213, 226])
def test_positions_summary_and_time_are_answered_over_the_one_connection(version: int) -> None:
    with FakeGateway(server_version=version) as gateway:
        with held(gateway.port) as holding:
            before = datetime.now(UTC)
            asked = {what: holding.ask(what, SECONDS) for what in Ask}
            found = {what: answer(holding, future) for what, future in asked.items()}
        gateway.wait_for("closed")
        assert gateway.connections == 1
        assert set(gateway.received) == {
            "hello", "START_API", "REQ_CURRENT_TIME", "REQ_POSITIONS", "REQ_ACCOUNT_SUMMARY",
            "CANCEL_POSITIONS", "CANCEL_ACCOUNT_SUMMARY",
        }  # fmt: skip
    assert positions(found[Ask.POSITIONS]).is_complete
    assert len(positions(found[Ask.POSITIONS]).open_in(ACCOUNT)) == 24
    summary, clock = found[Ask.SUMMARY].value, found[Ask.TIME].value
    assert isinstance(summary, AccountSummary)
    assert isinstance(clock, datetime)
    assert "NetLiquidation" in [line.tag for line in summary.of(ACCOUNT)]
    assert abs((clock - before).total_seconds()) < 60
    for each in found.values():
        assert before <= each.asked <= each.answered


def test_who_asks_the_same_at_once_shares_one_request_and_each_is_answered() -> None:
    with FakeGateway() as gateway, held(gateway.port) as holding:
        asked = [holding.ask(what, SECONDS) for _ in range(40) for what in Ask]
        served(holding, lambda: all(each.done() for each in asked))
        kinds = Counter(each.result().of for each in asked)
        assert set(kinds.values()) == {40}
        requests = Counter(gateway.received)
        assert [requests[f"REQ_{name}"] for name in ("CURRENT_TIME", "POSITIONS")] == [1, 1]
        assert requests["REQ_ACCOUNT_SUMMARY"] == 1


def test_many_threads_ask_at_once_and_each_has_its_answer() -> None:
    def one(number: int, holding: Held) -> int:
        what = Ask.POSITIONS if number % 2 else Ask.TIME
        return len(str(holding.ask(what, SECONDS).result(SECONDS).value))

    with FakeGateway() as gateway, held(gateway.port) as holding, owned(holding):
        with ThreadPoolExecutor(100) as pool:
            sizes = list(pool.map(lambda number: one(number, holding), range(200)))
        assert len(sizes) == 200
        assert gateway.connections == 1


def test_slow_request_does_not_hold_up_another_and_each_caller_has_a_bound_of_its_own() -> None:
    slow = FakeGateway(faults=["endless-positions"])
    with slow as gateway, held(gateway.port, Ticking()) as holding:
        patient, hasty = (holding.ask(Ask.POSITIONS, seconds) for seconds in (SECONDS, 0.2))
        assert answer(holding, holding.ask(Ask.TIME, SECONDS)).of is Ask.TIME
        assert code(holding, hasty) == "positions-incomplete"
        assert not patient.done()
        gateway.become("healthy")
        third = holding.ask(Ask.POSITIONS, 0.1)
        assert code(holding, third) == "positions-incomplete"  # still the one under way
        assert not patient.done()


def test_caller_who_gives_up_disturbs_nobody() -> None:
    with FakeGateway() as gateway, held(gateway.port) as holding:
        first, second, third = (holding.ask(Ask.POSITIONS, SECONDS) for _ in range(3))
        assert third.cancel()
        holding.serve(0)  # now it is under way
        assert first.cancel()
        assert len(positions(answer(holding, second)).rows) == 24
        assert first.cancelled()


def test_caller_who_gives_up_as_the_answer_comes_disturbs_nobody() -> None:
    gateway = Simulated(clock := HandClock())
    with simulated(gateway) as watch:
        first, second = (watch.held.ask(Ask.POSITIONS, 10) for _ in range(2))
        watch.held.serve(0)
        clock.sleep(gateway.latency)
        assert first.cancel()
        watch.held.serve(0)
        assert second.result(0)
        assert watch.held.lost is None


def test_callers_callback_that_fails_disturbs_nobody() -> None:
    def fail(future: Future[Answer]) -> None:
        raise ValueError("a caller's own")

    with FakeGateway() as gateway, held(gateway.port) as holding:
        holding.ask(Ask.TIME, SECONDS).add_done_callback(fail)
        assert answer(holding, holding.ask(Ask.TIME, SECONDS))


def test_each_caller_is_told_by_an_exception_of_its_own() -> None:
    with simulated(Simulated(HandClock(), mute_at=0)) as watch:
        both = [watch.held.ask(Ask.TIME, 0.1) for _ in range(2)]
        assert [code(watch.held, each) for each in both] == ["half-open"] * 2
        assert both[0].exception() is not both[1].exception()


def test_time_is_never_asked_so_soon_that_it_would_be_dropped() -> None:
    gateway = Simulated(HandClock())
    with simulated(gateway) as watch:
        for _ in range(3):
            assert answer(watch.held, watch.held.ask(Ask.TIME, SECONDS))
        hasty = watch.held.ask(Ask.TIME, 0.1)
        assert code(watch.held, hasty) == "not-observable"  # not asked; the gateway is not to blame
    assert [name for name, _ in gateway.sent].count("time") == 3


def test_rate_stays_far_below_the_gateways_limit_and_the_time_is_answered_under_any_load() -> None:
    """The fake refuses the 51st message of a second with error 100."""
    is_over = threading.Event()
    told: Counter[Ask] = Counter()

    def hammer(holding: Held) -> None:
        while not is_over.is_set():
            asked = [holding.ask(what, SECONDS) for what in (Ask.POSITIONS, Ask.SUMMARY)]
            told.update(each.result(SECONDS).of for each in asked)

    with FakeGateway() as gateway, held(gateway.port) as holding, owned(holding):
        began, callers = time.monotonic(), []
        for _ in range(20):
            callers.append(threading.Thread(target=hammer, args=(holding,)))
            callers[-1].start()
        beats = [holding.ask(Ask.TIME, SECONDS).result(SECONDS) for _ in range(4)]
        wait_until(lambda: told[Ask.POSITIONS] > 20)
        is_over.set()
        for each in callers:
            each.join(SECONDS)
        lasted = time.monotonic() - began
        assert len(beats) == 4
        requests = Counter(gateway.received)
        assert requests["REQ_POSITIONS"] <= lasted / 0.1 + 1
        assert requests["REQ_ACCOUNT_SUMMARY"] <= lasted / 1.0 + 1
        assert not said(holding, 100)
        assert holding.lost is None


def test_positions_are_kept_current_after_their_end() -> None:
    with FakeGateway() as gateway, held(gateway.port) as holding:
        assert holding.kept.positions is None
        answer(holding, holding.ask(Ask.POSITIONS, SECONDS))
        at = holding.kept.positions_at
        gateway.hold("AAPL", 7)
        gateway.hold("NEW", "0.5")
        served(holding, lambda: holding.kept.positions and len(holding.kept.positions.rows) == 25)
        assert rows(holding.kept.positions)[0][1] == "7"
        assert rows(holding.kept.positions)[-1][1] == "0.5"
        assert holding.kept.positions
        assert holding.kept.positions.is_complete
        assert holding.kept.positions_at != at


def test_account_summary_is_kept_current_by_one_subscription_that_replaces_the_other() -> None:
    with FakeGateway() as gateway, held(gateway.port) as holding:
        for _ in range(4):  # a gateway gives no more than two at a time
            answer(holding, holding.ask(Ask.SUMMARY, SECONDS))
        before = holding.kept.summary
        gateway.hold("AAPL", 7)
        served(holding, lambda: holding.kept.summary != before)
        assert holding.kept.summary
        assert holding.kept.summary.has_ended
        assert not said(holding, 322)


def test_summary_that_is_refused_is_said_and_what_was_subscribed_to_goes_on() -> None:
    refusal = message(
        FIRST_SUMMARY + 1,
        322,
        "Maximum number of account summary requests exceeded",
        "",
        0,
        number=4,
    )
    line = message(1, FIRST_SUMMARY, ACCOUNT, "NetLiquidation", "1", "USD", number=63)
    later = message(1, FIRST_SUMMARY, ACCOUNT, "NetLiquidation", "2", "USD", number=63)

    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        gateway.sendall(line + message(1, FIRST_SUMMARY, number=64))
        gateway.recv(4096)
        gateway.sendall(refusal + later)
        gateway.recv(4096)

    with Scripted(script) as server, held(server.port) as holding:
        answer(holding, holding.ask(Ask.SUMMARY, SECONDS))
        assert code(holding, holding.ask(Ask.SUMMARY, SECONDS)) == "request-refused"
        served(holding, lambda: "'2'" in str(holding.kept.summary))
        assert holding.kept.doubt is None


def test_half_arrived_answer_never_replaces_a_whole_one() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        gateway.sendall(row(1, "5") + row(2, "5") + END)
        gateway.recv(4096)
        gateway.sendall(row(1, "6"))

    with Scripted(script) as server, held(server.port) as holding:
        answer(holding, holding.ask(Ask.POSITIONS, SECONDS))
        at = holding.kept.positions_at
        assert code(holding, holding.ask(Ask.POSITIONS, SECONDS)) == "connection-lost"
        assert rows(holding.kept.positions) == [(1, "5"), (2, "5")]
        assert holding.kept.positions_at == at


@pytest.mark.parametrize(
    ("notice", "named"),
    [(1100, "connectivity-lost"), (2110, "connectivity-lost"), (1101, "connectivity-lost"),
     (1300, "port-changed"), (326, "client-id-in-use"), (321, "request-refused"),
     (2151, "positions-not-available"), (10275, "positions-not-available"),
     (10141, "login-not-usable"), (10999, "request-refused"), (9999, "gateway-in-trouble")],
)  # fmt: skip
def test_what_comes_while_the_gateway_is_in_trouble_is_no_answer_and_the_next_one_is_new(
    notice: int, named: str
) -> None:
    lost = notice in (1100, 2110)
    settled = error(1102) if lost else b""

    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        gateway.sendall(row(1, "5") + error(notice) + row(2, "5"))
        assert told.wait(SECONDS)
        gateway.sendall(settled)
        gateway.recv(4096)  # asked anew, while the first is not at its end
        gateway.sendall(row(3, "5") + END + row(4, "5") + END)
        gateway.recv(4096)

    told = threading.Event()
    with Scripted(script) as server, held(server.port) as holding:
        assert code(holding, holding.ask(Ask.POSITIONS, SECONDS)) == named
        if lost:  # it is not even asked
            assert code(holding, holding.ask(Ask.POSITIONS, SECONDS)) == named
            assert code(holding, holding.ask(Ask.SUMMARY, SECONDS)) == named
        told.set()
        served(holding, lambda: holding.kept.link_lost is None)
        found = positions(answer(holding, holding.ask(Ask.POSITIONS, SECONDS)))
    assert rows(found) == [(4, "5")]


def test_connection_hears_all_also_while_it_is_held_and_knows_of_its_link() -> None:
    with FakeGateway() as gateway, held(gateway.port) as holding:
        connection = holding._connection

        def has_heard(count: int) -> bool:
            return connection.said.count == count

        for notice, is_lost in ((1100, True), (2103, True), (1100, True), (1102, False)):
            before = connection.said.count
            gateway.say(notice)
            gateway.say(2104)
            served(holding, partial(has_heard, before + 2))
            assert (connection.against is not None) is is_lost
        codes = [each.error.code for each in connection.said.remarks]
        assert codes == [2104, 2106, 2158, 1100, 2103, 1102]  # each once, where it came first
        assert [each.text[:10] for each in holding.kept.notices.told] == [
            "error 1100", "error 2103", "error 1102",
        ]  # fmt: skip


@pytest.mark.parametrize("notice", [1100, 2110])
def test_whole_answer_is_incomplete_once_the_link_is_lost_until_it_is_asked_anew(
    notice: int,
) -> None:
    with FakeGateway() as gateway, held(gateway.port) as holding:
        answer(holding, holding.ask(Ask.POSITIONS, SECONDS))
        answer(holding, holding.ask(Ask.SUMMARY, SECONDS))
        gateway.say(notice)
        gateway.say(notice)
        served(holding, lambda: holding.kept.link_lost)
        changes = holding.kept.changes
        gateway.say(1100)
        gateway.say(2103)
        served(holding, lambda: said(holding, 2103))
        assert holding.kept.changes - changes == 1 + (notice == 2110)  # one more kind of notice
        for _ in range(2):  # also once the link is there again
            assert holding.kept.positions
            assert holding.kept.summary
            assert not holding.kept.positions.is_complete
            assert not holding.kept.summary.has_ended
            gateway.say(1102)
            served(holding, lambda: holding.kept.link_lost is None)
        assert positions(answer(holding, holding.ask(Ask.POSITIONS, SECONDS))).is_complete


def test_request_that_got_lost_is_sent_again_for_who_asks_later_and_no_end_is_taken_twice() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)  # and nothing comes of it
        gateway.recv(4096)
        gateway.sendall(row(1, "5") + END)
        gateway.recv(4096)
        gateway.sendall(row(2, "5") + END)
        gateway.recv(4096)

    with Scripted(script) as server, held(server.port, Ticking()) as holding:
        holding._pending[Ask.POSITIONS].patience = 0.2
        assert code(holding, holding.ask(Ask.POSITIONS, 0.3)) == "positions-incomplete"
        assert rows(positions(answer(holding, holding.ask(Ask.POSITIONS, SECONDS)))) == [(1, "5")]
        assert rows(positions(answer(holding, holding.ask(Ask.POSITIONS, SECONDS)))) == [(2, "5")]


def reset(gateway: socket.socket) -> None:
    gateway.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gateway.close()


@pytest.mark.parametrize(
    ("ending", "named", "says"),
    [
        (lambda gateway: gateway.shutdown(socket.SHUT_WR), "connection-lost", "FIN"),
        (reset, "connection-lost", "RST"),
        (lambda gateway: gateway.sendall(b"HTTP/1.1 400"), "protocol-error", "1213486160 bytes"),
        (lambda gateway: gateway.sendall(message(1, "x", number=49)), "protocol-error", "decoded"),
        (lambda gateway: gateway.sendall(message(1, 10**18, number=49)), "protocol-error", "deco"),
    ],
)
def test_connection_that_ends_is_named_and_everybody_is_told_at_once(
    ending: Callable[[socket.socket], None], named: str, says: str
) -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        ending(gateway)
        if gateway.fileno() != -1:
            while gateway.recv(4096):
                pass

    with Scripted(script) as server, held(server.port) as holding:
        asked = [holding.ask(what, 3600) for what in Ask]
        assert {code(holding, each) for each in asked} == {named}
        assert holding.lost is not None
        assert (holding.lost.code, says in holding.lost.reason) == (named, True)
        assert holding.ask(Ask.TIME, 3600).done()
        assert holding.serve(3600) is False  # at once
        assert SocketTable().on(server.port).close_wait == []


def test_connection_that_the_system_gives_up_was_half_open_before() -> None:
    class OutOfReach(Simulated):
        def hear(self, reads: int = 1) -> None:
            raise PeerClosed(TIMEOUT)

    with simulated(OutOfReach(HandClock())) as watch:
        watch.serve(1)
        assert watch.held.lost is not None
        assert (watch.held.lost.code, watch.state.condition) == ("half-open", "disconnected")


def test_link_that_is_lost_is_known_whichever_request_it_is_told_for() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.sendall(message(99, 1100, "Connectivity has been lost", "", 0, number=4))
        gateway.recv(4096)

    with Scripted(script) as server, held(server.port) as holding:
        served(holding, lambda: holding.kept.link_lost)


def test_link_that_comes_and_goes_without_end_holds_nobody_up() -> None:
    lost, there = (message(-1, each, "the link", "", 0, number=4) for each in (1100, 1102))

    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        gateway.sendall((lost + there) * 15_000 + lost + TIME)
        gateway.recv(4096)

    with Scripted(script) as server, held(server.port) as holding:
        assert answer(holding, holding.ask(Ask.TIME, SECONDS))
        assert holding.kept.link_lost


def test_trouble_of_a_request_that_is_not_ours_is_none_of_the_positions() -> None:
    refusal = message(99, 321, "Error validating request", "", 0, number=4)

    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        gateway.sendall(row(1, "5") + refusal + END)
        gateway.recv(4096)

    with Scripted(script) as server, held(server.port) as holding:
        assert positions(answer(holding, holding.ask(Ask.POSITIONS, SECONDS))).is_complete


def test_time_of_an_answer_counts_from_the_request_that_somebody_waited_for() -> None:
    gateway = Simulated(HandClock(), mute_at=0)
    with simulated(gateway) as watch:
        holding = watch.held
        lost = holding.ask(Ask.POSITIONS, 10)
        holding.serve(11)
        assert code(holding, lost) == "positions-incomplete"
        gateway.mute_at = float("inf")
        answered = [answer(holding, holding.ask(Ask.POSITIONS, 10)).milliseconds]
        gateway.mute_at = 0
        patient = holding.ask(Ask.POSITIONS, 100)
        holding.serve(6)
        gateway.mute_at = float("inf")
        answer(holding, holding.ask(Ask.POSITIONS, 10))  # has it sent once more
        answered.append(patient.result(0).milliseconds)
    assert answered == [pytest.approx(50), pytest.approx(6050, abs=100)]


def test_unknown_messages_and_notices_are_no_trouble() -> None:
    noise = (
        message(1, number=999) + b"\0\0\0\0" + NEXT_ID + error(2103) + error(399) + error(10_000)
    )

    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        gateway.sendall(noise + TIME + noise)
        gateway.recv(4096)

    with Scripted(script) as server, held(server.port) as holding:
        assert answer(holding, holding.ask(Ask.TIME, SECONDS)).value == datetime.fromtimestamp(
            1_800_000_000, UTC
        )
        assert holding.lost is None


def test_accounts_that_changed_before_it_was_held_leave_no_positions_to_rely_on() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        converse(gateway, {8: message(1, "U9", number=15) + NEXT_ID, 61: row(1, "5") + END})

    with Scripted(script) as server:
        connection = Connection("127.0.0.1", server.port, 10, Attempts())
        connection.open(SECONDS)
        assert connection.access(SECONDS).is_granted
        holding = Held(connection)
        assert code(holding, holding.ask(Ask.POSITIONS, SECONDS)) == "accounts-changed"
        holding.close()


def test_accounts_that_change_in_the_session_leave_no_positions_to_rely_on() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        gateway.sendall(row(1, "5") + END)
        gateway.recv(4096)
        gateway.sendall(message(1, "U9", number=15) + row(1, "5") + END)
        gateway.recv(4096)

    with Scripted(script) as server, held(server.port) as holding:
        assert answer(holding, holding.ask(Ask.POSITIONS, SECONDS))
        assert code(holding, holding.ask(Ask.POSITIONS, SECONDS)) == "accounts-changed"
        assert holding.kept.positions
        assert not holding.kept.positions.is_complete


def test_farms_are_noted_as_they_come_and_go() -> None:
    with FakeGateway() as gateway, held(gateway.port) as holding:
        farms = holding.kept.notices.farms
        served(holding, lambda: len(farms) == 3)
        for notice in (2103, 2103, 2105, 2157, 2104, 2103, 2119):
            gateway.say(notice)
        served(holding, lambda: said(holding, 2119))
        assert farms == {"usfarm": False, "ushmds": False, "secdefnj": False}
        assert answer(holding, holding.ask(Ask.POSITIONS, SECONDS))


def test_what_is_kept_of_a_talkative_gateway_is_bounded() -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        for number in range(1000):
            gateway.sendall(error(2103, f"farm is broken:farm{number}" + "x" * 500))
        gateway.sendall(error(399, "last"))
        gateway.recv(4096)

    with Scripted(script) as server, held(server.port) as holding:
        holding.ask(Ask.TIME, SECONDS)
        served(holding, lambda: said(holding, 399))
        notices = holding.kept.notices
        assert len(notices.told) == 40
        assert notices.left_out == 1000 - 39
        assert len(notices.farms) == 100
        assert max(map(len, (*(each.text for each in notices.told), *notices.farms))) <= 200
        assert len(holding._connection.said.remarks) <= 60


def test_owner_is_woken_from_another_thread_and_asking_does_not_end_its_serving() -> None:
    with FakeGateway() as gateway, held(gateway.port) as holding:
        asked = holding.ask(Ask.TIME, SECONDS)

        def wake() -> None:
            asked.result(SECONDS)
            holding.wake()

        waking = threading.Thread(target=wake)
        waking.start()
        while not holding.serve(SECONDS):
            pass
        waking.join(SECONDS)
        assert asked.done()
        assert holding.serve(0) is False


def test_close_ends_what_is_subscribed_to_tells_who_waits_and_leaves_no_socket() -> None:
    with FakeGateway(faults=["endless-positions"]) as gateway, held(gateway.port) as holding:
        threads = threading.active_count()
        asked = holding.ask(Ask.POSITIONS, 3600)
        answer(holding, holding.ask(Ask.SUMMARY, SECONDS))
        unserved = holding.ask(Ask.TIME, 3600)
        assert holding.close().is_clean
        wait([asked, unserved], SECONDS)
        for each in (asked, unserved, holding.ask(Ask.TIME, 1)):
            error = each.exception(0)
            assert isinstance(error, Unanswered)
            assert error.code == "stopped"
        gateway.wait_for("closed")
        assert gateway.received[-2:] == ["CANCEL_POSITIONS", "CANCEL_ACCOUNT_SUMMARY"]
        assert SocketTable().on(gateway.port).close_wait == []
        assert threading.active_count() == threads
        assert holding.close().is_clean
        holding.wake()


def test_closed_connection_cannot_be_held() -> None:
    with FakeGateway() as gateway, held(gateway.port) as holding:
        holding.close()
        with pytest.raises(ValueError, match="no connection"):
            Held(holding._connection)


def test_nothing_but_what_reads_has_left_whatever_is_asked_of_whatever_gateway() -> None:
    with FakeGateway(faults=["chatty"]) as gateway:
        with held(gateway.port) as holding:
            for what in Ask:
                answer(holding, holding.ask(what, SECONDS))
            gateway.say(1101)
            served(holding, lambda: said(holding, 1101))
            answer(holding, holding.ask(Ask.POSITIONS, SECONDS))
        gateway.wait_for("closed")
        asked = {"CURRENT_TIME", "POSITIONS", "ACCOUNT_SUMMARY"}
        reading = {f"{verb}_{name}" for verb in ("REQ", "CANCEL") for name in asked}
        assert set(gateway.received) <= reading | {"hello", "START_API"}
        assert gateway.orders_received == 0
