"""Error 326, and the connection is closed: somebody else has the client id."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, HangUp
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class ClientIdInUse(Fault):
    """Says error 326 to START_API and closes."""

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event != "START_API":
            return burst
        return [session.speech.error(errors.CLIENT_ID_IN_USE), HangUp()]


FAULT = Declared(ClientIdInUse, "sends error 326, then closes", Group.HANDSHAKE)
