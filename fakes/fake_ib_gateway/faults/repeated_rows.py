"""Twice as many rows as there are positions; whoever counts rows counts double."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import ROW, AtPositions
from fake_ib_gateway.faults.shared.bursts import name_of
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class RepeatedRows(AtPositions):
    """Sends every row twice."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        return [row for each in answer for row in [each] * (1 + (name_of(each) == ROW))]


FAULT = Declared(RepeatedRows, "sends every row twice, unchanged", Group.POSITIONS)
