"""Notice 2151 (positions are not available yet), and nothing after it."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import END, ROW, AtPositions
from fake_ib_gateway.faults.shared.bursts import without
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class NotAvailable(AtPositions):
    """Says that positions are not available yet, and sends none; the end may still come."""

    ends: bool = False

    def answer(self, answer: Burst, session: Session) -> Burst:
        untold = (ROW,) if self.ends else (ROW, END)
        return [session.speech.error(errors.NOT_AVAILABLE_YET), *without(untold, answer)]


FAULT = Declared(
    NotAvailable,
    "answers positions with 2151: no rows, no end",
    Group.POSITIONS,
)
