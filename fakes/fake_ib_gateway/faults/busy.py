"""The socket table shows other programs that are connected to the port; all else is well."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class Busy(Fault):
    """Another program is connected already."""

    other_clients: int = 1


FAULT = Declared(
    Busy,
    "other programs are already connected (1)",
    Group.PORT,
    Argument("CLIENTS", int, highest=30),
)
