"""An answer is compared with the gateway's positions: it passes for those, and for no others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golive.client.answers import Position
from golive.trials import answer_time
from golive.trials.position_rows import Unreadable
from golive.trials.same_positions import difference

ACCOUNT = "U21146542"


def position(con_id: int, symbol: str, quantity: object, **more: Any) -> Position:
    empty = Position(
        ACCOUNT, con_id, symbol, "STK", "", 0.0, "", "", "", "USD", symbol, symbol,
        None if quantity is None else Decimal(str(quantity)), 1.0,
    )  # fmt: skip
    return empty._replace(**more)


def option(con_id: int, right: str, strike: float, quantity: object) -> Position:
    local = f"SPY   261218{right}{strike * 1000:08.0f}"
    return position(con_id, "SPY", quantity, sec_type="OPT", expiry="20261218", strike=strike,
                    right=right, multiplier="100", local_symbol=local)  # fmt: skip


GATEWAY = (
    position(1, "SPY", 100),
    option(2, "C", 600.0, -5),
    option(3, "P", 600.0, 5),
    option(4, "C", 602.5, 5),
    position(5, "EUR", "-12500.5", sec_type="CASH", local_symbol="EUR.USD"),
    position(6, "OLD", 0),
    position(7, "SPY", 1, account="U555"),
)
OURS = [each for each in GATEWAY if each.quantity and each.account == ACCOUNT]


def own(each: Position) -> dict[str, Any]:
    """As this project's server tells it."""
    return {**each._asdict(), "quantity": str(each.quantity)}


def nested(each: Position) -> dict[str, Any]:
    """As the objects of a well-known library print."""
    contract = {"conId": each.con_id, "symbol": each.symbol, "secType": each.sec_type}
    return {"account": each.account, "contract": contract, "position": float(each.quantity or 0)}


def by_contract(each: Position) -> dict[str, Any]:
    """Without numbers of contracts, without an account."""
    return {
        "Ticker": each.symbol,
        "Expiration": "2026-12-18" if each.expiry else None,
        "STRIKE": each.strike or None,
        "PutCall": {"C": "Call", "P": "put", "": ""}[each.right],
        "Size": int(each.quantity or 0) if each.symbol != "EUR" else "-12500.50",
    }


def by_local_symbol(each: Position) -> dict[str, Any]:
    return {"symbol": each.local_symbol, "qty": str(each.quantity)}


SHAPES = [own, nested, by_contract, by_local_symbol]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: rows,
        lambda rows: {"positions": rows, "count": len(rows)},
        lambda rows: {"Success": True, "Positions": rows},
        lambda rows: {"result": {"data": rows}},
        lambda rows: {"result": __import__("json").dumps({"rows": rows})},
    ],
)
def test_same_positions_are_known_in_any_of_the_shapes(shape: Any, wrap: Any) -> None:
    rows = [shape(each) for each in reversed(OURS)]
    assert difference(wrap(rows), GATEWAY, ACCOUNT) == []


@pytest.mark.parametrize("shape", SHAPES)
def test_one_that_is_missing_or_told_twice_or_in_another_quantity_is_told(shape: Any) -> None:
    rows = [shape(each) for each in OURS]
    key = next(name for name in ("quantity", "position", "Size", "qty") if name in rows[1])
    assert difference(rows[1:], GATEWAY, ACCOUNT) == ["it lacks 100 SPY STK (contract 1)"]
    (twice,) = difference([*rows, rows[1]], GATEWAY, ACCOUNT)
    assert twice.startswith("the gateway has no such position: -5")
    more = [rows[0], {**rows[1], key: -4}, *rows[2:]]
    assert difference(more, GATEWAY, ACCOUNT) == [
        "-5 SPY OPT 20261218 600 C (contract 2): its quantity is -4, the gateway says -5"
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [("symbol", "SPX"), ("sec_type", "FUT"), ("expiry", "20261219"), ("strike", 601),
     ("right", "P"), ("local_symbol", "QQQ"), ("quantity", "5")],
)  # fmt: skip
def test_number_of_a_contract_does_not_excuse_what_else_is_wrong(key: str, value: Any) -> None:
    rows = [own(each) for each in OURS]
    rows[1][key] = value
    (line,) = difference(rows, GATEWAY, ACCOUNT)
    assert f"its {key.replace('sec_', '').replace('_', ' ')} is" in line


