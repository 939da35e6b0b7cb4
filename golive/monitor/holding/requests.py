"""What a held connection can be asked, and the answers."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from golive.client.answers import AccountSummary, Positions

if TYPE_CHECKING:
    from golive.monitor.holding.state import State


class Ask(Enum):
    """The requests. All of them only read."""

    POSITIONS = "positions"
    SUMMARY = "account summary"
    TIME = "current time"


@dataclass(frozen=True, slots=True)
class Answer:
    """The gateway's answer to a request that left at `asked` and was complete at `answered`.

    `value` is Positions, AccountSummary or, of the current time, the gateway's clock (UTC).
    """

    of: Ask
    value: Positions | AccountSummary | datetime
    asked: datetime
    answered: datetime
    milliseconds: float = 0.0
    """Between the two, on the monotonic clock."""


class Unanswered(Exception):
    """No answer that can be relied on: `code` is a diagnosis' code, the text says why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Source(Protocol):
    """The holder of the connection, as callers in any thread see it."""

    @property
    def state(self) -> State:
        """What is known at this moment. Never blocks, never connects."""
        ...

    def ask(self, what: Ask, seconds: float) -> Future[Answer]:
        """Asks the gateway over the one connection; Unanswered after so long at the latest.

        Whoever asks the same while it is being answered shares the answer: `asked` may be earlier
        than the call, but `answered` never is. Callbacks run in the owner's thread: be quick there.
        """
        ...
