"""What the fake refuses, and how much it takes: by real clients, or as no real client would."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.answering.gateway import Gateway, Session
from fake_ib_gateway.protocol.messages import Message
from fake_ib_gateway.protocol.requests import ORDERS, Request
from fake_ib_gateway.protocol.wire import Hello
from fake_ib_gateway.world.book import options_book
from tests.support.fakes import FakeHere, wait_until
from tests.support.steered import PlainClient

Started = Callable[..., FakeHere]

CONTRACT: dict[str, Any] = {"ibapi.contract.Contract": {"conId": 265598, "exchange": "SMART"}}
ORDER: dict[str, Any] = {
    "ibapi.order.Order": {"action": "BUY", "orderType": "LMT", "lmtPrice": 1.0, "totalQuantity": 1}
}
CANCEL: dict[str, Any] = {"ibapi.order_cancel.OrderCancel": {}}


def framed(payload: bytes) -> bytes:
    return struct.pack("!I", len(payload)) + payload


@contextmanager
def raw_client(port: int, versions: bytes = b"v100..200") -> Iterator[socket.socket]:
    """One that has sent its hello and nothing else."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(b"API\0" + framed(versions))
        yield client


def started(client: socket.socket, client_id: int) -> None:
    """Starts the session, at server version 200."""
    client.sendall(framed(b"71\x002\x00%d\0\0" % client_id))
    received_by(client, b"2158")


def received_by(client: socket.socket, end: bytes) -> bytes:
    """All that comes, up to what ends it."""
    received = b""
    while end not in received:
        more = client.recv(4096)
        assert more, f"closed after {received!r}"
        received += more
    return received


def is_served(client: PlainClient) -> bool:
    client.ask("reqPositions")
    client.hear("positionEnd")
    return len(client.all("position")) == 24


def session() -> Session:
    """A started one, without sockets."""
    session = Gateway((options_book(),)).session()
    session.hello(Hello(100, 200), "now")
    session.answer(Request("START_API", {"client_id": "10"}), now=0.0)
    return session


def names(burst: list[Any]) -> list[str]:
    return [action.name if isinstance(action, Message) else str(action) for action in burst]


def test_second_client_with_an_id_in_use_is_refused_and_the_first_goes_on() -> None:
    with FakeGateway() as gateway, PlainClient() as first, PlainClient() as second:
        first.connect(gateway.port)
        first.hear("nextValidId")
        second.connect(gateway.port)
        second.hear("connectionClosed")
        assert second.codes == [326]
        assert "nextValidId" not in second.names
        assert is_served(first)
        first.leave()
        gateway.wait_for("closed", 2)
        second.connect(gateway.port)
        second.hear("nextValidId")


def test_client_33_is_closed_as_it_comes_while_32_are_served(fake: Started) -> None:
    gateway = fake()
    with ExitStack() as stack, PlainClient() as client:
        others = [stack.enter_context(raw_client(gateway.port)) for _ in range(32)]
        for client_id, other in enumerate(others, 100):
            started(other, client_id)
        client.connect(gateway.port)
        assert client.hear("connect returned") == [False]
        (refused,) = [each for each in gateway.events if each["event"] == "refused"]
        assert refused["reason"] == "32 clients are connected already"
        for other in others:
            other.sendall(framed(b"49\x001\0"))
            received_by(other, b"49\x001\0")
        others[0].close()
        wait_until(lambda: [each["event"] for each in gateway.events].count("closed") == 2)
        client.connect(gateway.port)
        client.hear("nextValidId")


def test_most_clients_may_be_fewer(fake: Started) -> None:
    gateway = fake("--max-clients", "1")
    with PlainClient() as first, PlainClient() as second:
        first.connect(gateway.port)
        first.hear("nextValidId")
        second.connect(gateway.port, client_id=11)
        assert second.hear("connect returned") == [False]
        assert is_served(first)


def test_any_number_of_clients_may_be_allowed(fake: Started) -> None:
    gateway = fake("--max-clients", "0")
    with ExitStack() as stack, PlainClient() as client:
        for client_id in range(100, 140):
            started(stack.enter_context(raw_client(gateway.port)), client_id)
        client.connect(gateway.port)
        client.hear("nextValidId")


def test_program_that_asks_too_fast_is_told_twice_and_then_closed() -> None:
    def keeps_asking(client: PlainClient) -> bool:
        """Whether that ended its connection."""
        for _ in range(60):
            client.ask("reqMarketDataType", 1)
        return client.wait_for(lambda: "connectionClosed" in client.names, 0.05)

    with FakeGateway() as gateway, PlainClient() as client:
        client.connect(gateway.port)
        client.hear("nextValidId")
        assert any(keeps_asking(client) for _ in range(200))
        sent = [each["message"] for each in gateway.events if each["event"] == "sent"]
        assert sent.count("error 100") == 3
    text = "Max rate of messages per second has been exceeded:max=50 rec=51 ({})"
    told = [text for _, code, text in client.all("error") if code == 100]
    assert told[:2] == [text.format(1), text.format(2)]


