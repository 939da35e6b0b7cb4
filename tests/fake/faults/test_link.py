"""Faults of the link to IBKR, and of the connection once it stands: heard by real clients."""

from __future__ import annotations

from fake_ib_gateway import FakeGateway
from tests.support.fakes import wait_until
from tests.support.heard import (
    FARMS,
    ROWS,
    STARTED,
    all_said,
    assert_is_answered,
    positions,
    spoken,
    text_of,
    to_positions,
)
from tests.support.on_the_port import assert_holds_a_connection
from tests.support.proving import proves
from tests.support.said import said
from tests.support.steered import PlainClient


@proves("mute")
def test_mute_gateway_finishes_the_handshake_and_then_holds_a_silent_connection(
    gateway: FakeGateway, client: PlainClient
) -> None:
    client.hear("error", 3)
    heard = len(client.lines)
    client.ask("reqPositions")
    client.ask("reqCurrentTime")
    wait_until(lambda: "REQ_CURRENT_TIME" in gateway.received)
    assert client.hears_only(heard, 0.3)
    assert_holds_a_connection(client, gateway)


@proves("connectivity-lost")
def test_lost_connectivity_is_said_behind_the_handshake_and_positions_still_come(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert len(positions(client)) == 24
    assert client.codes == [2104, 2106, 2158, 1100]
    assert client.names.index("nextValidId") < client.names.index("error")


@proves("mute=0.5")
def test_gateway_goes_mute_after_its_time(gateway: FakeGateway, client: PlainClient) -> None:
    client.hear("error", 3)
    served = gateway.state["up_seconds"]
    wait_until(lambda: gateway.state["up_seconds"] > served + 0.5)
    heard = len(client.lines)
    client.ask("reqCurrentTime")
    assert client.hears_only(heard, 0.3)
    assert_holds_a_connection(client, gateway)


def test_gateway_answers_until_it_goes_mute() -> None:
    assert said("mute=2", up_seconds=1.9) == said()
    assert said("mute=2", up_seconds=2) == said() | {"REQ_POSITIONS": []}


@proves("connectivity-lost=0.5")
def test_connectivity_is_lost_later_and_requests_are_answered_until_then(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert len(positions(client)) == 24
    client.hear("error", 4)
    assert client.codes == [2104, 2106, 2158, 1100]
    assert_is_answered(client)


@proves("drops-late=0.5")
def test_connection_is_dropped_later_without_a_word(
    gateway: FakeGateway, client: PlainClient
) -> None:
    client.hear("connectionClosed")
    assert client.codes == [2104, 2106, 2158]
    assert gateway.state["up_seconds"] >= 0.5
    assert gateway.events[-1]["event"] == "closed"


def test_requests_are_answered_until_the_connection_is_dropped_later() -> None:
    start = [*said()["START_API"], "Meanwhile"]
    assert said("drops-late=2") == said() | {"START_API": start}


@proves("farm-broken", "farm-broken chatty")
def test_farms_are_broken_and_never_ok_again(client: PlainClient, faults: str) -> None:
    told = all_said(client)
    assert {each for each in told if each.startswith("-1")} == {"-1: 2103", "-1: 2105", "-1: 2157"}
    assert told.count("row") == 24
    if "chatty" not in faults:
        assert told[:5] == [*STARTED, "-1: 2103", "-1: 2105", "-1: 2157"]


@proves("unknown-code", "unknown-code=10182")
def test_unknown_code_is_said_behind_the_start(client: PlainClient, faults: str) -> None:
    code = faults.partition("=")[2] or "9999"
    assert to_positions(client) == [f"-1: {code}", *ROWS, "positionEnd"]


@proves("restored")
def test_lost_link_is_restored_at_once_behind_the_start(client: PlainClient) -> None:
    told = all_said(client)
    assert told == [*STARTED, "-1: 1100", "-1: 1102", *FARMS, *ROWS, "positionEnd"]


@proves("restored-data-lost")
def test_data_is_lost_amid_the_first_answer_and_the_second_is_whole(client: PlainClient) -> None:
    assert to_positions(client) == [*ROWS[:12], "-1: 1100", "-1: 1101", "positionEnd"]
    client.ask("reqPositions")
    client.hear("positionEnd", 2)
    assert spoken(client)[-25:] == [*ROWS, "positionEnd"]


@proves("port-changed")
def test_changed_port_is_told_right_behind_the_start_and_the_connection_closed(
    gateway: FakeGateway, client: PlainClient
) -> None:
    client.hear("connectionClosed")
    assert spoken(client) == [*STARTED, "-1: 1300", "connectionClosed"]
    assert str(gateway.port + 1) in text_of(client, 1300)
