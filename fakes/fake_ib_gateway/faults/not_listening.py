"""The gateway's process runs and is logged in, but its port refuses: its API may be off."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class NotListening(Fault):
    """Runs, and does not listen: its log says how far its login has got."""

    listens = False
    waits = True


FAULT = Declared(NotListening, "runs and is logged in, but does not listen", Group.LOGIN)