def test_put_that_is_told_as_a_call_is_another_contract() -> None:
    rows = [by_contract(each) for each in OURS]
    rows[2]["PutCall"] = "Call"
    assert len(difference(rows, GATEWAY, ACCOUNT)) == 2


def test_option_that_does_not_say_which_is_no_stock() -> None:
    rows = [{"symbol": each.symbol, "quantity": str(each.quantity)} for each in OURS]
    assert len(difference(rows, GATEWAY, ACCOUNT)) >= 3


@pytest.mark.parametrize(
    "row",
    [
        "SPY 100", 3, None, [], {}, {"symbol": "SPY"}, {"symbol": "SPY", "quantity": "many"},
        {"symbol": "SPY", "quantity": None}, {"symbol": "SPY", "quantity": True},
        {"symbol": "SPY", "quantity": float("nan")}, {"symbol": "SPY", "quantity": "1e999"},
        {"quantity": 1}, {"symbol": {}, "quantity": 1},
        {"symbol": "SPY", "quantity": 1, "position": 2},
        {"symbol": "SPY", "ticker": "QQQ", "quantity": 1},
        {"symbol": "SPY", "quantity": 1, "right": "straddle"},
        {"symbol": "SPY", "quantity": 1, "strike": "high"},
        {"symbol": "SPY", "quantity": 1, "expiry": "soon"},
        {"con_id": 1.5, "quantity": 1}, {"con_id": "1e99999", "quantity": 1},
        {"con_id": -1, "quantity": 1}, {"con_id": [1], "quantity": 1},
    ],
)  # fmt: skip
def test_row_that_cannot_be_read_is_a_difference(row: Any) -> None:
    rows = [own(each) for each in OURS]
    assert difference([*rows, row], GATEWAY, ACCOUNT) != []


@pytest.mark.parametrize(
    "answer", [None, 24, "24 positions", {}, {"count": 24}, {"positions": 24}, {"positions": {}}]
)
def test_answer_without_a_list_is_a_difference(answer: Any) -> None:
    assert difference(answer, GATEWAY, ACCOUNT) == ["there is no list of positions in its answer"]


def test_empty_list_is_the_gateways_only_where_nothing_is_open() -> None:
    assert len(difference([], GATEWAY, ACCOUNT)) == len(OURS)
    assert difference([], [], ACCOUNT) == []


def test_answer_that_says_it_is_not_complete_is_not_the_same() -> None:
    rows = [own(each) for each in OURS]
    assert difference({"rows": rows, "complete": True}, GATEWAY, ACCOUNT) == []
    assert difference({"rows": rows, "complete": False}, GATEWAY, ACCOUNT) != []


def test_closed_positions_may_be_told_or_not() -> None:
    rows = [own(each) for each in GATEWAY if each.account == ACCOUNT]
    assert difference(rows, GATEWAY, ACCOUNT) == []


def test_other_accounts_are_compared_as_well_where_they_are_told() -> None:
    every = [own(each) for each in GATEWAY]
    assert difference(every, GATEWAY, ACCOUNT) == []
    every[-1]["quantity"] = "2"
    assert len(difference(every, GATEWAY, ACCOUNT)) == 1
    stranger = {**own(OURS[0]), "account": "U1"}
    assert len(difference([*map(own, OURS), stranger], GATEWAY, ACCOUNT)) == 1
    whose = [{**own(each), "account": "U1"} for each in OURS]
    assert len(difference(whose, GATEWAY, ACCOUNT)) == 2 * len(OURS)


def test_contracts_that_are_named_alike_are_told_apart_by_what_is_held() -> None:
    twins = [position(1, "X", 5, exchange="A"), position(2, "X", 7, exchange="B")]
    rows = [{"symbol": "X", "quantity": 7}, {"symbol": "X", "quantity": 5}]
    assert difference(rows, twins, ACCOUNT) == []
    assert difference([rows[0], rows[0]], twins, ACCOUNT) != []


