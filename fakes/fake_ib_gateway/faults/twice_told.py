"""The end arrives after half of the positions; the others follow."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import END, AtPositions, halves
from fake_ib_gateway.faults.shared.bursts import name_of, without
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class TwiceTold(AtPositions):
    """Sends the end after half of the rows, and then the others."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        first, second = halves(answer)
        ends = [each for each in second if name_of(each) == END]
        return [*first, *ends, *without((END,), second)]


FAULT = Declared(TwiceTold, "sends half of the rows, positionEnd, the other half", Group.POSITIONS)
