"""Error 1100, but answers still come; nobody knows whether they are still true."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, Meanwhile, Pause
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class ConnectivityLost(Fault):
    """Loses its link to IBKR, says error 1100, and answers from what it remembers."""

    after_seconds: float = 0.0

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event != "START_API":
            return burst
        lost = session.speech.error(errors.LOST)
        later = Meanwhile((Pause(self.after_seconds), lost))
        return [*burst, later if self.after_seconds else lost]


FAULT = Declared(
    ConnectivityLost,
    "sends 1100 after the handshake (0 s), goes on",
    Group.LINK,
    Argument("SECONDS", float),
)
