"""Why a gateway's answers cannot be relied on until it was asked again and answered completely."""

from __future__ import annotations

from dataclasses import dataclass, replace

from golive.client.answers import Position
from golive.client.messages import (
    CONNECTIVITY_LOST,
    DATA_LOST,
    ApiError,
    diagnosis_code,
    is_of_the_whole_session,
)
from golive.diagnosis.session_branches import MOST_ACCOUNTS
from golive.kit.text import shortened
from golive.monitor.holding.requests import Unanswered

LONGEST_NAME = 40
TOO_MANY_ACCOUNTS = "too-many-accounts"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A diagnosis' code, why in words, and the message where one was the reason."""

    code: str
    why: str
    said: ApiError | None = None

    @classmethod
    def by(cls, error: ApiError, accounts: int) -> Doubt:
        """By a message, of a login with so many accounts where their positions were asked for."""
        doubt = cls(diagnosis_code(error), str(error), error)
        is_refused = accounts > MOST_ACCOUNTS and not is_of_the_whole_session(error)
        return replace(doubt, code=TOO_MANY_ACCOUNTS) if is_refused else doubt

    @classmethod
    def of_rows(cls, one: Position, other: Position) -> Doubt:
        """By two rows about one contract that differ."""
        name = shortened(one.local_symbol.strip() or one.symbol, LONGEST_NAME)
        return cls("positions-contradictory", f"{name}: {_told(one)}, and {_told(other)}")

    @property
    def is_of_the_link(self) -> bool:
        return self.said is not None and (
            self.said.code in CONNECTIVITY_LOST or self.said.code == DATA_LOST
        )

    @property
    def leaves_them_ended(self) -> bool:
        """Whether positions that it is about were told to their end."""
        return self.code != OTHER_ACCOUNTS.code

    @property
    def unanswered(self) -> Unanswered:
        return Unanswered(self.code, self.why)


OTHER_ACCOUNTS = Doubt(
    "accounts-changed", "the gateway named different accounts from those in the handshake"
)


def _told(row: Position) -> str:
    quantity = "unreadable" if row.quantity is None else f"{row.quantity:f}"
    return f"{quantity} at {row.average_cost:g}"
