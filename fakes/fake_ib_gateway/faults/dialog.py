"""A client waits until somebody at the gateway's screen lets it in; all is well then."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, HangUp, Meanwhile, Pause
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault
from fake_ib_gateway.protocol.messages import Message


@dataclass(frozen=True)
class Dialog(Fault):
    """A dialog asks whether to accept the connection, and a person does so after a while."""

    seconds: float = 3.0

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event != "hello":
            return burst
        said = [each for each in burst if isinstance(each, Message | Pause | HangUp)]
        return [Meanwhile((Pause(self.seconds), *said))]


FAULT = Declared(
    Dialog,
    "waits for somebody to accept the client (3 s)",
    Group.HANDSHAKE,
    Argument("SECONDS", float),
)
