"""All goes well until the client has left: its connection stays in CLOSE_WAIT at the gateway."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class NoClose(Fault):
    """Never closes its side after a client's clean close."""

    closes = False


FAULT = Declared(NoClose, "does not close its side after a client closes cleanly", Group.PORT)
