"""Error 10141 in a session that has started, yet everything is answered."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_start import START, AtStart
from fake_ib_gateway.faults.shared.bursts import behind_last
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class DisclaimerGranted(AtStart):
    """Sends the disclaimer's error, but starts the session and goes on with it."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        return behind_last(START, [session.speech.error(errors.DISCLAIMER)], answer)


FAULT = Declared(
    DisclaimerGranted,
    "sends 10141 after nextValidId, then works normally",
    Group.HANDSHAKE,
)
