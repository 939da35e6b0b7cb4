"""Whether an answer tells the gateway's own positions: each of them, once, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from golive.client.answers import Position
from golive.kit.text import shortened
from golive.trials import position_rows
from golive.trials.position_rows import Row, Unreadable

SHOWN, MOST = 120, 100
"""Characters of a row, and lines."""
NOTHING = "", Decimal(0), ""
"""Of expiry, strike and right: a stock has none, and a local symbol says them by itself."""


def difference(answer: Any, gateways: Sequence[Position], account: str) -> list[str]:
    """What is not the same, a line each; nothing only where all is.

    `gateways` are the gateway's positions of all its accounts. Those of `account` must all be
    there, and those of any other that the answer names. A row that cannot be read is a difference.
    """
    lines = _difference(answer, gateways, account)
    more = [f"and {len(lines) - MOST} more"] if len(lines) > MOST else []
    return lines[:MOST] + more


def _difference(answer: Any, gateways: Sequence[Position], account: str) -> list[str]:
    try:
        told = position_rows.rows(answer)
    except Unreadable as why:
        return [str(why)]
    found, lines = [], position_rows.doubts(answer)
    for number, each in enumerate(told, start=1):
        try:
            found.append(position_rows.row(each))
        except Unreadable as why:
            lines.append(f"row {number} {why}: {shortened(str(each), SHOWN)}")
    found = [each for each in found if each.quantity]
    named = {account, *(each.account for each in found if each.account)}
    left = [each for each in gateways if each.account in named and each.quantity]
    for row in sorted(found, key=lambda each: each.con_id is None):  # the sure ones first
        at = _like(row, left, account)
        if at is None:
            lines.append(f"the gateway has no such position: {_row_in_words(row)}")
            continue
        ours = left.pop(at)
        lines += [f"{_in_words(ours)}: {each}" for each in _contradictions(row, ours)]
    return lines + [f"it lacks {_in_words(each)}" for each in left]


def _like(row: Row, gateways: Sequence[Position], account: str) -> int | None:
    """Which of the gateway's positions a row is of; of several, the one it contradicts least."""
    whose = row.account or account
    same = [
        at for at, each in enumerate(gateways) if each.account == whose and _is_contract(row, each)
    ]
    return min(same, key=lambda at: len(_contradictions(row, gateways[at])), default=None)


def _is_contract(row: Row, ours: Position) -> bool:
    """By its number; else by its local symbol; else by all that tells contracts apart."""
    if row.con_id is not None:
        return row.con_id == ours.con_id
    told = row.expiry, row.strike, row.right
    if (
        told == NOTHING
        and ours.local_symbol
        and ours.local_symbol in (row.local_symbol, row.symbol)
    ):
        return True
    return row.symbol == ours.symbol and told == _option(ours)


def _option(ours: Position) -> tuple[str, Decimal, str]:
    right = position_rows.RIGHTS.get(ours.right.upper(), ours.right)
    return position_rows.expiry(ours.expiry), Decimal(str(ours.strike)), right


def _contradictions(row: Row, ours: Position) -> list[str]:
    """What the row tells of the position that is not so."""
    expiry, strike, right = _option(ours)
    pairs = (
        ("quantity", row.quantity, ours.quantity),
        ("symbol", None if row.symbol == ours.local_symbol else row.symbol, ours.symbol),
        ("local symbol", row.local_symbol, ours.local_symbol),
        ("type", row.sec_type, ours.sec_type),
        ("expiry", row.expiry or None, expiry),
        ("strike", row.strike or None, strike),
        ("right", row.right or None, right),
    )
    return [
        f"its {name} is {shortened(str(told), SHOWN)}, the gateway says {own}"
        for name, told, own in pairs
        if told is not None and told != own
    ]


def _in_words(ours: Position) -> str:
    words = (ours.symbol, ours.sec_type, ours.expiry, f"{ours.strike:g}" if ours.strike else "",
             ours.right)  # fmt: skip
    return f"{ours.quantity} {' '.join(filter(None, words))} (contract {ours.con_id})"


def _row_in_words(row: Row) -> str:
    words = (row.account, row.local_symbol or row.symbol, row.sec_type, row.expiry,
             f"{row.strike:g}" if row.strike else "", row.right)  # fmt: skip
    number = f" (contract {row.con_id})" if row.con_id else ""
    return shortened(f"{row.quantity} {' '.join(filter(None, words))}{number}", SHOWN)
