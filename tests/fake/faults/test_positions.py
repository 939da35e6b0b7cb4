"""Faults of what the fake says beside its answers, or instead of them: heard by real clients."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

import psutil
import pytest

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.protocol.wire import Frames
from fake_ib_gateway.world.book import ACCOUNT
from tests.support.fakes import Fake
from tests.support.proving import Proven
from tests.support.said import said
from tests.support.steered import PlainClient

Started = Callable[..., Fake]

PROVEN = Proven()
proves = PROVEN.by

STARTED = [f"accounts {ACCOUNT}", "nextValidId"]
FARMS = ["-1: 2104", "-1: 2106", "-1: 2158"]
ROWS = ["row"] * 24
MEGABYTE = 1 << 20


def spoken(client: PlainClient) -> list[str]:
    """What the gateway has said so far, in short."""
    short: dict[str, Callable[..., str]] = {
        "error": lambda number, code, _: f"{number}: {code}",
        "position": lambda *_: "row",
        "managedAccounts": lambda accounts: f"accounts {accounts}",
    }
    said = [each for each in client.came if each[0] not in ("connectAck", "connect returned")]
    return [short[name](*rest) if name in short else name for name, *rest in said]


def all_said(client: PlainClient) -> list[str]:
    """What it says up to the answer to a second request, that for positions being the first."""
    client.hear("connect returned")
    client.ask("reqPositions")
    client.ask("reqCurrentTime")
    client.hear("currentTime")
    said = spoken(client)
    return said[: said.index("currentTime")]


def to_positions(client: PlainClient) -> list[str]:
    """What it says to the request for positions, behind a start as it should be."""
    said = all_said(client)
    assert said[:5] == [*STARTED, *FARMS]
    return said[5:]


def rows(client: PlainClient) -> list[tuple[str, int, str]]:
    """Account, contract id and quantity of each row so far."""
    told = client.all("position")
    return [(account, contract["conId"], quantity) for account, contract, quantity, _ in told]


def text_of(client: PlainClient, code: int) -> str:
    """That of the one error with this code."""
    (text,) = [text for _, each, text in client.all("error") if each == code]
    return str(text)


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


def accounts(client: PlainClient) -> list[str]:
    (told,) = client.hear("managedAccounts")
    return [name for name in told.split(",") if name]


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


@proves("farm-broken", "farm-broken chatty")
def test_farms_are_broken_and_never_ok_again(client: PlainClient, faults: str) -> None:
    said = all_said(client)
    assert {each for each in said if each.startswith("-1")} == {"-1: 2103", "-1: 2105", "-1: 2157"}
    assert said.count("row") == 24
    if "chatty" not in faults:
        assert said[:5] == [*STARTED, "-1: 2103", "-1: 2105", "-1: 2157"]


@proves("unknown-code", "unknown-code=10182")
def test_unknown_code_is_said_behind_the_start(client: PlainClient, faults: str) -> None:
    code = faults.partition("=")[2] or "9999"
    assert to_positions(client) == [f"-1: {code}", *ROWS, "positionEnd"]


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


@proves("other-orders")
def test_orders_of_another_program_are_told_of_between_everything(client: PlainClient) -> None:
    said = all_said(client)
    assert [each for each in said if each[0] != "7"] == [*STARTED, *FARMS, *ROWS, "positionEnd"]
    own = [place for place, each in enumerate(said) if each[0] != "7"]
    assert all(said[place - 2 : place] == ["7: 202", "7: 399"] for place in own)
    assert said[-2:] == ["7: 202", "7: 399"]


@proves("paced")
def test_gateway_that_paces_says_so_and_answers(client: PlainClient) -> None:
    assert to_positions(client) == ["-1: 100", *ROWS, "positionEnd"]


@proves("restored")
def test_lost_link_is_restored_at_once_behind_the_start(client: PlainClient) -> None:
    said = all_said(client)
    assert said == [*STARTED, "-1: 1100", "-1: 1102", *FARMS, *ROWS, "positionEnd"]


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


@proves("request-refused", "request-refused=322")
def test_request_for_positions_is_refused(client: PlainClient, faults: str) -> None:
    assert to_positions(client) == [f"-1: {faults.partition('=')[2] or 10999}"]


@proves("flood-of-notices=0.2", "flood-of-notices=0")
def test_flood_of_notices_ends_and_all_is_well_then(client: PlainClient, faults: str) -> None:
    said = to_positions(client)
    notices = said[: said.index("row")]
    assert said[len(notices) :] == [*ROWS, "positionEnd"]
    assert set(notices) == (set() if faults.endswith("=0") else {"-1: 2104", "-1: 2106"})
    texts = [text for _, _, text in client.all("error")]
    assert len(texts) == len(set(texts))


@proves("flood-of-rows=50")
def test_flood_of_rows_may_end(client: PlainClient) -> None:
    client.hear("nextValidId")
    client.ask("reqPositions")
    client.hear("positionEnd")
    assert spoken(client)[-51:] == [*["row"] * 50, "positionEnd"]
    assert len({contract for _, contract, _ in rows(client)}) == 50


@contextmanager
def asking(port: int, version: int) -> Iterator[socket.socket]:
    """A client of this server version that has asked for positions and reads when it likes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"API\0" + framed(b"v%d" % version))
        assert client.recv(4096)
        for number, fields in ((71, b"2\x0010\0\0"), (61, b"1\0")):
            text = b"%d\0" % number
            client.sendall(framed((text if version < 201 else struct.pack("!I", number)) + fields))
        yield client


