"""Faults of how much a gateway says: more than anybody can keep, as fast as the client takes it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, Meanwhile, Stream
from fake_ib_gateway.answering.bursts import without
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.position_faults import END, ROW, AtPositions
from fake_ib_gateway.faults.start_faults import AtStart
from fake_ib_gateway.protocol import errors
from fake_ib_gateway.protocol.messages import Message
from fake_ib_gateway.world.book import stock


@dataclass(frozen=True)
class FloodOfNotices(AtStart):
    """Speaks of ever new farms behind the session's start, for so long; then all is well."""

    rank = -1
    seconds: float = 3.0

    def answer(self, answer: Burst, session: Session) -> Burst:
        return [*answer, Stream(lambda: self._notices(session), self.seconds)]

    def _notices(self, session: Session) -> Iterator[Message]:
        for number in itertools.count(1):
            yield session.speech.error(errors.FARM_IS_OK.about(f"usfarm.{number}"))
            yield session.speech.error(errors.HISTORY_FARM_IS_OK.about(f"ushmds.{number}"))


@dataclass(frozen=True)
class FloodOfRows(AtPositions):
    """Tells so many rows of ever new contracts, or without end; other requests are answered."""

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
