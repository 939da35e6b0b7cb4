"""The single connection: none of the official client's traps reaches its user."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from ibapi.common import PROTOBUF_MSG_ID
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.message import OUT
from ibapi.order import Order
from ibapi.order_cancel import OrderCancel
from ibapi.server_versions import MAX_CLIENT_VER

from fake_ib_gateway.world.book import options_book
from golive.client.answers import Event
from golive.client.connection import Connection
from golive.client.official_client import READING, REQ_CONFIG, NotReading, Outlet
from golive.discipline.attempts import AttemptRefused, Attempts
from golive.kit.clock import SystemClock
from golive.machine.sockets import SocketTable
from tests.support.fakes import Fake
from tests.support.gateways import READY, VERSION, Scripted, handshake, message

Started = Callable[..., Fake]
ACCOUNT = "U21146542"
UPDATE_CONFIG = 109


def connection_to(port: int, **more: Any) -> Connection:
    return Connection("127.0.0.1", port, 10, Attempts(), **more)


@pytest.mark.parametrize("fault", ["healthy", "boundary", "fragmented", "joined"])
@pytest.mark.parametrize("version", ["100", "157", "176", "203", "212", "213", "226"])
def test_everything_arrives_however_the_bytes_are_cut(
    fault: str, version: str, fake: Started
) -> None:
    connection = connection_to(fake(fault, "--server-version", version).port)
    shaken = connection.open(5)
    positions = connection.positions(5)
    closing = connection.close()

    assert (shaken.stopped, shaken.next_valid_id, shaken.accounts) == (None, 1, (ACCOUNT,))
    assert shaken.server_version == min(int(version), MAX_CLIENT_VER)
    assert positions.is_complete
    assert [(row.con_id, str(row.quantity)) for row in positions.open_in(ACCOUNT)] == [
        (row.contract.con_id, row.quantity) for row in options_book().positions
    ]
    assert closing.is_clean


class From(SystemClock):
    """Its time begins with an event of the handshake."""

    def __init__(self, name: str) -> None:
        self._name, self._began = name, float("inf")

    def hear(self, event: Event) -> None:
        if event.name == self._name:
            self._began = super().monotonic()

    def monotonic(self) -> float:
        return max(0.0, super().monotonic() - self._began)


@pytest.mark.parametrize(
    ("fault", "last", "stopped"),
    [
        ("silent", "hello sent", "no-byte"),
        ("no-start", "start api", "version-only"),
        ("accounts-only", "managedAccounts", "no-next-valid-id"),
        ("refuses", "", "closed-at-once"),
        ("drops-after-start", "", "closed-after-start"),
        ("garbage", "", "protocol-error"),
        ("client-id-in-use", "", "client-id-in-use"),
        ("down", "", "refused"),
    ],
)
def test_handshake_that_stops_says_where_and_leaves_nothing_open(
    fault: str, last: str, stopped: str, fake: Started
) -> None:
    gateway, threads, clock = fake(fault), threading.active_count(), From(last)
    connection = connection_to(gateway.port, clock=clock, listen=clock.hear)
    shaken = connection.open(1)

    assert shaken.stopped == stopped
    assert shaken.reason
    assert connection.closing is not None
    assert threading.active_count() == threads
    assert SocketTable().on(gateway.port).close_wait == []
    assert gateway.connections == (0 if fault == "down" else 1)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("fault", ["refuses", "drops-after-start", "garbage", "client-id-in-use"])
def test_gateway_that_will_not_answer_is_named_at_once_and_not_at_the_timeout(
    fault: str, fake: Started
) -> None:
    assert connection_to(fake(fault).port).open(3600).stopped is not None


def test_timeline_of_a_handshake_is_told_in_order(fake: Started) -> None:
    events: list[Event] = []
    connection = connection_to(fake().port, listen=events.append)
    connection.open(5)
    connection.close()
    names = [event.name for event in events]
    stages = ["connecting", "connected", "hello sent", "server version", "start api", "connectAck"]
    assert names[: len(stages)] == stages
    assert {"managedAccounts", "nextValidId"} <= set(names)
    assert [event.elapsed_ms for event in events] == sorted(event.elapsed_ms for event in events)


def test_fin_has_left_when_close_returns_although_the_gateway_keeps_its_side_open() -> None:
    closed, seen = threading.Event(), []

    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        assert closed.wait(60)
        gateway.setblocking(False)
        seen.append(gateway.recv(4096))  # b"" is the FIN; were it missing, this would raise

    with Scripted(script) as server:
        connection = connection_to(server.port)
        connection.open(5)
        closing = connection.close()
        closed.set()
    assert seen == [b""]
    assert (closing.by, closing.gateway_closed_ms) == ("us", None)


def test_gateway_that_talks_until_the_end_gets_a_fin_and_no_reset() -> None:
    ended: list[bytes] = []

    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.sendall(message(1, number=999) * 20_000)
        ended.append(gateway.recv(4096))  # a reset would raise

    with Scripted(script) as server:
        connection = connection_to(server.port)
        connection.open(5)
        closing = connection.close()
    assert ended == [b""]
    assert closing.is_clean


def test_gateway_that_has_left_is_not_called_a_clean_close(fake: Started) -> None:
    connection = connection_to(fake("drops-after-positions").port)
    connection.open(5)
    assert connection.positions(5).is_complete
    connection.positions(5)  # by now its FIN has been read
    assert connection.close().by == "gateway"


def test_second_attempt_in_a_run_is_refused_before_anything_is_connected(fake: Started) -> None:
    gateway, attempts = fake("refuses"), Attempts()
    Connection("127.0.0.1", gateway.port, 10, attempts).open(5)
    with pytest.raises(AttemptRefused):
        Connection("127.0.0.1", gateway.port, 10, attempts).open(5)
    assert gateway.connections == 1


def test_name_that_resolves_to_two_addresses_is_tried_once(fake: Started) -> None:
    gateway = fake("refuses")
    shaken = Connection("localhost", gateway.port, 10, Attempts()).open(5)
    assert shaken.stopped == "closed-at-once"
    assert gateway.connections == 1


def test_name_that_cannot_be_resolved_is_said(fake: Started) -> None:
    shaken = Connection("no-such-host.invalid", 4001, 10, Attempts()).open(2)
    assert (shaken.stopped, "no-such-host" in shaken.reason) == ("refused", True)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (message("9", "time"), "server version '9' is not one that this client supports"),
        (message("300", "time"), "server version '300'"),
        (message("-1", "127.0.0.1:4001"), "server version '-1'"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "frame of 1213486160 bytes"),
        (VERSION + message(1, "one", number=9), "cannot be decoded"),
        (VERSION + b"\0\0\0\x05\0\0\0\xcc\xff", "cannot be decoded"),
        (message(1) * 20, "the answer is not a server version"),
    ],
)
def test_bytes_that_are_no_protocol_are_a_protocol_error(answer: bytes, reason: str) -> None:
    def script(gateway: socket.socket) -> None:
        gateway.recv(4096)
        gateway.sendall(answer)
        while gateway.recv(4096):
            pass

    with Scripted(script) as server:
        shaken = connection_to(server.port).open(20)
    assert shaken.stopped == "protocol-error"
    assert reason in shaken.reason


def test_messages_before_the_version_and_between_everything_are_passed_over() -> None:
    farm = message(-1, 2104, "Market data farm connection is OK:usfarm", "", 0, number=4)

    def script(gateway: socket.socket) -> None:
        gateway.recv(4096)
        gateway.sendall(farm + b"\0\0\0\0" + VERSION)
        gateway.recv(4096)
        gateway.sendall(farm + message(1, number=999) + b"\0\0\0\0" + READY)
        gateway.recv(4096)

    with Scripted(script) as server:
        connection = connection_to(server.port)
        shaken = connection.open(3)
        connection.close()
    assert shaken.stopped is None


def test_message_that_the_official_client_complains_of_brings_no_account_into_a_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    too_much = message(1, ACCOUNT, ACCOUNT, ACCOUNT, number=15)

    def script(gateway: socket.socket) -> None:
        gateway.recv(4096)
        gateway.sendall(VERSION)
        gateway.recv(4096)
        gateway.sendall(too_much + READY)
        gateway.recv(4096)

    with Scripted(script) as server:
        connection = connection_to(server.port)
        connection.open(3)
        connection.close()
    assert ACCOUNT not in caplog.text


def row(con_id: int, quantity: str, account: str = ACCOUNT) -> bytes:
    contract = (con_id, "SPY", "STK", "", 0.0, "", "", "ARCA", "USD", "SPY", "SPY")
    return message(3, account, *contract, quantity, 1.5, number=61)


@pytest.mark.parametrize(
    "early", [message(4, 2, -1, 10141, "text"), message(-1, 10141, "text", "", 0, number=4)]
)
def test_what_is_said_before_the_version_is_heard(early: bytes) -> None:
    def script(gateway: socket.socket) -> None:
        gateway.recv(4096)
        gateway.sendall(message(14, 1, 7, 1, "a bulletin", "NYSE") + early + VERSION)
        gateway.recv(4096)
        gateway.sendall(READY)
        while gateway.recv(4096):
            pass

    with Scripted(script) as server:
        connection = connection_to(server.port)
        connection.open(5)
        connection.close()
    assert connection.against is not None
    assert connection.against.code == 10141


def test_message_with_a_field_too_many_is_not_passed_over() -> None:
    positions = positions_from(message(1, "U9", "more", number=15) + message(1, number=62))
    assert "cannot be decoded" in positions.reason


def test_closed_positions_and_those_of_other_accounts_do_not_count() -> None:
    rows = row(1, "0") + row(2, "-3") + row(3, "7", "U1") + row(4, "0.5")
    positions = positions_from(rows + message(1, number=62))
    assert [(each.con_id, str(each.quantity)) for each in positions.open_in(ACCOUNT)] == [
        (2, "-3"),
        (4, "0.5"),
    ]


def test_rows_without_a_contract_id_are_told_apart_by_all_they_say() -> None:
    rows = row(0, "5") + row(0, "5").replace(b"STK", b"OPT") + row(0, "5")
    assert len(positions_from(rows + message(1, number=62)).open_in(ACCOUNT)) == 2


@pytest.mark.parametrize("quantity", ["", "NaN", "Infinity"])
def test_quantity_that_is_no_number_is_neither_open_nor_closed(quantity: str) -> None:
    positions = positions_from(row(1, quantity) + message(1, number=62))
    assert len(positions.unreadable) == 1
    assert positions.open_in(ACCOUNT) == ()


@pytest.mark.parametrize("account", ["", ACCOUNT.lower(), f"{ACCOUNT} ", f" {ACCOUNT}"])
def test_row_of_an_account_that_nobody_can_have_is_not_passed_over(account: str) -> None:
    positions = positions_from(row(1, "7", account) + row(2, "5") + message(1, number=62))
    assert len(positions.unreadable) == 1


@pytest.mark.parametrize(
    ("codes", "complete"), [([1100], False), ([2110], False), ([1100, 1102], True), ([2104], True)]
)
def test_positions_of_a_gateway_that_has_no_link_at_their_end_are_not_complete(
    codes: list[int], complete: bool
) -> None:
    notices = b"".join(message(-1, code, "text", "", 0, number=4) for code in codes)
    positions = positions_from(notices + row(1, "5") + message(1, number=62))
    assert positions.is_complete is complete
    assert positions.has_ended


def test_link_that_is_lost_after_the_positions_is_known_when_the_connection_is_closed() -> None:
    told = threading.Event()

    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        gateway.sendall(row(1, "5") + message(1, number=62))
        assert asked.wait(60)
        gateway.sendall(message(-1, 1100, "text", "", 0, number=4))
        told.set()
        gateway.recv(4096)

    asked = threading.Event()
    with Scripted(script) as server:
        connection = connection_to(server.port)
        connection.open(5)
        assert connection.positions(5).is_complete
        asked.set()
        assert told.wait(60)
        assert connection.close().is_clean
    assert connection.against is not None


def test_positions_without_an_end_are_incomplete_and_say_so() -> None:
    positions = positions_from(row(1, "5"))
    assert not positions.is_complete
    assert "closed" in positions.reason
    assert len(positions.rows) == 1


def positions_from(answer: bytes) -> Any:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)
        gateway.sendall(answer)

    with Scripted(script) as server:
        connection = connection_to(server.port)
        connection.open(5)
        found = connection.positions(5)
        connection.close()
    return found


def test_no_order_can_leave_even_through_the_client_within(fake: Started) -> None:
    gateway = fake()
    connection = connection_to(gateway.port)
    connection.open(5)
    client = connection._conversation.client
    assert client is not None
    attempts: list[Callable[[], None]] = [
        lambda: client.placeOrder(1, Contract(), Order()),
        lambda: client.cancelOrder(1, OrderCancel()),
        lambda: client.reqGlobalCancel(OrderCancel()),
        lambda: client.exerciseOptions(1, Contract(), 1, 1, "", 0, "", "", False),
        lambda: client.reqExecutions(1, ExecutionFilter()),
        lambda: client.reqAutoOpenOrders(True),
    ]
    for attempt in attempts:
        with suppress(NotReading):  # newer clients turn it into an error of their own
            attempt()
    assert connection.positions(5).is_complete
    connection.close()
    gateway.stop()
    assert gateway.received == ["hello", "START_API", "REQ_POSITIONS"]
    assert gateway.orders_received == 0


@pytest.mark.parametrize("raw_ids", [True, False])
def test_only_messages_that_read_pass_the_outlet(raw_ids: bool) -> None:
    known = {value for name, value in vars(OUT).items() if name.isupper()}
    known |= {REQ_CONFIG, UPDATE_CONFIG}
    session = {OUT.START_API, OUT.REQ_IDS, OUT.REQ_CURRENT_TIME, REQ_CONFIG}
    positions = {OUT.REQ_POSITIONS, OUT.CANCEL_POSITIONS}
    summary = {OUT.REQ_ACCOUNT_SUMMARY, OUT.CANCEL_ACCOUNT_SUMMARY}
    assert session | positions | summary == READING < known
    outlet = Outlet(None, raw_ids)  # type: ignore[arg-type]
    protobuf = {number + PROTOBUF_MSG_ID for number in known - READING} if raw_ids else set()
    for number in (known - READING) | protobuf:
        head = number.to_bytes(4, "big") if raw_ids else f"{number}\0".encode()
        with pytest.raises(NotReading):
            outlet.sendMsg(b"\0\0\0\0" + head)


def test_connection_offers_nothing_but_to_open_ask_hold_and_close() -> None:
    offered = {name for name in dir(connection_to(1)) if not name.startswith("_")}
    asked = {"handshake", "access", "api_settings", "positions", "own_address", "settled"}
    asked |= {"said", "against", "behind"}
    held = {"hold", "send", "hear", "fileno", "release"}
    assert offered == asked | held | {"open", "close", "closing"}