def framed(payload: bytes) -> bytes:
    return struct.pack("!I", len(payload)) + payload


def read(client: socket.socket) -> Iterator[bytes]:
    """The payloads that come, for as long as they are asked for."""
    frames = Frames()
    while data := client.recv(65536):
        yield from frames.feed(data)


@proves("flood-of-rows")
@pytest.mark.parametrize(
    ("version", "megabytes"),
    [pytest.param(200, 10, id="text"), pytest.param(226, 100, id="protobuf")],  # keeps contracts
)
def test_flood_of_rows_goes_on_until_its_client_leaves_and_is_kept_nowhere(
    faults: str, version: int, megabytes: int
) -> None:
    with FakeGateway(faults=[faults], server_version=version, process=True) as gateway:
        (child,) = children_listening(gateway.port)
        with asking(gateway.port, version) as client:
            payloads = read(client)
            first = list(islice(payloads, 5_000))
            before = child.memory_info().rss
            more = sum(1 for _ in islice(payloads, 60_000))
            assert child.memory_info().rss - before < megabytes * MEGABYTE
        gateway.wait_for("closed")
        assert len(gateway.events) < 50
        (streamed,) = [each for each in gateway.events if each["event"] == "streamed"]
    assert streamed["messages"] >= len(first) + more - 10  # notices of farms, say
    assert len(set(first)) == len(first)


def children_listening(port: int) -> list[psutil.Process]:
    """The processes started here that listen on a port."""
    return [
        child
        for child in psutil.Process(os.getpid()).children(recursive=True)
        if any(each.laddr.port == port and not each.raddr for each in child.net_connections("tcp"))
    ]


def test_other_requests_are_answered_amid_a_flood_of_rows() -> None:
    with FakeGateway(faults=["flood-of-rows"], server_version=200) as gateway:
        with asking(gateway.port, 200) as client:
            client.sendall(framed(b"49\x001\0"))
            assert any(payload.startswith(b"49\0") for payload in read(client))
        gateway.wait_for("closed")


@pytest.mark.parametrize("fault", sorted(PROVEN))
def test_same_is_said_as_text_and_as_protobuf(fault: str) -> None:
    newest = said(fault)
    assert newest != said()
    assert all(said(fault, version=version) == newest for version in (100, 153, 176, 200, 203, 213))


@pytest.mark.parametrize("fault", sorted(PROVEN))
def test_mute_and_silent_gateways_say_nothing_whatever_else_is_wrong(fault: str) -> None:
    for less in ("silent", "mute", "no-start"):
        assert said(fault, less) == said(less, fault)
    assert not any(said(fault, "silent").values())
    assert said(fault, "mute")["REQ_POSITIONS"] == []
    assert said(fault, "no-start")["START_API"] == []


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
