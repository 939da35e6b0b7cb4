"""Error 1300 (the port has changed), and the connection is closed."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, HangUp, Pause
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_start import START, AtStart
from fake_ib_gateway.faults.shared.bursts import up_to_last
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class PortChanged(AtStart):
    """Says right after the start that its port has changed, and then closes."""

    after_seconds: float = 0.1

    def answer(self, answer: Burst, session: Session) -> Burst:
        told = up_to_last(START, answer)
        if not told:
            return answer
        said = session.speech.error(errors.PORT_CHANGED.about(session.gateway.port + 1))
        return [*told, said, Pause(self.after_seconds), HangUp()]


FAULT = Declared(PortChanged, "sends 1300 after nextValidId, then closes", Group.LINK)
