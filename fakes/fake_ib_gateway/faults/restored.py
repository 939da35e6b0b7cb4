"""Errors 1100 and 1102 as the session starts: the link was lost, and is back without data loss."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_start import START, AtStart
from fake_ib_gateway.faults.shared.bursts import behind_last
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class Restored(AtStart):
    """Loses its link to IBKR right after the start, and has it back at once with all data."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        said = [session.speech.error(each) for each in (errors.LOST, errors.RESTORED)]
        return behind_last(START, [*said], answer)


FAULT = Declared(
    Restored,
    "sends 1100 and 1102 after nextValidId, then works",
    Group.LINK,
)
