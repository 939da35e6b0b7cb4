"""What a gateway says of a working order: openOrder and orderStatus, as text and as protobuf.

Which fields stand where at which server version is a fact told by the decoders of the official
clients. The constants are those of a gateway recorded at server version 173, "not set" where it
knew no such field yet. Nothing here places an order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache

from fake_ib_gateway.protocol import bodies
from fake_ib_gateway.protocol.protobuf import orders_pb2
from fake_ib_gateway.world.book import ACCOUNT, Contract

SPY = Contract(756733, "SPY", "STK", exchange="SMART", local_symbol="SPY", trading_class="SPY")


@dataclass(frozen=True, slots=True)
class Order:
    """One working order, nothing of it filled yet; the quantity is decimal text.

    An order placed by hand in the window has client id 0, and order id 0 or a negative one.
    """

    order_id: int = 1
    client_id: int = 10
    perm_id: int = 1_204_718_334
    account: str = ACCOUNT
    contract: Contract = SPY
    action: str = "BUY"
    quantity: str = "100"
    order_type: str = "LMT"
    limit_price: float = 560.25
    time_in_force: str = "GTC"
    status: str = "Submitted"


OPEN_ORDER = """
<145  version=34
100   order_id con_id symbol sec_type expiry strike right multiplier exchange currency
100   local_symbol trading_class
100   action quantity order_type limit_price aux_price=0.0 time_in_force oca_group= account
100   open_close= origin=0 order_ref= client_id perm_id outside_rth=0 hidden=0
100   discretionary_amount=0 good_after_time= allocation fa_group= fa_method= fa_percentage=
<177  fa_profile=
103   model_code=
100   good_till_date= rule_80a= percent_offset= settling_firm= short_sale_slot=0
100   designated_location= exempt_code=-1 auction_strategy=0
100   starting_price= stock_price= delta= stock_range_lower= stock_range_upper=
100   display_size=2147483647 block_order=0 sweep_to_fill=0 all_or_none=0 minimum_quantity=
100   oca_type=3 e_trade_only=0 firm_quote_only=0 nbbo_price_cap= parent_id=0 trigger_method=0
100   volatility= volatility_type=0 neutral_order_type=None neutral_aux_price=
100   neutral_con_id=0 neutral_settling_firm= neutral_clearing_account= neutral_intent=
100   neutral_open_close=? neutral_short_sale=0 neutral_short_sale_slot=0 neutral_location=
100   continuous_update=0 reference_price_type=0
100   trail_stop_price= trailing_percent= basis_points= basis_points_type=
100   combo_legs_description= combo_legs=0 combo_leg_prices=0 smart_combo_parameters=0
100   scale_first_size=2147483647 scale_next_size=2147483647 scale_price_increment=
100   hedge_type= opt_out_smart_routing=0 clearing_account= clearing_intent=IB not_held=0
100   neutral_contract=0 algo_strategy= solicited=0 what_if=0 status
142   margin_before=max maintenance_before=max equity_before=max
142   margin_change=max maintenance_change=max equity_change=max
100   margin_after=max maintenance_after=max equity_after=max
100   commission= commission_minimum= commission_maximum= commission_currency=
195   margin_currency= outside_margin_before= outside_maintenance_before= outside_equity_before=
195   outside_margin_change= outside_maintenance_change= outside_equity_change=
195   outside_margin_after= outside_maintenance_after= outside_equity_after=
195   suggested_size= reject_reason= allocations=0
100   warning= randomize_size=0 randomize_price=0
102   conditions=0 adjusted_order_type=None trigger_price=max adjusted_trail_stop_price=max
102   limit_price_offset=max adjusted_stop_price=max adjusted_stop_limit_price=max
102   adjusted_trailing_amount=max adjustable_trailing_unit=0
106   soft_dollar_name= soft_dollar_value= soft_dollar_display_name=
111   cash_quantity=0
141   no_auto_price_for_hedge=1
145   is_oms_container=0
148   discretionary_up_to_limit=0
151   price_management=0
158   duration=
160   post_to_ats=
162   auto_cancel_parent=0
170   minimum_trade= minimum_compete= compete_offset= mid_offset_at_whole= mid_offset_at_half=
183   customer_account=
184   professional_customer=0
185   bond_accrued_interest=
189   include_overnight=0
193   ext_operator= manual_order_indicator=
198   submitter=
199   imbalance_only=0
"""
"""From which server version on, or below which, the fields of a line stand where they stand.

`name` is a value of the order; `name=constant` is the same for every order, `name=` is empty and
`name=max` is the largest double: not set. The eight fields after `neutral_aux_price` are there
because the order type before it is the word None, which is not empty.
"""

ORDER_STATUS = """
<131  version=6
100   order_id status filled=0 quantity average_price=0 perm_id parent_id=0 last_price=0
100   client_id why_held=
131   market_cap_price=0
"""

CONSTANTS = {"max": "1.7976931348623157E308"}


def open_order_fields(order: Order, version: int) -> list[object]:
    """The text fields after the message's number, at this server version."""
    return list(_laid_out(OPEN_ORDER, order, version))


def order_status_fields(order: Order, version: int) -> list[object]:
    """The text fields after the message's number, at this server version."""
    return list(_laid_out(ORDER_STATUS, order, version))


def _laid_out(layout: str, order: Order, version: int) -> Iterator[object]:
    values = {
        **asdict(order.contract),
        **asdict(order),
        "strike": order.contract.strike or 0,
        "right": order.contract.right or "?",  # an order has this where a position has nothing
        "allocation": f"{order.perm_id}.0/{order.account}/{order.quantity}",
    }
    for field in _fields(layout, version):
        name, is_constant, constant = field.partition("=")
        yield CONSTANTS.get(constant, constant) if is_constant else values[name]


@cache
def _fields(layout: str, version: int) -> tuple[str, ...]:
    """The layout's fields at this server version."""
    rows = [row.split() for row in layout.strip().splitlines()]
    return tuple(field for when, *fields in rows if _holds(when, version) for field in fields)


def _holds(when: str, version: int) -> bool:
    return version < int(when[1:]) if when.startswith("<") else version >= int(when)


def open_order_protobuf(order: Order) -> orders_pb2.OpenOrder:
    """The contract, the order and its state are each present, as clients insist."""
    return orders_pb2.OpenOrder(
        order_id=order.order_id,
        contract=bodies.contract(order.contract),
        order=orders_pb2.Order(
            **bodies.present(
                client_id=order.client_id,
                order_id=order.order_id,
                perm_id=order.perm_id,
                action=order.action,
                quantity=order.quantity,
                order_type=order.order_type,
                limit_price=order.limit_price,
                time_in_force=order.time_in_force,
                account=order.account,
            )
        ),
        state=orders_pb2.OrderState(**bodies.present(status=order.status)),
    )


def order_status_protobuf(order: Order) -> orders_pb2.OrderStatus:
    """Prices of what has not happened are present, and zero."""
    return orders_pb2.OrderStatus(
        **bodies.present(
            order_id=order.order_id,
            status=order.status,
            filled="0",
            remaining=order.quantity,
            average_price=0.0,
            perm_id=order.perm_id,
            parent_id=0,
            last_price=0.0,
            client_id=order.client_id,
            market_cap_price=0.0,
        )
    )
