"""An error in place of the positions, and nothing behind it."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import END, ROW, AtPositions, notice_of
from fake_ib_gateway.faults.shared.bursts import without
from fake_ib_gateway.faults.shared.declared import HIGHEST_CODE, Argument, Declared, Group
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class RequestRefused(AtPositions):
    """Sends an error instead of the positions."""

    code: int = errors.REQUEST_REFUSED.code

    def answer(self, answer: Burst, session: Session) -> Burst:
        return [notice_of(self.code, session), *without((ROW, END), answer)]


FAULT = Declared(
    RequestRefused,
    "answers positions with an error (10999)",
    Group.POSITIONS,
    Argument("CODE", int, highest=HIGHEST_CODE),
)
