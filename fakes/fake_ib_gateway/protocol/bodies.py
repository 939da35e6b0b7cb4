"""Protobuf bodies as a gateway fills them: empty text is absent, a zero is present."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fake_ib_gateway.protocol.protobuf import contract_pb2
from fake_ib_gateway.world.book import Contract


def present(**values: object) -> dict[str, Any]:
    """What is there of some values, each as its field takes it."""
    return {name: _body(value) for name, value in values.items() if value != ""}


@lru_cache(maxsize=100_000)
def contract(held: Contract, at_primary: bool = False) -> contract_pb2.Contract:
    """A contract; in the portfolio, its exchange is the primary one."""
    filled = present(
        con_id=held.con_id,
        symbol=held.symbol,
        sec_type=held.sec_type,
        expiry=held.expiry,
        strike=held.strike,
        right=held.right,
        multiplier=float(held.multiplier) if held.multiplier else "",
        currency=held.currency,
        local_symbol=held.local_symbol,
        trading_class=held.trading_class,
        **{"primary_exchange" if at_primary else "exchange": held.exchange},
    )
    return contract_pb2.Contract(**filled)


def _body(value: object) -> object:
    if isinstance(value, Contract):
        return contract(value)
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode("utf-8")  # no half of a surrogate pair
    return value
