"""Error 10141 (a disclaimer must be accepted first), then silence."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst, HangUp
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class Disclaimer(Fault):
    """Answers START_API with the disclaimer's error, and nothing else from then on."""

    closes_then: bool = False

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event in ("connect", "hello") or not burst:
            return burst
        if event != "START_API":
            return []
        said = session.speech.error(errors.DISCLAIMER)
        return [said, HangUp()] if self.closes_then else [said]


FAULT = Declared(
    Disclaimer,
    "answers START_API with 10141 only; stays open",
    Group.HANDSHAKE,
)
