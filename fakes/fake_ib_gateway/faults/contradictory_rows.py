"""One answer has two quantities for the same contract."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import END, AtPositions, changed_row
from fake_ib_gateway.faults.shared.bursts import before_first
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class ContradictoryRows(AtPositions):
    """Sends two quantities of the first contract before the positions' end."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        return before_first((END,), [changed_row(session)], answer)


FAULT = Declared(
    ContradictoryRows,
    "sends two quantities for the first contract",
    Group.POSITIONS,
)
