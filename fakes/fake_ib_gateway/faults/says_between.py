"""An error among the positions; all arrive, but nobody knows from when they are."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import AtPositions, halves, notice_of
from fake_ib_gateway.faults.shared.declared import HIGHEST_CODE, Argument, Declared, Group
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class SaysBetween(AtPositions):
    """Sends a code after half of the rows."""

    rank = -1
    code: int = errors.LOST.code

    def answer(self, answer: Burst, session: Session) -> Burst:
        first, second = halves(answer)
        return [*first, notice_of(self.code, session), *second]


FAULT = Declared(
    SaysBetween,
    "sends a code in the middle of the rows (1100)",
    Group.POSITIONS,
    Argument("CODE", int, highest=HIGHEST_CODE),
)
