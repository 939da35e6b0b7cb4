"""A client hears the server version, asks for its session, and waits forever."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Gateway, Session
from fake_ib_gateway.faults.shared.bursts import name_of
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class NoStart(Fault):
    """Answers the version and ignores START_API; its log hears nothing of it."""

    def takes_note(self, gateway: Gateway) -> bool:
        return False

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return [action for action in burst if name_of(action) == "serverVersion"]


FAULT = Declared(NoStart, "sends the server version, then ignores START_API", Group.HANDSHAKE)
