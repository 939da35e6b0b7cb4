"""Rows of positions in whatever shape an MCP server tells them, read strictly or not at all.

Names of keys are taken in any case and spelling (`secType`, `sec_type`, `SecType`); what stands in
an inner object (`contract`) belongs to the row. What two keys tell differently is not read.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

NAMES = {
    "account": ("account", "accountid", "acct", "acctid", "accountnumber", "accountname"),
    "con_id": ("conid", "contractid"),
    "symbol": ("symbol", "ticker", "underlying", "underlyingsymbol"),
    "local_symbol": ("localsymbol", "occsymbol"),
    "sec_type": ("sectype", "securitytype", "assetclass", "assettype", "instrumenttype"),
    "expiry": ("expiry", "expiration", "expirationdate", "expirydate", "maturity",
               "lasttradedateorcontractmonth", "lasttradedate"),
    "strike": ("strike", "strikeprice"),
    "right": ("right", "putcall", "callput", "optiontype", "putorcall"),
    "quantity": ("quantity", "position", "size", "qty", "pos"),
}  # fmt: skip
"""What a row tells, by the names that stand for it, without case and separators."""

TYPES = {"STOCK": "STK", "EQUITY": "STK", "ETF": "STK", "OPTION": "OPT", "FUTURE": "FUT",
         "FOREX": "CASH", "BONDS": "BOND", "INDEX": "IND", "FUND": "FUND"}  # fmt: skip
RIGHTS = {"C": "C", "CALL": "C", "P": "P", "PUT": "P", "": "", "0": "", "?": ""}
MOST_CON_ID = 2**63
LISTS = ("positions", "rows", "result", "data", "items")
"""Under which an answer has its rows; the first that is there."""
INNER = ("contract", "instrument", "security")
DEEPEST = 3


class Unreadable(Exception):
    """Why a row, or an answer, cannot be read, in words."""


@dataclass(frozen=True, slots=True)
class Row:
    """What an answer tells of one position. None is what it does not tell."""

    quantity: Decimal
    account: str | None = None
    con_id: int | None = None
    symbol: str | None = None
    local_symbol: str | None = None
    sec_type: str | None = None
    expiry: str = ""
    """Eight digits, or six; "" also where none is told."""
    strike: Decimal = Decimal(0)
    right: str = ""


def rows(answer: Any) -> list[Any]:
    """The rows in an answer, each as it is. Raises Unreadable."""
    found = decoded(answer)
    for _ in range(DEEPEST):  # {"result": {"positions": [...]}}
        if isinstance(found, list):
            return found
        if not isinstance(found, Mapping):
            break
        by_name = {bare(key): value for key, value in found.items()}
        inner = [by_name[name] for name in LISTS if name in by_name]
        if not inner:
            break
        found = decoded(inner[0])
    raise Unreadable("there is no list of positions in its answer")


def has_rows(answer: Any) -> bool:
    """Whether there is a list in it that may be one of positions, also of none."""
    try:
        return all(isinstance(each, Mapping) for each in rows(answer))
    except Unreadable:
        return False


def doubts(answer: Any) -> list[str]:
    """What an answer says against itself."""
    found = decoded(answer)
    told = {bare(key): value for key, value in found.items()} if isinstance(found, Mapping) else {}
    incomplete = any(told.get(name) is False for name in ("complete", "iscomplete"))
    return ["it says that it is not complete"] if incomplete else []


def row(told: Any) -> Row:
    """One row. Raises Unreadable."""
    if not isinstance(told, Mapping):
        raise Unreadable("is not an object")
    flat = _flat(told)
    found = {name: _one(flat, name) for name in NAMES}
    quantity = number(found["quantity"])
    if quantity is None:
        raise Unreadable("has no quantity that is a number")
    strike = number(found["strike"]) if found["strike"] not in (None, "") else Decimal(0)
    right = RIGHTS.get(str(found["right"] or "").strip().upper())
    if strike is None or right is None:
        raise Unreadable("has a strike or a right that cannot be read")
    con_id = _whole(found["con_id"])
    symbol, local = _text(found["symbol"]), _text(found["local_symbol"])
    if con_id is None and symbol is None and local is None:
        raise Unreadable("names no contract")
    sec_type = _text(found["sec_type"])
    return Row(
        quantity=quantity,
        account=_text(found["account"]),
        con_id=con_id,
        symbol=symbol,
        local_symbol=local,
        sec_type=sec_type and TYPES.get(sec_type.upper(), sec_type.upper()),
        expiry=expiry(found["expiry"]),
        strike=strike,
        right=right,
    )


def expiry(told: Any) -> str:
    """`20261218`, or `202612`, of `2026-12-18`, `20261218 08:30:00 EST`. Raises Unreadable."""
    text = "" if told in (None, 0) else str(told).strip()
    if text in ("", "0"):
        return ""
    if found := re.match(r"(\d{4})[-/]?(\d\d)(?:[-/]?(\d\d))?(?!\d)", text):
        return "".join(part or "" for part in found.groups())
    raise Unreadable("has an expiry that cannot be read")


def _flat(told: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Its keys and values, with those of the contract within."""
    found = [(bare(key), value) for key, value in told.items()]
    for key, value in [*found]:
        if key in INNER and isinstance(value, Mapping):
            found += [(bare(inner), each) for inner, each in value.items()]
    return found


def _one(flat: Sequence[tuple[str, Any]], name: str) -> Any:
    """The one value that is told under the names for it; None where none is."""
    told = [value for key, value in flat if key in NAMES[name] and value is not None]
    different = {str(number(each) if number(each) is not None else each) for each in told}
    if len(different) > 1:
        raise Unreadable(f"gives two different values for its {name}")
    return told[0] if told else None


def number(told: Any) -> Decimal | None:
    """A finite number, also one that is written as text; True is none."""
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        return None
    if isinstance(told, float) and not math.isfinite(told):
        return None
    try:
        found = Decimal(str(told).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _whole(told: Any) -> int | None:
    """A contract's number; None where none is told, which 0 stands for. Raises Unreadable."""
    found = number(told)
    if told in (None, "") or found == 0:
        return None
    if found is None or not 0 < found <= MOST_CON_ID or found != int(found):
        raise Unreadable("has an impossible contract id")
    return int(found)


def _text(told: Any) -> str | None:
    text = "" if told is None or isinstance(told, dict | list) else str(told).strip()
    return text or None


def bare(key: Any) -> str:
    """A key without case and separators."""
    return re.sub(r"[^a-z0-9]", "", str(key).casefold())


def decoded(answer: Any) -> Any:
    """JSON that is told as text within JSON."""
    if isinstance(answer, Mapping) and set(map(bare, answer)) == {"result"}:
        answer = next(iter(answer.values()))
    if not isinstance(answer, str):
        return answer
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return answer
