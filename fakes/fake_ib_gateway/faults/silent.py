"""A client connects, says hello, and waits for an answer that never comes."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Gateway, Session
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class Silent(Fault):
    """Accepts, and never sends a byte."""

    def takes_note(self, gateway: Gateway) -> bool:
        return False

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return []


FAULT = Declared(Silent, "accepts, then never sends a byte", Group.HANDSHAKE)
