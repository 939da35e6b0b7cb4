"""Every connection is refused at once, as if no gateway ran."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class Down(Fault):
    """Nothing listens; the port stays reserved, so that nobody else does."""

    listens = False


FAULT = Declared(Down, "nothing listens on the port, which stays reserved", Group.PORT)
