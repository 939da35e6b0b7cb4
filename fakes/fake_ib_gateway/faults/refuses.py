"""A client is connected and disconnected at once, as by a forwarder whose gateway is down."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, HangUp
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class Refuses(Fault):
    """Closes right after accepting."""

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return [HangUp()]


FAULT = Declared(Refuses, "closes right after accepting", Group.HANDSHAKE)
