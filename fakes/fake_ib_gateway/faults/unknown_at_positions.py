"""An error or notice that no list explains, and then the positions."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import END, ROW, AtPositions, notice_of
from fake_ib_gateway.faults.shared.bursts import before_first
from fake_ib_gateway.faults.shared.declared import HIGHEST_CODE, Argument, Declared, Group
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class UnknownAtPositions(AtPositions):
    """Sends a code before the first row."""

    rank = -1
    code: int = errors.UNKNOWN.code

    def answer(self, answer: Burst, session: Session) -> Burst:
        return before_first((ROW, END), [notice_of(self.code, session)], answer)


FAULT = Declared(
    UnknownAtPositions,
    "sends an unknown code before the first row (9999)",
    Group.POSITIONS,
    Argument("CODE", int, highest=HIGHEST_CODE),
)
