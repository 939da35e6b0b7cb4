"""Error 10275 names the account, and its rows are not among those that arrive."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import ROW, AtPositions
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.protocol import errors
from fake_ib_gateway.protocol.messages import Message
from fake_ib_gateway.protocol.protobuf import account_pb2


@dataclass(frozen=True)
class AccountUnavailable(AtPositions):
    """Reports the first account's positions as unavailable; those of other accounts come."""

    def answer(self, answer: Burst, session: Session) -> Burst:
        account = session.gateway.books[0].account
        said = session.speech.error(errors.ACCOUNTS_NOT_AVAILABLE.about(account))
        return [said, *(each for each in answer if _account_of(each) != account)]


def _account_of(action: object) -> str:
    """Of a row; a recorded one in protobuf has no text fields."""
    if not isinstance(action, Message) or action.name != ROW:
        return ""
    if len(action.fields) > 2:
        return str(action.fields[2])
    return account_pb2.Position.FromString(action.payload[4:]).account


FAULT = Declared(
    AccountUnavailable,
    "sends 10275 instead of the first account's rows",
    Group.POSITIONS,
)
