"""The session is ready a second or two late, and all is well then."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, Pause
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.bursts import before_each
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class Slow(Fault):
    """Delays nextValidId."""

    seconds: float = 1.5

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event not in ("hello", "START_API"):
            return burst
        return before_each("nextValidId", [Pause(self.seconds)], burst)


FAULT = Declared(
    Slow,
    "delays nextValidId (1.5 s)",
    Group.HANDSHAKE,
    Argument("SECONDS", float),
)
