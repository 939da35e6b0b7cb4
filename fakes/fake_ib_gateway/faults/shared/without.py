"""A kind of message that never arrives."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.bursts import name_of
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class Without(Fault):
    """One kind of message never arrives."""

    message: str

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return [action for action in burst if name_of(action) != self.message]
