"""Error 10141 (a disclaimer must be accepted first), and the connection is closed."""

from __future__ import annotations

from functools import partial

from fake_ib_gateway.faults.disclaimer import Disclaimer
from fake_ib_gateway.faults.shared.declared import Declared, Group

FAULT = Declared(
    partial(Disclaimer, closes_then=True),
    "answers START_API with 10141, then closes",
    Group.HANDSHAKE,
)
