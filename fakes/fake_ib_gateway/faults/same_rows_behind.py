"""Every position arrives twice, the second time after the end; nothing has changed."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import END, ROW, AtPositions
from fake_ib_gateway.faults.shared.bursts import behind_last, name_of
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class SameRowsBehind(AtPositions):
    """Sends all rows again, unchanged, right after the positions' end."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        return behind_last((END,), [each for each in answer if name_of(each) == ROW], answer)


FAULT = Declared(
    SameRowsBehind,
    "sends all rows once more after positionEnd",
    Group.POSITIONS,
)
