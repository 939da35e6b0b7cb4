"""Some of the positions arrive, and the connection is gone, without an error."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, HangUp, Pause
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class Drops(Fault):
    """Closes without a message in the middle of an answer."""

    event: str = "REQ_POSITIONS"
    part: float = 0.5
    after_seconds: float = 0.0

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event != self.event:
            return burst
        return [*burst[: int(len(burst) * self.part)], Pause(self.after_seconds), HangUp()]


def _after(part: float = 0.5) -> Drops:
    return Drops(part=part)


FAULT = Declared(
    _after,
    "closes in the middle of the positions (at 0.5)",
    Group.POSITIONS,
    Argument("PART", float),
)
