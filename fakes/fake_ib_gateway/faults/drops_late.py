"""All goes well for a while, and then the connection is gone, without an error."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, HangUp, Meanwhile, Pause
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class DropsLate(Fault):
    """Closes without a message some time after START_API; answers everything until then."""

    after_seconds: float = 1.0

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event != "START_API":
            return burst
        return [*burst, Meanwhile((Pause(self.after_seconds), HangUp()))]


FAULT = Declared(
    DropsLate,
    "works, then closes without a word (after 1 s)",
    Group.LINK,
    Argument("SECONDS", float),
)
