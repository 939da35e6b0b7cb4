"""An error or notice that no list explains, in a session that is well."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_start import AtStart
from fake_ib_gateway.faults.shared.declared import HIGHEST_CODE, Argument, Declared, Group
from fake_ib_gateway.protocol import errors


@dataclass(frozen=True)
class UnknownCode(AtStart):
    """Sends a code after the session's start."""

    rank = -1
    code: int = errors.UNKNOWN.code

    def answer(self, answer: Burst, session: Session) -> Burst:
        account = session.gateway.books[0].account
        return [*answer, session.speech.error(errors.of_code(self.code, account))]


FAULT = Declared(
    UnknownCode,
    "sends an unknown code after nextValidId (9999)",
    Group.LINK,
    Argument("CODE", int, highest=HIGHEST_CODE),
)
