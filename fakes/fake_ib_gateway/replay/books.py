"""The accounts and positions that a recorded gateway told of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from google.protobuf.message import DecodeError

from fake_ib_gateway.protocol import wire
from fake_ib_gateway.protocol.messages import MANAGED_ACCOUNTS, NEXT_VALID_ID, POSITION, Form
from fake_ib_gateway.protocol.protobuf import account_pb2, session_pb2
from fake_ib_gateway.replay.conversation import Reply
from fake_ib_gateway.replay.recording import opened
from fake_ib_gateway.world.book import Book, Contract, Position

UNREADABLE = (ValueError, TypeError, IndexError, DecodeError)

Body = tuple[bytes, bool]
"""What follows a message's number, and whether it is protobuf."""


def books(said: Iterable[Reply]) -> tuple[Book, ...]:
    """Every account with its positions as they were last told; one without a name if none was.

    What cannot be read is left out.
    """
    said = list(said)
    held: dict[str, dict[int, Position]] = {}
    for body in _told(said, MANAGED_ACCOUNTS):
        with suppress(*UNREADABLE):
            held |= {name: held.get(name, {}) for name in _accounts(*body)}
    for body in _told(said, POSITION):
        with suppress(*UNREADABLE):
            account, row = _position(*body)
            held.setdefault(account, {})[row.contract.con_id] = row
    return tuple(Book(name, tuple(rows.values())) for name, rows in (held or {"": {}}).items())


def next_order_id(said: Iterable[Reply]) -> int:
    """The first that was told, 1 if none was."""
    for body, is_protobuf in _told(said, NEXT_VALID_ID):
        with suppress(*UNREADABLE):
            if is_protobuf:
                return session_pb2.NextValidId.FromString(body).order_id
            return int(wire.split_fields(body, 2)[1])
    return 1


def _told(said: Iterable[Reply], form: Form) -> Iterator[Body]:
    for reply in said:
        if reply.number == form.number:
            _, body, is_protobuf = opened(reply.payload)
            yield body, is_protobuf


def _accounts(body: bytes, is_protobuf: bool) -> list[str]:
    if is_protobuf:
        text = session_pb2.ManagedAccounts.FromString(body).accounts
    else:
        text = wire.split_fields(body, 2)[1]
    return [name for name in text.split(",") if name]


def _position(body: bytes, is_protobuf: bool) -> tuple[str, Position]:
    if not is_protobuf:
        _, account, con_id, *texts, quantity, cost = wire.split_fields(body)
        symbol, kind, expiry, strike, *rest = texts
        contract = Contract(int(con_id), symbol, kind, expiry, float(strike or 0), *rest)
        return account, Position(contract, quantity, float(cost))
    told = account_pb2.Position.FromString(body)
    held = told.contract
    contract = Contract(
        held.con_id, held.symbol, held.sec_type, held.expiry, held.strike, held.right,
        f"{held.multiplier:g}" if held.multiplier else "", held.exchange, held.currency,
        held.local_symbol, held.trading_class,
    )  # fmt: skip
    return told.account, Position(contract, told.quantity, told.average_cost)
