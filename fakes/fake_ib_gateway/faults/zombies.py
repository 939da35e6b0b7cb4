"""The socket table shows connections in CLOSE_WAIT on the port; clients are answered."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class Zombies(Fault):
    """CLOSE_WAIT sockets are there before the first attempt."""

    zombies: int = 3


FAULT = Declared(
    Zombies,
    "CLOSE_WAIT sockets are there from the start (3)",
    Group.PORT,
    Argument("COUNT", int, highest=1000),
)