def test_each_second_above_the_limit_counts_once_and_the_third_ends_the_connection() -> None:
    one = session()
    answers = [names(one.answer(Request("REQ_IDS"), now=10.0)) for _ in range(53)]
    assert answers == [["nextValidId"]] * 50 + [["error 100"], [], []]
    assert names(one.answer(Request("REQ_IDS"), now=11.0)) == ["nextValidId"]
    for _ in range(49):
        one.answer(Request("REQ_IDS"), now=11.9)
    second = one.answer(Request("REQ_IDS"), now=11.9)
    assert "max=50 rec=51 (2)" in str(second)
    for _ in range(50):
        one.answer(Request("REQ_IDS"), now=13.0)
    assert names(one.answer(Request("REQ_IDS"), now=13.0)) == ["error 100", "HangUp()"]


def test_client_that_offers_pacing_is_slowed_down_and_told_everything() -> None:
    with FakeGateway() as gateway, PlainClient() as client:
        begun = time.monotonic()
        client.connect(gateway.port, options="+PACEAPI")
        client.hear("nextValidId")
        for _ in range(60):
            client.ask("reqIds", -1)
        client.hear("nextValidId", 61)
        assert time.monotonic() - begun >= 0.9
        assert 100 not in client.codes


def test_limit_of_messages_may_be_lifted(fake: Started) -> None:
    with PlainClient() as client:
        client.connect(fake("--max-messages", "0").port)
        client.hear("nextValidId")
        for _ in range(500):
            client.ask("reqIds", -1)
        client.hear("nextValidId", 501)
        assert client.codes == [2104, 2106, 2158]


def test_unknown_message_gets_320_and_the_connection_is_kept(fake: Started) -> None:
    with raw_client(fake().port) as client:
        started(client, 10)
        client.sendall(framed(b"12345\0") + framed(b"17\x001\0"))
        assert b"\x00320\0Error reading request" in received_by(client, b"15\x001\0U21146542\0")


def test_request_that_is_not_served_gets_321_with_its_id(fake: Started) -> None:
    with PlainClient() as client:
        client.connect(fake().port)
        client.hear("error", 3)
        client.ask("reqMktData", 77, CONTRACT, "", False, False, [])
        assert client.hear("error", 4)[:2] == [77, 321]
        assert "does not serve REQ_MKT_DATA" in client.all("error")[3][2]
        client.ask("reqMatchingSymbols", 78, "SPY")
        assert client.hear("error", 5)[:2] == [78, 321]
        assert is_served(client)


@pytest.mark.parametrize(
    ("environment", "version"),
    [(None, 144), (None, 200), (None, 203), ("ibapi-10.50.2", 226)],
    ids=["oldest", "text", "protobuf", "newest"],
)
def test_orders_of_every_kind_are_refused_and_counted(
    environment: str | None, version: int
) -> None:
    with FakeGateway(server_version=version) as gateway, PlainClient(environment) as client:
        client.connect(gateway.port)
        client.hear("error", 3)
        client.ask("placeOrder", 7, CONTRACT, ORDER)
        client.ask("cancelOrder", 8, CANCEL)
        client.ask("exerciseOptions", 9, CONTRACT, 1, 1, "", 0, "", "", False)
        client.ask("reqGlobalCancel", CANCEL)
        client.hear("error", 7)
        assert [(number, code) for number, code, _ in client.all("error")[3:]] == [
            (7, 201), (8, 201), (9, 201), (-1, 201),
        ]  # fmt: skip
        assert set(gateway.received) >= ORDERS
        assert gateway.orders_received == 4
        assert is_served(client)


def test_orders_are_counted_before_the_start_unreadable_and_above_the_limit(fake: Started) -> None:
    gateway = fake("--max-messages", "5")
    place_order, protobuf = b"\0\0\0\x03", b"\0\0\0\xcb"
    with raw_client(gateway.port, b"v203") as client:
        client.sendall(framed(place_order + b"1\0") + framed(protobuf + b"\xff"))
        client.sendall(framed(b"\0\0\0\x472\x0010\0\0") + framed(protobuf + b"\x08\x01") * 10)
        wait_until(lambda: gateway.received.count("PLACE_ORDER") == 12)
    gateway.stop()
    assert gateway.events[-1]["event"] == "stopped"
    assert gateway.events[-1]["orders_received"] == gateway.orders_received == 12
    sent = [each["message"] for each in gateway.events if each["event"] == "sent"]
    assert {name for name in sent if "rder" in name} == set()
    assert (sent.count("error 201"), sent.count("error 100")) == (2, 1)


