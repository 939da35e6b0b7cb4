"""The answer to the hello cannot be read: a length that no frame has, and a web server's text."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, Raw
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class Garbage(Fault):
    """Answers the hello with bytes that are no frame."""

    data: bytes = b"\x7f\xff\xff\xffHTTP/1.1 400 Bad Request\r\n\r\n"

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return [Raw(self.data)] if event == "hello" else []


FAULT = Declared(Garbage, "answers the hello with bytes that are not a frame", Group.HANDSHAKE)
