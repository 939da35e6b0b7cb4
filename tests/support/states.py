"""States of a held connection, made by hand, and a source that tells them."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from golive.client.answers import Position, Positions
from golive.monitor.holding.requests import Answer, Ask, Unanswered
from golive.monitor.holding.state import State

NOW = datetime(2026, 11, 23, 9, 14, 2, tzinfo=UTC)
MONOTONIC = 1000.0
ACCOUNT = "U21146542"


class Standing:
    """A clock that stands still."""

    def __init__(self, at: float = MONOTONIC) -> None:
        self.at = at

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody sleeps here")


class Telling:
    """A source of states; nothing answers."""

    def __init__(self, state: State) -> None:
        self.state = state

    def ask(self, what: Ask, seconds: float) -> Future[Answer]:
        asked: Future[Answer] = Future()
        asked.set_exception(Unanswered("disconnected", "nobody is there"))
        return asked


def positions(count: int = 24, *, has_ended: bool = True) -> Positions:
    row = Position(
        ACCOUNT, 0, "AAPL", "STK", "", 0.0, "", "", "SMART", "USD", "AAPL", "NMS", Decimal(100), 1.5
    )
    return Positions(tuple(row._replace(con_id=n) for n in range(count)), has_ended)


READY = State(
    made=NOW,
    made_at=MONOTONIC,
    host="127.0.0.1",
    port=4001,
    kind="IB Gateway (live)",
    client_id=10,
    expected_account=ACCOUNT,
    expected_positions=24,
    heartbeat_seconds=5.0,
    condition="connected",
    since=NOW,
    smoke="GO",
    handshake_ms=97.0,
    server_version=203,
    heartbeats=12,
    answers=14,
    answer_ms=1.5,
    answered_at=MONOTONIC - 2,
    positions=positions(),
    positions_at=MONOTONIC - 3,
    zombies=0,
    zombies_at=MONOTONIC - 1,
    farms={"usfarm": True},
)


def state(**changes: Any) -> State:
    """A ready one, but for these."""
    return replace(READY, **changes)
