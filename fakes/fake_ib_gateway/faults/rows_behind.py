"""The positions were complete, and one of them has another quantity in the next moment."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import END, AtPositions, changed_row
from fake_ib_gateway.faults.shared.bursts import behind_last
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class RowsBehind(AtPositions):
    """Sends another quantity of the first contract right after the positions' end."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        return behind_last((END,), [changed_row(session)], answer)


FAULT = Declared(
    RowsBehind,
    "sends another quantity right after positionEnd",
    Group.POSITIONS,
)
