"""What the gateway says is heard by the official client, any values, at every server version."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_ib_gateway.protocol.errors import Error
from fake_ib_gateway.protocol.messages import ERROR_TIME, ESCAPED_TEXT, Message, Speech
from fake_ib_gateway.protocol.orders import Order
from fake_ib_gateway.protocol.protobuf import config_pb2
from fake_ib_gateway.protocol.requests import PROTOBUF_OFFSET, RAW_IDS
from fake_ib_gateway.world.book import Contract, Position, Value, options_book
from tests.support import official
from tests.support.official import NEW, NEWEST, Codec, bands

INT32 = st.integers(-(2**31), 2**31 - 1)
EPOCH = st.integers(0, 2**53)
FLOATS = st.floats(-1e12, 1e12)
QUANTITIES = st.decimals(-(10**9), 10**9, places=4).map(str) | st.integers(-99, 99).map(str)

NASTY = ["é", "漢", "😀", "\u202e", "\u2066", "\x1b[2J", "\x7f\x80", "\r\n", "<b>\"'&]}{[", "%s"]
TEXTS = st.sampled_from(NASTY) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\\"), max_size=12
)
"""No backslash: before protobuf it says that an escape follows."""
HOSTILE_TEXTS = st.text(max_size=12) | st.sampled_from(["\\", "\\u", "\\x4", "\ud800", "\0"])

CONTRACTS = st.builds(
    Contract, INT32, TEXTS, TEXTS, TEXTS, FLOATS, TEXTS, st.sampled_from(["", "1", "10", "100"]),
    TEXTS, TEXTS, TEXTS, TEXTS,
)  # fmt: skip
POSITIONS = st.builds(Position, CONTRACTS, QUANTITIES, FLOATS, st.none() | FLOATS)
VALUES = st.builds(Value, TEXTS, TEXTS, TEXTS)
ERRORS = st.builds(Error, INT32, TEXTS)
ORDERS = st.builds(
    Order, INT32, INT32, st.integers(-(2**62), 2**62), TEXTS, CONTRACTS, TEXTS, QUANTITIES, TEXTS,
    FLOATS, TEXTS, TEXTS,
)  # fmt: skip
API_SETTINGS = st.builds(
    config_pb2.ApiSettings,
    read_only=st.booleans(),
    socket_port=INT32,
    master_client_id=INT32,
    trusted_ips=st.lists(TEXTS, max_size=3),
)

CONTRACT = {
    "con_id": "conId", "symbol": "symbol", "sec_type": "secType",
    "expiry": "lastTradeDateOrContractMonth", "strike": "strike", "right": "right",
    "multiplier": "multiplier", "exchange": "exchange", "currency": "currency",
    "local_symbol": "localSymbol", "trading_class": "tradingClass",
}  # fmt: skip
ORDER = {
    "client_id": "clientId", "perm_id": "permId", "account": "account", "action": "action",
    "quantity": "totalQuantity", "order_type": "orderType", "limit_price": "lmtPrice",
    "time_in_force": "tif",
}  # fmt: skip
"""Our names and the client's."""

Heard = list[Any]


def contract(held: Contract) -> dict[str, Any]:
    named = {theirs: getattr(held, ours) for ours, theirs in CONTRACT.items()}
    return {**named, "primaryExchange": ""}


def at_primary(held: Contract) -> dict[str, Any]:
    return {**contract(replace(held, exchange="")), "primaryExchange": held.exchange}


def portfolio(account: str, row: Position, version: int) -> Heard:
    money = [row.market_price, row.market_value, row.average_cost, row.unrealized, 0.0]
    return ["updatePortfolio", at_primary(row.contract), row.quantity, *money, account]


def open_order(order: Order, version: int) -> Heard:
    said = {theirs: getattr(order, ours) for ours, theirs in ORDER.items()}
    held = contract(order.contract)
    if version < 203:  # an order's text has this where there is no right
        held["right"] = held["right"] or "?"
    return ["openOrder", order.order_id, held, said, {"status": order.status}]


def order_status(order: Order, version: int) -> Heard:
    cap = 0.0 if version >= 131 else None
    return [
        "orderStatus", order.order_id, order.status, "0", order.quantity, 0.0, order.perm_id, 0,
        0.0, order.client_id, "", cap,
    ]  # fmt: skip


