"""Faults of the answer to a request for positions: heard by the official client."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.world.book import ACCOUNT
from tests.support.fakes import FakeHere
from tests.support.heard import (
    FARMS,
    ROWS,
    STARTED,
    accounts,
    all_said,
    assert_is_answered,
    positions,
    quantities,
    rows,
    spoken,
    text_of,
    to_positions,
)
from tests.support.proving import proves
from tests.support.said import said
from tests.support.steered import PlainClient

Started = Callable[..., FakeHere]


@proves("missing-positions", "missing-positions=3", "missing-positions=100")
def test_positions_are_missing(gateway: FakeGateway, client: PlainClient, faults: str) -> None:
    missing = int(faults.partition("=")[2] or 1)
    assert len(positions(client)) == max(0, 24 - missing)


@proves("closed-positions", "closed-positions=1")
def test_closed_positions_stand_between_the_open_ones(
    gateway: FakeGateway, client: PlainClient, faults: str
) -> None:
    closed = [row for row in positions(client) if row[2] == "0"]
    assert len(client.all("position")) - len(closed) == 24
    assert len(closed) == (24 if "=" in faults else 8)
    assert {row[3] for row in closed} == {0.0}
    assert quantities(client.all("position"))[-1] != "0"


@proves("endless-positions")
def test_all_positions_come_and_their_end_never(gateway: FakeGateway, client: PlainClient) -> None:
    client.hear("nextValidId")
    client.ask("reqPositions")
    client.hear("position", 24)
    assert_is_answered(client)
    assert "positionEnd" not in client.names


@proves("drops", "drops=0.25")
def test_gateway_drops_its_client_amid_the_positions(
    gateway: FakeGateway, client: PlainClient, faults: str
) -> None:
    client.hear("nextValidId")
    client.ask("reqPositions")
    client.hear("connectionClosed")
    assert len(client.all("position")) == (6 if "=" in faults else 12)
    assert "positionEnd" not in client.names


@proves("drops-after-positions")
def test_gateway_drops_its_client_right_after_the_positions(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert len(positions(client)) == 24
    client.hear("connectionClosed")
    assert client.names[-2:] == ["positionEnd", "connectionClosed"]


@proves("not-available-yet")
def test_positions_that_are_not_available_yet_end_at_once_without_a_row(
    client: PlainClient,
) -> None:
    assert to_positions(client) == ["-1: 2151", "positionEnd"]


@proves("not-available")
def test_positions_that_are_not_available_have_no_end(client: PlainClient) -> None:
    assert to_positions(client) == ["-1: 2151"]


@proves("available-late", "available-late=0.1")
def test_positions_that_are_available_late_are_all_there_in_the_end(
    client: PlainClient, faults: str
) -> None:
    begun = time.monotonic()
    assert to_positions(client) == ["-1: 2151", *ROWS, "positionEnd"]
    assert time.monotonic() - begun >= float(faults.partition("=")[2] or 0.3)


@proves("account-unavailable")
def test_account_that_is_unavailable_is_named_and_has_no_row(client: PlainClient) -> None:
    assert to_positions(client) == ["-1: 10275", "positionEnd"]
    assert ACCOUNT in text_of(client, 10275)


def test_rows_of_other_accounts_than_the_unavailable_one_come(fake: Started) -> None:
    gateway = fake("account-unavailable", "--account", "U1", "--account", "U2")
    with PlainClient() as client:
        client.connect(gateway.port)
        assert all_said(client)[5:] == ["-1: 10275", *ROWS, "positionEnd"]
        assert {account for account, _, _ in rows(client)} == {"U2"}
        assert "U1" in text_of(client, 10275)
        assert "U2" not in text_of(client, 10275)


@proves("advisor", "advisor=3")
def test_advisor_has_many_accounts_and_no_answer_to_the_request_for_positions(
    client: PlainClient, faults: str
) -> None:
    assert all_said(client)[1:] == ["nextValidId", *FARMS]
    assert len(set(accounts(client))) == int(faults.partition("=")[2] or 60)
    assert accounts(client)[0] == ACCOUNT


@proves("advisor-refused", "advisor-refused=51")
def test_advisor_may_be_told_that_positions_are_refused(client: PlainClient, faults: str) -> None:
    assert all_said(client)[5:] == ["-1: 321"]
    assert len(set(accounts(client))) == int(faults.partition("=")[2] or 60)


@proves("unknown-at-positions", "unknown-at-positions=10182")
def test_unknown_code_is_said_before_the_first_row(client: PlainClient, faults: str) -> None:
    code = faults.partition("=")[2] or "9999"
    client.hear("error", 3)
    assert spoken(client) == [*STARTED, *FARMS]
    assert to_positions(client) == [f"-1: {code}", *ROWS, "positionEnd"]


@proves("says-behind", "says-behind=10275")
def test_code_is_said_behind_the_positions_and_before_whatever_is_asked_then(
    client: PlainClient, faults: str
) -> None:
    code = faults.partition("=")[2] or "1100"
    assert to_positions(client) == [*ROWS, "positionEnd", f"-1: {code}"]
    assert (ACCOUNT in text_of(client, int(code))) == (code == "10275")


@proves("says-between", "says-between=1300")
def test_code_is_said_between_the_rows(client: PlainClient, faults: str) -> None:
    code = faults.partition("=")[2] or "1100"
    assert to_positions(client) == [*ROWS[:12], f"-1: {code}", *ROWS[12:], "positionEnd"]


@proves("accounts-behind")
def test_other_accounts_are_named_behind_the_positions(client: PlainClient) -> None:
    assert to_positions(client) == [*ROWS, "positionEnd", "accounts U99999999"]


@proves("accounts-reordered")
def test_accounts_are_told_again_in_another_order(client: PlainClient) -> None:
    said = all_said(client)
    assert said[0] == f"accounts {ACCOUNT},U99999999,"
    assert said[5:] == [*ROWS, f"accounts U99999999,{ACCOUNT},", "positionEnd"]
    assert {account for account, _, _ in rows(client)} == {ACCOUNT}


def test_two_accounts_are_enough_for_another_order(fake: Started) -> None:
    gateway = fake("accounts-reordered", "--account", "U1", "--account", "U2")
    with PlainClient() as client:
        client.connect(gateway.port)
        assert all_said(client)[-2:] == ["accounts U2,U1,", "positionEnd"]


@proves("rows-behind")
def test_another_quantity_of_the_first_contract_is_told_behind_the_end(
    client: PlainClient,
) -> None:
    assert to_positions(client) == [*ROWS, "positionEnd", "row"]
    assert rows(client)[0] == (ACCOUNT, 265598, "100")
    assert rows(client)[-1] == (ACCOUNT, 265598, "101")


@proves("same-rows-behind")
def test_same_rows_are_told_again_behind_the_end(client: PlainClient) -> None:
    assert to_positions(client) == [*ROWS, "positionEnd", *ROWS]
    assert rows(client)[:24] == rows(client)[24:]


@proves("twice-told")
def test_end_is_told_after_half_of_the_rows(client: PlainClient) -> None:
    assert to_positions(client) == [*ROWS[:12], "positionEnd", *ROWS[12:]]
    assert len(set(rows(client))) == 24


@proves("contradictory-rows")
def test_two_quantities_of_one_contract_are_told_before_the_end(client: PlainClient) -> None:
    assert to_positions(client) == [*ROWS, "row", "positionEnd"]
    told = [quantity for _, contract, quantity in rows(client) if contract == 265598]
    assert told == ["100", "101"]


@proves("repeated-rows")
def test_every_row_is_told_twice(client: PlainClient) -> None:
    assert to_positions(client) == [*ROWS, *ROWS, "positionEnd"]
    assert rows(client)[::2] == rows(client)[1::2]
    assert len(set(rows(client))) == 24


@proves("paced")
def test_gateway_that_paces_says_so_and_answers(client: PlainClient) -> None:
    assert to_positions(client) == ["-1: 100", *ROWS, "positionEnd"]


@proves("request-refused", "request-refused=322")
def test_request_for_positions_is_refused(client: PlainClient, faults: str) -> None:
    assert to_positions(client) == [f"-1: {faults.partition('=')[2] or 10999}"]


def test_rows_behind_the_end_are_in_the_same_write() -> None:
    assert said("rows-behind")["REQ_POSITIONS"][-2:] == ["positionEnd", "position"]
    assert said("says-behind")["REQ_POSITIONS"][-2:] == ["Pause", "error 1100"]


@pytest.mark.parametrize(("fault", "code"), [("account-unavailable", 10275), ("twice-told", 0)])
def test_newest_client_hears_it_as_protobuf(fault: str, code: int) -> None:
    with FakeGateway(faults=[fault]) as gateway, PlainClient("ibapi-10.50.2") as client:
        client.connect(gateway.port)
        told = to_positions(client)
    assert told == (
        [f"-1: {code}", "positionEnd"] if code else [*ROWS[:12], "positionEnd", *ROWS[12:]]
    )
