"""The port opens, nothing is ever answered, and the accept queue grows by one with every client."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class Wedged(Fault):
    """Listens and never accepts: one connection already waits in the accept queue."""

    accepts = False
    queued: int = 1


FAULT = Declared(
    Wedged,
    "never accepts; clients already in its queue (1)",
    Group.PORT,
    Argument("QUEUED", int, highest=1000),
)
