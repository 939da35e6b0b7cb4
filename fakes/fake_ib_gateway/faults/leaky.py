"""Nothing is answered, and every client that gives up leaves one more zombie on the port."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.silent import Silent


@dataclass(frozen=True)
class Leaky(Silent):
    """Silent, and what its clients abandon stays in CLOSE_WAIT."""

    closes = False


FAULT = Declared(Leaky, "silent; every client that gives up leaves a CLOSE_WAIT", Group.PORT)
