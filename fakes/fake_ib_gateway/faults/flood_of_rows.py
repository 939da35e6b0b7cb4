"""Positions without end, as fast as the client takes them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, Meanwhile, Stream
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import END, ROW, AtPositions
from fake_ib_gateway.faults.shared.bursts import without
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.protocol.messages import Message
from fake_ib_gateway.world.book import stock


@dataclass(frozen=True)
class FloodOfRows(AtPositions):
    """Sends this many rows of ever new contracts, or without end; answers other requests."""

    rows: int = 0

    def answer(self, answer: Burst, session: Session) -> Burst:
        flood = Meanwhile((Stream(lambda: self._told(session)),))
        return [*without((ROW, END), answer), flood]

    def _told(self, session: Session) -> Iterator[Message]:
        say, account = session.speech, session.gateway.books[0].account
        for number in range(self.rows) if self.rows else itertools.count():
            row = stock(900_000_000 + number, f"S{number}", "NYSE", "100", 10.0)
            yield say.position(account, row)
        yield say.position_end()


FAULT = Declared(
    FloodOfRows,
    "sends this many rows and the end (0: no end)",
    Group.WIRE,
    Argument("ROWS", int),
)
