"""A client that comes too early is not answered; one that comes later finds all well."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Gateway, Session
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.silent import Silent


@dataclass(frozen=True)
class Starting(Silent):
    """Silent until it has been up for its initialization time."""

    seconds: float = 90.0

    def takes_note(self, gateway: Gateway) -> bool:
        return gateway.up_seconds >= self.seconds

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return burst if self.takes_note(session.gateway) else []


FAULT = Declared(
    Starting,
    "silent for a while after its start (90 s)",
    Group.HANDSHAKE,
    Argument("SECONDS", float),
)