def test_current_time_is_told_once_a_second_and_a_hasty_request_dropped() -> None:
    one = session()
    moments = [100.0, 100.5, 100.99, 101.0, 101.9, 102.5, 50.0]
    told = [names(one.answer(Request("REQ_CURRENT_TIME"), now)) for now in moments]
    answer = ["currentTime"]
    assert told == [answer, [], [], answer, [], answer, answer]


@pytest.mark.parametrize("versions", [b"v300..400", b"v1..99"])
def test_client_without_a_version_in_common_is_closed(versions: bytes, fake: Started) -> None:
    gateway = fake()
    with raw_client(gateway.port, versions) as client:
        assert client.recv(1) == b""
    assert gateway.received == ["hello"]


@pytest.mark.parametrize("versions", [b"v300..400", b"v1..99"])
def test_client_without_a_version_in_common_may_be_answered(versions: bytes, fake: Started) -> None:
    with raw_client(fake("--no-overlap", "answer").port, versions) as client:
        assert b"226\0" in client.recv(4096)


def test_several_accounts_are_told_in_a_list_and_each_has_its_own(fake: Started) -> None:
    gateway = fake("--account", "U1", "--account", "DU2", "--positions", "3")
    with PlainClient() as client:
        client.connect(gateway.port)
        client.hear("error", 3)
        assert client.all("managedAccounts") == [["U1,DU2,"]]
        client.ask("reqPositions")
        client.hear("positionEnd")
        assert [row[0] for row in client.all("position")] == ["U1"] * 3 + ["DU2"] * 3
        client.ask("reqPositionsMulti", 5, "DU2", "")
        client.hear("positionMultiEnd")
        assert [row[1] for row in client.all("positionMulti")] == ["DU2"] * 3
        client.ask("reqAccountUpdates", True, "")
        number, code, text = client.hear("error", 4)
        assert (number, code) == (-1, 321)
        assert "The account code is required for this operation" in text
        client.ask("reqAccountUpdates", True, "DU2")
        assert client.hear("accountDownloadEnd") == ["DU2"]
        assert [row[7] for row in client.all("updatePortfolio")] == ["DU2"] * 3


def test_settings_are_told_from_version_219_on(fake: Started) -> None:
    words = ("--master-client-id", "7", "--trusted-ip", "10.0.0.5", "--trusted-ip", "10.0.0.6")
    gateway = fake("read-only", *words)
    with PlainClient("ibapi-10.50.2") as client:
        client.connect(gateway.port)
        client.hear("nextValidId")
        request = {"ibapi.protobuf.ConfigRequest_pb2.ConfigRequest": {"reqId": 5}}
        client.ask("reqConfigProtoBuf", request)
        (told,) = client.hear("configResponseProtoBuf")
    lines = [line.strip() for line in told.splitlines()]
    assert {
        "reqId: 5",
        "readOnlyApi: true",
        f"socketPort: {gateway.port}",
        "masterClientId: 7",
        'trustedIPs: "10.0.0.5"',
        'trustedIPs: "10.0.0.6"',
    } <= set(lines)


def test_settings_as_they_are_without_a_word_about_them(fake: Started) -> None:
    with PlainClient("ibapi-10.50.2") as client:
        client.connect(fake().port)
        client.hear("nextValidId")
        client.ask("reqConfigProtoBuf", {"ibapi.protobuf.ConfigRequest_pb2.ConfigRequest": {}})
        (told,) = client.hear("configResponseProtoBuf")
    assert "readOnlyApi: false" in told
    assert 'trustedIPs: "127.0.0.1"' in told
    assert "masterClientId" not in told


ORDER_FRAME = framed(b"3\x001\0" + b"0\0" * 40)


@pytest.mark.parametrize(
    ("faults", "before"),
    [
        (["client-id-in-use"], b"71\x002\x0010\0\0"),
        (["drops"], b"61\x001\0"),
    ],
)
def test_order_behind_what_ends_the_connection_is_counted(faults: list[str], before: bytes) -> None:
    with FakeGateway(faults=faults) as gateway:
        with raw_client(gateway.port) as client:
            if faults != ["client-id-in-use"]:
                started(client, 10)
            client.sendall(framed(before) + ORDER_FRAME)
            gateway.wait_for("closed")
        assert gateway.orders_received == 1


def test_order_that_comes_while_the_gateway_pauses_is_counted() -> None:
    with FakeGateway(faults=["drops-after-start=0.3"]) as gateway:
        with raw_client(gateway.port) as client:
            client.sendall(framed(b"71\x002\x0010\0\0"))
            gateway.wait_for("received", count=2)
            client.sendall(ORDER_FRAME)
            gateway.wait_for("closed")
        assert gateway.orders_received == 1