def error(error: Error, milliseconds: int, request_id: int, version: int) -> Heard:
    time = milliseconds if version >= ERROR_TIME else 0
    return ["error", request_id, time, error.code, error.text, ""]


def config(request_id: int, settings: Any, version: int) -> Heard:
    told = {
        "readOnlyApi": settings.read_only,
        "socketPort": settings.socket_port,
        "masterClientId": settings.master_client_id,
    }
    trusted = {"trustedIPs": list(settings.trusted_ips)} if settings.trusted_ips else {}
    return ["configResponseProtoBuf", {"reqId": request_id, "api": {"settings": told | trusted}}]


def plainly(callback: str) -> Callable[..., Heard]:
    """The callback has the same arguments in the same order."""
    return lambda *arguments, version: [callback, *arguments]


@dataclass(frozen=True)
class Saying:
    """A method of Speech, what it is given, and what the official client makes of it."""

    method: str
    arguments: tuple[st.SearchStrategy[Any], ...]
    heard: Callable[..., Heard]
    since: int = 100
    shows_escapes: bool = False
    """The official client does not undo the escapes in the text form of this message."""

    def __str__(self) -> str:
        return self.method


SAYINGS = [
    Saying("next_valid_id", (INT32,), plainly("nextValidId")),
    Saying("managed_accounts", (TEXTS,), plainly("managedAccounts")),
    Saying("current_time", (EPOCH,), plainly("currentTime")),
    Saying("current_time_in_millis", (EPOCH,), plainly("currentTimeInMillis")),
    Saying("error", (ERRORS, EPOCH, INT32), error),
    Saying(
        "position",
        (TEXTS, POSITIONS),
        lambda account, row, version: [
            "position", account, contract(row.contract), row.quantity, row.average_cost,
        ],
        shows_escapes=True,
    ),
    Saying("position_end", (), plainly("positionEnd")),
    Saying(
        "position_multi",
        (INT32, TEXTS, POSITIONS, TEXTS),
        lambda number, account, row, model, version: [
            "positionMulti", number, account, model, contract(row.contract), row.quantity,
            row.average_cost,
        ],
        shows_escapes=True,
    ),
    Saying("position_multi_end", (INT32,), plainly("positionMultiEnd")),
    Saying(
        "account_value",
        (TEXTS, VALUES),
        lambda account, line, version: [
            "updateAccountValue", line.key, line.value, line.currency, account,
        ],
    ),
    Saying("portfolio_value", (TEXTS, POSITIONS), portfolio, shows_escapes=True),
    Saying("account_update_time", (TEXTS,), plainly("updateAccountTime")),
    Saying("account_download_end", (TEXTS,), plainly("accountDownloadEnd")),
    Saying(
        "account_summary",
        (INT32, TEXTS, VALUES),
        lambda number, account, line, version: [
            "accountSummary", number, account, line.key, line.value, line.currency,
        ],
    ),
    Saying("account_summary_end", (INT32,), plainly("accountSummaryEnd")),
    Saying(
        "account_update_multi",
        (INT32, TEXTS, TEXTS, VALUES),
        lambda number, account, model, line, version: [
            "accountUpdateMulti", number, account, model, line.key, line.value, line.currency,
        ],
    ),
    Saying("account_update_multi_end", (INT32,), plainly("accountUpdateMultiEnd")),
    Saying("open_order", (ORDERS,), open_order, shows_escapes=True),
    Saying("order_status", (ORDERS,), order_status, shows_escapes=True),
    Saying("open_order_end", (), plainly("openOrderEnd")),
    Saying("completed_orders_end", (), plainly("completedOrdersEnd")),
    Saying("executions_end", (INT32,), plainly("execDetailsEnd")),
    Saying("config", (INT32, API_SETTINGS), config, since=219),
]  # fmt: skip

SHOWN = {*CONTRACT.values(), *ORDER.values(), "primaryExchange", "status"}


def shown(callback: Heard) -> Heard:
    """The callback with that of a contract or an order that was said."""
    return [
        {key: value for key, value in each.items() if key in SHOWN}
        if isinstance(each, dict) and "api" not in each
        else each
        for each in callback
    ]