def test_contracts_that_are_named_alike_are_told_apart_by_whatever_is_told() -> None:
    share = position(1, "IBM", 100)
    twins = [share, position(2, "IBM", 100, sec_type="CFD", local_symbol="")]
    rows = [{"symbol": "IBM", "secType": kind, "quantity": 100} for kind in ("CFD", "STK")]
    assert difference(rows, twins, ACCOUNT) == []


def test_thousands_of_differences_are_told_as_some_and_how_many_more() -> None:
    rows = [{"symbol": f"S{number}", "quantity": 1} for number in range(1100)]
    lines = difference(rows, [], ACCOUNT)
    assert (len(lines), lines[-1]) == (101, "and 1000 more")


SYMBOL = st.sampled_from(["A", "B"])
HELD = st.tuples(SYMBOL, st.sampled_from(["", "C", "P"]), st.integers(1, 2), st.integers(-2, 2))
LABELS = ("symbol", "right", "strike", "quantity")


@given(st.lists(HELD, max_size=5), st.lists(HELD, max_size=5))
def test_nothing_passes_but_the_same_positions(
    ours: list[tuple[Any, ...]], told: list[tuple[Any, ...]]
) -> None:
    """Whatever is compared: no difference is told exactly where the open rows are the same."""
    gateway = [
        position(n, symbol, quantity, right=right, strike=float(strike), local_symbol="")
        for n, (symbol, right, strike, quantity) in enumerate(ours, start=1)
    ]
    rows = [dict(zip(LABELS, each, strict=True)) for each in told]
    same = sorted(each for each in ours if each[3]) == sorted(each for each in told if each[3])
    assert (difference(rows, gateway, ACCOUNT) == []) is same


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["symbol", "quantity", "position", "conId", "strike", "right", "expiry",
                         "positions", "rows", "contract", "account", "asOf", "age"])
        | st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(json_values)
def test_any_answer_is_compared_or_told_unreadable_and_breaks_nothing(answer: Any) -> None:
    assert isinstance(difference(answer, GATEWAY, ACCOUNT), list)
    try:
        told = answer_time.as_of(answer, datetime.now(UTC))
        assert told is None or told.tzinfo is not None
    except Unreadable:
        pass


NOW, OLD = datetime(2026, 11, 22, 21, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        ({"as_of": "2026-11-22T21:00:00Z"}, datetime(2026, 11, 22, 21, tzinfo=UTC)),
        ({"asOf": "2026-11-22T22:00:00+01:00"},
         datetime(2026, 11, 22, 22, tzinfo=timezone(timedelta(hours=1)))),
        ({"Timestamp": 1_795_381_200}, datetime(2026, 11, 22, 21, tzinfo=UTC)),
        ({"timestamp": 1_795_381_200_000}, datetime(2026, 11, 22, 21, tzinfo=UTC)),
        ({"age_seconds": 30}, datetime(2026, 11, 22, 20, 59, 30, tzinfo=UTC)),
        ({"positions": []}, None),
        ([], None),
        ({"result": {"positions": [], "asOf": "2025-01-01T00:00:00Z"}, "ok": 1}, OLD),
        ({"meta": {"asOf": "2025-01-01T00:00:00Z"}, "positions": []}, OLD),
        ([{"symbol": "SPY", "cachedAt": "2025-01-01T00:00:00Z"}, {"asOf": NOW.isoformat()}], OLD),
        ({"time": NOW.isoformat(), "last_updated": "2025-01-01T00:00:00Z"}, OLD),
        ({"time": NOW.isoformat(), "age_seconds": 3600}, NOW - timedelta(hours=1)),
        ({"as_of": "2025-01-01T00:00:00"}, OLD + timedelta(hours=12)),
        ({"as_of": "0001-01-01T00:00:00Z"}, datetime(1, 1, 1, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_moment_of_an_answer_is_read_as_it_is_told(told: Any, moment: datetime | None) -> None:
    assert answer_time.as_of(told, NOW) == moment


@pytest.mark.parametrize(
    "told", ["2026-11-22T21:00:00", "2026-11-22T10:00:00", "just now", 12, True, "1e999", -1]
)
def test_moment_that_may_be_any_is_none(told: Any) -> None:
    with pytest.raises(Unreadable):
        answer_time.as_of({"as_of": told}, NOW)
