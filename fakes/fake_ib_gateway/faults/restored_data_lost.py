"""Half of the positions arrive, then errors 1100 and 1101 and the end; asked again, all arrive."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import ROW, AtPositions, halves
from fake_ib_gateway.faults.shared.bursts import without
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class RestoredDataLost(AtPositions):
    """Loses its link to IBKR in the middle of the first answer, and with it the remaining rows."""

    def answer(self, answer: Burst, session: Session) -> Burst:
        if session.positions_asked > 1:
            return answer
        first, second = halves(answer)
        said = [session.speech.error(each) for each in (errors.LOST, errors.RESTORED_LOST)]
        return [*first, *said, *without((ROW,), second)]


FAULT = Declared(
    RestoredDataLost,
    "sends 1100 and 1101 amid the first positions, loses rows",
    Group.LINK,
)
