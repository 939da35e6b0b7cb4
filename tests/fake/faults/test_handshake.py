"""Faults of the handshake, from the hello to the next valid id: heard by the official client."""

from __future__ import annotations

import socket
import time

import pytest

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.world.book import ACCOUNT
from tests.support.fakes import wait_until
from tests.support.heard import (
    FARMS,
    QUIET_SECONDS,
    ROWS,
    STARTED,
    all_said,
    assert_is_answered,
    positions,
    quantities,
    spoken,
)
from tests.support.on_the_port import assert_holds_a_connection, own_sockets
from tests.support.proving import proves
from tests.support.said import said
from tests.support.steered import PlainClient


@proves("healthy")
def test_healthy_gateway_serves_the_client_and_closes_after_it(
    gateway: FakeGateway, client: PlainClient
) -> None:
    rows = positions(client)
    assert (len(rows), "0" in quantities(rows)) == (24, False)
    assert client.codes == [2104, 2106, 2158]
    assert_holds_a_connection(client, gateway)
    client.leave()
    gateway.wait_for("closed")
    wait_until(lambda: own_sockets(gateway.port) == [])


@proves("silent")
def test_silent_gateway_keeps_its_client_in_connect_for_ever_and_no_zombie_after_it(
    gateway: FakeGateway, client: PlainClient
) -> None:
    gateway.wait_for("received")
    assert_holds_a_connection(client, gateway)
    assert client.hears_only(0, QUIET_SECONDS)
    client.kill()
    gateway.wait_for("closed")
    wait_until(lambda: own_sockets(gateway.port) == [])


@proves("starting=1")
def test_starting_gateway_is_silent_until_its_time_and_serves_who_comes_then(
    gateway: FakeGateway,
) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as early:
        early.sendall(b"API\0\0\0\0\x09v100..203")
        gateway.wait_for("received")
        was_early = gateway.state["up_seconds"] < 1  # as a rule; a busy machine may take longer
        wait_until(lambda: gateway.state["up_seconds"] >= 1)
        with PlainClient() as later:
            later.connect(gateway.port, client_id=11)
            assert len(positions(later)) == 24
        early.setblocking(False)
        if was_early:
            with pytest.raises(BlockingIOError):
                early.recv(1)


def test_starting_gateway_answers_as_soon_as_its_time_has_come() -> None:
    assert not any(said("starting=2", up_seconds=1.9).values())
    assert said("starting=2", up_seconds=2) == said()


@proves("no-start")
def test_gateway_that_does_not_start_the_session_answers_its_version_only(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert client.hear("connect returned") == [True]
    client.ask("reqPositions")
    wait_until(lambda: gateway.received == ["hello", "START_API", "REQ_POSITIONS"])
    assert client.hears_only(2, 0.3)
    assert sorted(client.names) == ["connect returned", "connectAck"]
    assert_holds_a_connection(client, gateway)


@proves("slow=0.8")
def test_slow_gateway_takes_its_time_to_next_valid_id_and_no_less(
    gateway: FakeGateway, faults: str
) -> None:
    with PlainClient() as client:
        begun = time.monotonic()
        client.connect(gateway.port)
        client.hear("nextValidId")
        assert time.monotonic() - begun >= float(faults.partition("=")[2])
        assert client.names.index("managedAccounts") < client.names.index("nextValidId")
        assert len(positions(client)) == 24


@proves("refuses")
def test_gateway_that_refuses_closes_and_the_client_is_told_nothing(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert client.hear("connect returned") == [False]
    assert client.names == ["connect returned"]
    (closed,) = [each for each in gateway.events if each["event"] == "closed"]
    assert closed["by"] == "gateway"
    assert gateway.received == []


@proves("garbage")
def test_garbage_is_no_frame_and_keeps_the_client_in_connect(
    gateway: FakeGateway, client: PlainClient
) -> None:
    gateway.wait_for("received")
    assert client.hears_only(0, QUIET_SECONDS)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as raw:
        raw.sendall(b"API\0\0\0\0\x09v100..203")
        assert int.from_bytes(raw.recv(4), "big") == 0x7FFFFFFF


@proves("dialog=0.4")
def test_dialog_is_accepted_after_a_while_and_all_is_well_then(
    gateway: FakeGateway, client: PlainClient, faults: str
) -> None:
    assert len(positions(client)) == 24
    assert gateway.received[0] == "hello"


@proves("accounts-only")
def test_accounts_come_and_next_valid_id_never(gateway: FakeGateway, client: PlainClient) -> None:
    client.hear("managedAccounts")
    assert_is_answered(client)
    assert "nextValidId" not in client.names


@proves("drops-after-start=0.3")
def test_gateway_drops_its_client_a_while_after_the_start_without_a_word(
    gateway: FakeGateway, faults: str
) -> None:
    with PlainClient() as client:
        begun = time.monotonic()
        client.connect(gateway.port)
        client.hear("connectionClosed")
        assert time.monotonic() - begun >= float(faults.partition("=")[2])
        assert client.hear("connect returned") == [True]
        assert sorted(client.names) == ["connect returned", "connectAck", "connectionClosed"]


@proves("client-id-in-use")
def test_client_id_in_use_is_said_and_then_the_connection_closed(
    gateway: FakeGateway, client: PlainClient
) -> None:
    client.hear("connectionClosed")
    assert client.names[-2:] == ["error", "connectionClosed"]
    assert client.codes == [326]
    assert "nextValidId" not in client.names


@proves("orders-first")
def test_order_of_this_client_and_the_next_id_come_before_the_accounts(
    gateway: FakeGateway, client: PlainClient
) -> None:
    client.hear("managedAccounts")
    orders = ["openOrder", "orderStatus", "openOrderEnd"]
    session = [name for name in client.names if not name.startswith("connect")]
    assert session[:5] == ["nextValidId", *orders, "managedAccounts"]
    (order_id, contract, order, state) = client.hear("openOrder")
    assert (order_id, order["clientId"], order["account"]) == (1, 10, ACCOUNT)
    assert (contract["symbol"], state["status"]) == ("SPY", "Submitted")
    assert client.all("nextValidId") == [[2]]
    assert len(positions(client)) == 24


@proves("disclaimer")
def test_gateway_that_wants_its_disclaimer_accepted_says_so_and_nothing_else(
    gateway: FakeGateway, client: PlainClient
) -> None:
    client.hear("error")
    client.ask("reqPositions")
    client.ask("reqCurrentTime")
    gateway.wait_for("received", 4)
    assert client.hears_only(3, 0.3)
    assert spoken(client) == ["-1: 10141"]
    assert gateway.state["connections"] == 1


@proves("disclaimer-closes")
def test_gateway_that_wants_its_disclaimer_accepted_may_close(client: PlainClient) -> None:
    client.hear("connectionClosed")
    assert spoken(client) == ["-1: 10141", "connectionClosed"]


@proves("disclaimer-granted")
def test_gateway_may_speak_of_its_disclaimer_and_serve_all_the_same(client: PlainClient) -> None:
    said = all_said(client)
    assert said == [*STARTED, "-1: 10141", *FARMS, *ROWS, "positionEnd"]
