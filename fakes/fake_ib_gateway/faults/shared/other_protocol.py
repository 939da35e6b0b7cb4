"""Another program on the gateway's port."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, HangUp, Raw
from fake_ib_gateway.answering.gateway import Gateway, Session
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class OtherProtocol(Fault):
    """Another program has the port: it answers the hello in its own protocol, and closes."""

    data: bytes

    def takes_note(self, gateway: Gateway) -> bool:
        return False

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return [Raw(self.data), HangUp()] if event == "hello" else []
