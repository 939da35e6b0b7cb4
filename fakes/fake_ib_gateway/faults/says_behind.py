"""All positions, and an error a moment later, when a hasty client has stopped listening."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, Pause
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import BEHIND_SECONDS, END, AtPositions, notice_of
from fake_ib_gateway.faults.shared.bursts import behind_last
from fake_ib_gateway.faults.shared.declared import HIGHEST_CODE, Argument, Declared, Group
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class SaysBehind(AtPositions):
    """Sends a code a moment after the positions' end."""

    rank = -1
    code: int = errors.LOST.code

    def answer(self, answer: Burst, session: Session) -> Burst:
        said = notice_of(self.code, session)
        return behind_last((END,), [Pause(BEHIND_SECONDS), said], answer)


FAULT = Declared(
    SaysBehind,
    "sends a code 3 ms after positionEnd (1100)",
    Group.POSITIONS,
    Argument("CODE", int, highest=HIGHEST_CODE),
)
