"""The answer to the hello is seven bytes that only TLS understands, as Client Portal Gateway's."""

from __future__ import annotations

from functools import partial

from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.other_protocol import OtherProtocol

ALERT = bytes.fromhex("15 0303 0002 02 0a")
"""Fatal, unexpected message: what comes where no ClientHello did."""


FAULT = Declared(
    partial(OtherProtocol, ALERT),
    "another program owns the port: sends a TLS alert, closes",
    Group.PORT,
)
