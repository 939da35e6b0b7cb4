"""Faults of how bytes and messages come: what clients make of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Gateway
from fake_ib_gateway.faults.boundary import Boundary
from fake_ib_gateway.faults.hostile import Hostile
from fake_ib_gateway.protocol.messages import Message, Speech
from fake_ib_gateway.world.book import ACCOUNT, options_book
from tests.support.heard import FARMS, QUIET_SECONDS, ROWS, STARTED, all_said, positions
from tests.support.proving import proves
from tests.support.steered import PlainClient, ib_async


@proves("fragmented")
def test_fragments_keep_the_official_client_in_connect(
    gateway: FakeGateway, client: PlainClient
) -> None:
    gateway.wait_for("received")
    assert client.hears_only(0, QUIET_SECONDS)


@proves("joined")
def test_official_client_loses_what_comes_with_the_version(
    gateway: FakeGateway, client: PlainClient
) -> None:
    client.hear("error", 3)
    assert client.codes == [2104, 2106, 2158]
    assert {"nextValidId", "managedAccounts"}.isdisjoint(client.names)
    sent = [each["message"] for each in gateway.events if each["event"] == "sent"]
    assert sent[:3] == ["serverVersion", "managedAccounts", "nextValidId"]


@proves("boundary", "boundary=8192")
def test_official_client_loses_what_ends_on_4096(gateway: FakeGateway, client: PlainClient) -> None:
    assert client.hear("connect returned") == [True]
    assert client.hears_only(2, QUIET_SECONDS)
    assert "nextValidId" in [each["message"] for each in gateway.events if each["event"] == "sent"]


@given(
    st.integers(1, 10_000), st.sampled_from([100, 157, 176, 200, 203, 226]), st.integers(0, 5000)
)
def test_burst_of_any_length_ends_on_the_boundary(size: int, version: int, length: int) -> None:
    session = Gateway((options_book(),)).session()
    session.speech = Speech(version)
    burst: Burst = [session.speech.managed_accounts("A" * length)]
    said = Boundary(size).burst("START_API", burst, session)
    assert said[-1:] == burst
    assert sum(len(each.frame) for each in said if isinstance(each, Message)) % size == 0


@pytest.mark.parametrize(
    "faults",
    ["fragmented", "joined", "boundary", "chatty", "orders-first", "hostile", "other-orders"],
)
def test_ib_async_reads_all_there_is_all_the_same(gateway: FakeGateway, faults: str) -> None:
    with ib_async(gateway.port) as client:
        got = json.loads(client.says(0))
    assert got["failure"] is None
    assert all(each["answered"] for each in got["asked"])
    rows = [row["conId"] for row in got["positions"] if row["account"] == ACCOUNT]
    assert len(set(rows)) == 24
    assert len(got["open_orders"]) == (faults == "orders-first")


@proves("chatty")
def test_chatty_gateway_talks_of_farms_and_of_anothers_order_before_every_row(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert len(positions(client)) == 24
    assert {2103, 2104, 2105} <= set(client.codes)
    assert {order[8] for order in client.all("orderStatus")} == {1}  # it is 10 itself
    noise = ["error", "error", "error", "orderStatus"]
    rows = [number for number, name in enumerate(client.names) if name == "position"]
    assert all(client.names[row - 4 : row] == noise for row in rows)


@proves("hostile")
@pytest.mark.parametrize(("environment", "version"), [(None, 152), ("ibapi-10.50.2", 226)])
def test_hostile_names_arrive_character_by_character(
    faults: str, environment: str | None, version: int
) -> None:
    names = Hostile.NAMES
    with (
        FakeGateway(faults=[faults], server_version=version) as gateway,
        PlainClient(environment) as client,
    ):
        client.connect(gateway.port)
        rows = [(account, contract) for account, contract, _, _ in positions(client)]
        assert client.all("managedAccounts") == [[f"{ACCOUNT},{names[0]},"]]
    expected = [names[number % len(names)] for number in range(24)]
    ours = [contract for account, contract in rows if account == ACCOUNT]
    assert [contract["symbol"] for contract in ours] == expected
    assert [contract["localSymbol"] for contract in ours] == expected
    assert [account for account, _ in rows[24:]] == [names[0]]


@proves("other-orders")
def test_orders_of_another_program_are_told_of_between_everything(client: PlainClient) -> None:
    said = all_said(client)
    assert [each for each in said if each[0] != "7"] == [*STARTED, *FARMS, *ROWS, "positionEnd"]
    own = [place for place, each in enumerate(said) if each[0] != "7"]
    assert all(said[place - 2 : place] == ["7: 202", "7: 399"] for place in own)
    assert said[-2:] == ["7: 202", "7: 399"]
