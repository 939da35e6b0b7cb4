"""The answer to the hello is a web server's, and the connection is closed."""

from __future__ import annotations

from functools import partial

from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.other_protocol import OtherProtocol

HTTP = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"


FAULT = Declared(
    partial(OtherProtocol, HTTP),
    "another program owns the port: answers HTTP, closes",
    Group.PORT,
)
