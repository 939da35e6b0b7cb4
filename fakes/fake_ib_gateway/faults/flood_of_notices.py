"""Hundreds of thousands of notices, and every answer has to wait behind them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, Stream
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_start import AtStart
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.protocol import errors
from fake_ib_gateway.protocol.messages import Message


@dataclass(frozen=True)
class FloodOfNotices(AtStart):
    """Names ever new farms after the session's start, for this long; then all is well."""

    rank = -1
    seconds: float = 3.0

    def answer(self, answer: Burst, session: Session) -> Burst:
        return [*answer, Stream(lambda: self._notices(session), self.seconds)]

    def _notices(self, session: Session) -> Iterator[Message]:
        for number in itertools.count(1):
            yield session.speech.error(errors.FARM_IS_OK.about(f"usfarm.{number}"))
            yield session.speech.error(errors.HISTORY_FARM_IS_OK.about(f"ushmds.{number}"))


FAULT = Declared(
    FloodOfNotices,
    "floods farm notices after nextValidId (3 s)",
    Group.WIRE,
    Argument("SECONDS", float),
)
