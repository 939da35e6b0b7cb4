"""The session starts, and no request is answered any more; the connection looks well."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class Mute(Fault):
    """Stops answering after the handshake, or some time after it; the socket stays open."""

    after_seconds: float = 0.0

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        is_handshake = event in ("connect", "hello", "START_API")
        return burst if is_handshake or session.up_seconds < self.after_seconds else []


FAULT = Declared(
    Mute,
    "stops answering, stays open (0 s after start)",
    Group.LINK,
    Argument("SECONDS", float),
)
