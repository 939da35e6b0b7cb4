"""The least that a gateway can have sent to a program that knows its positions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from golive.client.answers import Position

SESSION = 16
"""Server version, accounts, next valid id and the end of the rows, each at its shortest, without
the length before it, which the oldest clients do not get."""
ROW = 8
"""A row without its texts: length and number in protobuf; in text, number and empty fields."""


@dataclass(frozen=True, slots=True)
class Received:
    """What the gateway has sent over a program's connection, beside the least there must be.

    `not_counted` is why it is not known.
    """

    received_bytes: int | None
    least_bytes: int
    not_counted: str = ""

    @property
    def is_enough(self) -> bool:
        """Nobody is blamed for what is not counted."""
        return self.received_bytes is None or self.received_bytes >= self.least_bytes


def least_bytes(rows: Iterable[Position]) -> int:
    """For these rows, by whatever client, server version and request they were asked for.

    A position, its row under positions-multi and in the account's portfolio have these six texts
    in common, in the text form and in protobuf; each costs a byte more than it has characters.
    What a version may tell otherwise, or in fewer bytes, counts for nothing: number, expiry,
    strike, right, multiplier, exchange, quantity, cost.
    """
    return SESSION + sum(ROW + sum(len(each) + 1 for each in _texts(row) if each) for row in rows)


def _texts(row: Position) -> tuple[str, ...]:
    return (
        row.account, row.symbol, row.sec_type, row.currency, row.local_symbol, row.trading_class
    )  # fmt: skip
