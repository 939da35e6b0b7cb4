"""Error 100 (requests come too fast), and the answer anyway."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import AtPositions
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class Paced(AtPositions):
    """Says that it was asked too fast, and answers."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        return [session.speech.error(errors.TOO_FAST.about(50, 51, 1)), *answer]


FAULT = Declared(
    Paced,
    "answers positions, with error 100 before them",
    Group.POSITIONS,
)
