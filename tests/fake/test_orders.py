"""A working order as the unmodified official client decodes it, at every server version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import pytest
from ibapi.contract import Contract as ClientContract
from ibapi.decoder import Decoder
from ibapi.order import Order as ClientOrder
from ibapi.order_state import OrderState

from fake_ib_gateway.protocol import orders, wire
from fake_ib_gateway.world.book import option

SHARES = orders.Order()
LEG = option(715000101, "SPY", "20270115", "P", 667.5, "-3", 1.5).contract
SPREAD = orders.Order(
    7, 3, 1_911_000_207, "DU1234567", replace(LEG, exchange="SMART"), "SELL", "3", "STP LMT", 1.35,
    "DAY", "PreSubmitted",
)  # fmt: skip

CONTRACT = {
    "con_id": "conId", "symbol": "symbol", "sec_type": "secType",
    "expiry": "lastTradeDateOrContractMonth", "strike": "strike", "multiplier": "multiplier",
    "exchange": "exchange", "currency": "currency", "local_symbol": "localSymbol",
    "trading_class": "tradingClass",
}  # fmt: skip
ORDER = {
    "client_id": "clientId", "perm_id": "permId", "account": "account", "action": "action",
    "order_type": "orderType", "limit_price": "lmtPrice", "time_in_force": "tif",
}  # fmt: skip
"""Our names and the client's."""
CHECKED_BY_NAME = {*CONTRACT.values(), *ORDER.values(), "right", "orderId", "totalQuantity"}

UNSET = "1.7976931348623157E308"
UNSAID: dict[int, dict[str, object]] = {
    100: {
        "auxPrice": 0.0, "ocaType": 3, "displaySize": 2147483647, "volatilityType": 0,
        "deltaNeutralOrderType": "None", "deltaNeutralOpenClose": "?", "referencePriceType": 0,
        "clearingIntent": "IB",
        "initMarginAfter": UNSET, "maintMarginAfter": UNSET, "equityWithLoanAfter": UNSET,
    },
    102: {"adjustedOrderType": "None"},
    111: {"cashQty": 0.0},
    141: {"dontUseAutoPriceForHedge": True},
    142: {
        "initMarginBefore": UNSET, "maintMarginBefore": UNSET, "equityWithLoanBefore": UNSET,
        "initMarginChange": UNSET, "maintMarginChange": UNSET, "equityWithLoanChange": UNSET,
    },
    151: {"usePriceMgmtAlgo": False},
}  # fmt: skip
"""What an order without a word about it has all the same, by server version."""

every_version = pytest.mark.parametrize("version", range(100, 204))
both = pytest.mark.parametrize("order", [SHARES, SPREAD], ids=["stock", "option"])


def fields(values: list[object]) -> Iterator[bytes]:
    return iter(wire.fields(*values).split(b"\0")[:-1])


def unlike(ordinary: Any, other: Any) -> dict[str, object]:
    """The values in which the other differs."""
    known = vars(ordinary)
    return {name: value for name, value in vars(other).items() if value != known[name]}


def assert_told(order: orders.Order, client: Mock) -> None:
    """The client was told all of the order, once."""
    client.openOrder.assert_called_once()
    order_id, contract, said, state = client.openOrder.call_args.args
    assert (order_id, state.status) == (order.order_id, order.status)
    assert Decimal(said.totalQuantity) == Decimal(order.quantity)
    for names, ours, theirs in ((CONTRACT, order.contract, contract), (ORDER, order, said)):
        expected = {name: getattr(ours, name) for name in names}
        assert {name: getattr(theirs, names[name]) for name in names} == expected


@both
@every_version
def test_open_order_is_read_to_its_last_field(version: int, order: orders.Order) -> None:
    client, unread = Mock(), fields(orders.open_order_fields(order, version))
    Decoder(client, version).processOpenOrder(unread)
    assert list(unread) == []
    assert_told(order, client)
    _, contract, said, _ = client.openOrder.call_args.args
    assert said.orderId == order.order_id
    assert contract.right == (order.contract.right or "?")


@every_version
def test_what_an_order_does_not_say_is_what_a_gateway_sends_for_it(version: int) -> None:
    """All that the client has kept is looked at, so that no field passes for its neighbour."""
    client = Mock()
    Decoder(client, version).processOpenOrder(fields(orders.open_order_fields(SHARES, version)))
    _, contract, said, state = client.openOrder.call_args.args
    rest = {
        **unlike(ClientContract(), contract),
        **unlike(ClientOrder(), said),
        **unlike(OrderState(), state),
    }
    for name in (*CHECKED_BY_NAME, "status", "softDollarTier"):  # the last equals only itself
        rest.pop(name, None)
    sent = {name: some[name] for since, some in UNSAID.items() if version >= since for name in some}
    assert rest == sent


@both
@every_version
def test_order_status_is_read_to_its_last_field(version: int, order: orders.Order) -> None:
    client, unread = Mock(), fields(orders.order_status_fields(order, version))
    Decoder(client, version).processOrderStatusMsg(unread)
    assert list(unread) == []
    client.orderStatus.assert_called_once_with(
        order.order_id, order.status, Decimal(0), Decimal(order.quantity), 0.0, order.perm_id, 0,
        0.0, order.client_id, "", 0.0 if version >= 131 else None,
    )  # fmt: skip


@both
def test_protobuf_tells_the_same_open_order(order: orders.Order) -> None:
    client = Mock()
    Decoder(client, 203).processProtoBuf(orders.open_order_protobuf(order).SerializeToString(), 5)
    assert_told(order, client)
    assert client.openOrder.call_args.args[1].right == order.contract.right


@both
def test_protobuf_tells_the_same_order_status(order: orders.Order) -> None:
    client, said = Mock(), orders.order_status_protobuf(order).SerializeToString()
    Decoder(client, 203).processProtoBuf(said, 3)
    number, status, filled, remaining, *rest = client.orderStatus.call_args.args
    assert (number, status) == (order.order_id, order.status)
    # text to older clients, decimals to newer ones
    assert [Decimal(filled), Decimal(remaining)] == [0, Decimal(order.quantity)]
    assert rest == [0.0, order.perm_id, 0, 0.0, order.client_id, "", 0.0]


def test_protobuf_leaves_out_empty_text_and_keeps_a_zero_strike() -> None:
    client, said = Mock(), orders.open_order_protobuf(SHARES).SerializeToString()
    Decoder(client, 203).processProtoBuf(said, 5)
    contract = client.openOrderProtoBuf.call_args.args[0].contract
    assert contract.HasField("strike")
    empty = ("lastTradeDateOrContractMonth", "right", "multiplier")
    assert not any(contract.HasField(name) for name in empty)


def test_hostile_text_is_told_and_breaks_nothing() -> None:
    order = replace(SHARES, account="<b>\u202eU1\ud800", contract=replace(LEG, symbol="\x1b[2J\n"))
    raw = orders.open_order_protobuf(order)
    assert (raw.order.account, raw.contract.symbol) == ("<b>\u202eU1?", "\x1b[2J\n")
    client = Mock()
    Decoder(client, 203).processOpenOrder(fields(orders.open_order_fields(order, 203)))
    assert client.openOrder.call_args.args[1].symbol == "\x1b[2J\n"