def without_escapes(told: Any) -> Any:
    match told:
        case str():
            undone = told.encode("ascii").decode("unicode-escape")
            return undone.encode("utf-16", "surrogatepass").decode("utf-16")
        case dict():
            return {key: without_escapes(value) for key, value in told.items()}
        case list():
            return [without_escapes(each) for each in told]
    return told


@pytest.fixture(scope="module")
def codecs() -> Iterator[dict[str, Codec]]:
    with official.codecs() as both:
        yield both


def test_all_that_the_gateway_can_say_is_below() -> None:
    methods = {name for name in vars(Speech) if name[0] != "_" and callable(getattr(Speech, name))}
    blocks_and_handshake = {"positions", "server_version"}
    assert {saying.method for saying in SAYINGS} | blocks_and_handshake == methods


@pytest.mark.parametrize(
    ("saying", "client"),
    [(saying, client) for saying in SAYINGS for client in NEWEST if bands(client, saying.since)],
    ids=str,
)
def test_what_the_gateway_says_is_heard_by_the_official_client(
    saying: Saying, client: str, codecs: dict[str, Codec]
) -> None:
    versions = bands(client, saying.since)

    @settings(deadline=None, max_examples=100)
    @given(st.tuples(*saying.arguments))
    def is_heard(arguments: tuple[Any, ...]) -> None:
        said = [getattr(Speech(version), saying.method)(*arguments) for version in versions]
        frames = [message.frame for message in said]
        told = codecs[client].decode(*zip(versions, frames, strict=True))
        for version, message, callbacks in zip(versions, said, told, strict=True):
            (heard,) = callbacks
            if version >= ESCAPED_TEXT and is_text(message, version):
                assert message.payload.isascii()
                heard = without_escapes(heard) if saying.shows_escapes else heard
            expected = saying.heard(*arguments, version=version)
            assert shown(heard) == expected, version

    is_heard()


def is_text(message: Message, version: int) -> bool:
    return version < RAW_IDS or int.from_bytes(message.payload[:4], "big") <= PROTOBUF_OFFSET


@pytest.mark.parametrize("client", NEWEST)
def test_positions_told_in_one_block_are_heard_one_by_one_to_their_end(
    client: str, codecs: dict[str, Codec]
) -> None:
    books = (options_book("U1", 3), options_book("U2", 2))
    rows = [(book.account, row) for book in books for row in book.positions]
    expected = [
        ["position", account, contract(row.contract), row.quantity, row.average_cost]
        for account, row in rows
    ]
    versions = bands(client)
    told = codecs[client].decode(
        *((each, Speech(each).positions(books).frames) for each in versions)
    )
    for version, callbacks in zip(versions, told, strict=True):
        assert [shown(heard) for heard in callbacks] == [*expected, ["positionEnd"]], version


def test_backslash_is_told_as_it_is_where_all_is_protobuf(codecs: dict[str, Codec]) -> None:
    text = "a\\u0041\\"
    said = Speech(226).managed_accounts(text).frame
    assert codecs[NEW].decode((226, said)) == [[["managedAccounts", text]]]


@pytest.mark.parametrize("client", NEWEST)
def test_no_text_ends_the_official_clients_session(client: str, codecs: dict[str, Codec]) -> None:
    versions = bands(client)

    def said(version: int, text: str) -> bytes:
        speech, held = Speech(version), Contract(1, text, text, expiry=text, local_symbol=text)
        return (
            speech.managed_accounts(text).frame
            + speech.position(text, Position(held)).frame
            + speech.portfolio_value(text, Position(held)).frame
            + speech.error(Error(2104, text)).frame
            + speech.open_order(Order(account=text, contract=held)).frame
            + speech.next_valid_id(7).frame
        )

    @settings(deadline=None, max_examples=100)
    @given(HOSTILE_TEXTS)
    def goes_on(text: str) -> None:
        told = codecs[client].decode(*((version, said(version, text)) for version in versions))
        for version, callbacks in zip(versions, told, strict=True):
            names = [name for name, *_ in callbacks]
            assert names == [
                "managedAccounts", "position", "updatePortfolio", "error", "openOrder",
                "nextValidId",
            ], version  # fmt: skip

    goes_on()
