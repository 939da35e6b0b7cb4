"""The session is asked for, and half a second later the connection is gone, without an error."""

from __future__ import annotations

from fake_ib_gateway.faults.drops import Drops
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group


def _after(seconds: float = 0.5) -> Drops:
    return Drops("START_API", part=0, after_seconds=seconds)


FAULT = Declared(
    _after,
    "closes silently after START_API (0.5 s later)",
    Group.HANDSHAKE,
    Argument("SECONDS", float),
)
