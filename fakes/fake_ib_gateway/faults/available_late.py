"""Notice 2151 (positions are not available yet), and a moment later all of them."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, Pause
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import AtPositions
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class AvailableLate(AtPositions):
    """Says that positions are not available yet, and sends them after a while."""

    rank = -1
    seconds: float = 0.3

    def answer(self, answer: Burst, session: Session) -> Burst:
        said = session.speech.error(errors.NOT_AVAILABLE_YET)
        return [said, Pause(self.seconds), *answer]


FAULT = Declared(
    AvailableLate,
    "sends 2151, and the positions later (0.3 s)",
    Group.POSITIONS,
    Argument("SECONDS", float),
)
