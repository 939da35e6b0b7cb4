"""Faults of the answer to a request for positions: before, between and behind its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar

from fake_ib_gateway.answering.actions import Burst, Pause
from fake_ib_gateway.answering.bursts import before_first, behind_last, name_of, without
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.fault import Answering, Books
from fake_ib_gateway.protocol import errors
from fake_ib_gateway.protocol.errors import Error
from fake_ib_gateway.protocol.messages import Message
from fake_ib_gateway.protocol.protobuf import account_pb2
from fake_ib_gateway.world.book import Book, Position, stock

ROW, END = "position", "positionEnd"
BEHIND_SECONDS = 0.003
"""A client that looks no further than the end has long had its answer by then."""
ANOTHER = "U99999999"
"""An account that is not the one logged in."""


@dataclass(frozen=True)
class AtPositions(Answering):
    """Changes what is said to REQ_POSITIONS."""

    request: ClassVar[str] = "REQ_POSITIONS"


@dataclass(frozen=True)
class NotAvailable(AtPositions):
    """Says that positions are not available yet, and tells none; the end may come all the same."""

    ends: bool = False

    def answer(self, answer: Burst, session: Session) -> Burst:
        untold = (ROW,) if self.ends else (ROW, END)
        return [session.speech.error(errors.NOT_AVAILABLE_YET), *without(untold, answer)]


@dataclass(frozen=True)
class AvailableLate(AtPositions):
    """Says that positions are not available yet, and tells them after a while."""

    rank = -1
    seconds: float = 0.3

    def answer(self, answer: Burst, session: Session) -> Burst:
        said = session.speech.error(errors.NOT_AVAILABLE_YET)
        return [said, Pause(self.seconds), *answer]


@dataclass(frozen=True)
class AccountUnavailable(AtPositions):
    """Says that positions of the first account are not available; those of others come."""

    def answer(self, answer: Burst, session: Session) -> Burst:
        account = session.gateway.books[0].account
        said = session.speech.error(errors.ACCOUNTS_NOT_AVAILABLE.about(account))
        return [said, *(each for each in answer if _account_of(each) != account)]


@dataclass(frozen=True)
class RequestRefused(AtPositions):
    """Says a code instead of the positions."""

    code: int = errors.REQUEST_REFUSED.code

    def answer(self, answer: Burst, session: Session) -> Burst:
        return [_said(self.code, session), *without((ROW, END), answer)]


@dataclass(frozen=True)
class Advisor(AtPositions):
    """An advisor's login, with more accounts than positions are told of: no answer, or an error."""

    accounts: int = 60
    refusal: Error | None = None

    def books(self, books: Books) -> Books:
        """The first stays the first; the others hold nothing."""
        names = ["F1000001", *(f"U{50_000_000 + number}" for number in range(self.accounts))]
        return (*books, *(Book(name, ()) for name in names))[: max(len(books), self.accounts)]

    def answer(self, answer: Burst, session: Session) -> Burst:
        said = [session.speech.error(self.refusal)] if self.refusal else []
        return [*said, *without((ROW, END), answer)]


@dataclass(frozen=True)
class SaysBefore(AtPositions):
    """Says a code before the first row."""

    rank = -1
    code: int = errors.UNKNOWN.code

    def answer(self, answer: Burst, session: Session) -> Burst:
        return before_first((ROW, END), [_said(self.code, session)], answer)


@dataclass(frozen=True)
class SaysBetween(AtPositions):
    """Says a code after half of the rows."""

    rank = -1
    code: int = errors.LOST.code

    def answer(self, answer: Burst, session: Session) -> Burst:
        first, second = _halves(answer)
        return [*first, _said(self.code, session), *second]


@dataclass(frozen=True)
class SaysBehind(AtPositions):
    """Says a code a moment behind the positions' end."""

    rank = -1
    code: int = errors.LOST.code

    def answer(self, answer: Burst, session: Session) -> Burst:
        said = _said(self.code, session)
        return behind_last((END,), [Pause(BEHIND_SECONDS), said], answer)


@dataclass(frozen=True)
class Paced(AtPositions):
    """Says that it was asked too fast, and answers."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        return [session.speech.error(errors.TOO_FAST.about(50, 51, 1)), *answer]


@dataclass(frozen=True)
class RestoredDataLost(AtPositions):
    """Loses its link to IBKR amid the first answer, and with it the rows that were to come."""

    def answer(self, answer: Burst, session: Session) -> Burst:
        if session.positions_asked > 1:
            return answer
        first, second = _halves(answer)
        said = [session.speech.error(each) for each in (errors.LOST, errors.RESTORED_LOST)]
        return [*first, *said, *without((ROW,), second)]


@dataclass(frozen=True)
class AccountsBehind(AtPositions):
    """Names other accounts a moment behind the positions' end."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        other = session.speech.managed_accounts(ANOTHER)
        return behind_last((END,), [Pause(BEHIND_SECONDS), other], answer)


@dataclass(frozen=True)
class AccountsReordered(AtPositions):
    """Tells its accounts, at least two, in another order before the positions' end."""

    rank = -1

    def books(self, books: Books) -> Books:
        return books if len(books) > 1 else (*books, Book(ANOTHER, ()))

    def answer(self, answer: Burst, session: Session) -> Burst:
        names = [book.account for book in reversed(session.gateway.books)]
        again = session.speech.managed_accounts("".join(f"{name}," for name in names))
        return before_first((END,), [again], answer)


@dataclass(frozen=True)
class RowsBehind(AtPositions):
    """Tells another quantity of the first contract right behind the positions' end."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        return behind_last((END,), [_changed_row(session)], answer)


@dataclass(frozen=True)
class ContradictoryRows(AtPositions):
    """Tells two quantities of the first contract before the positions' end."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        return before_first((END,), [_changed_row(session)], answer)


@dataclass(frozen=True)
class SameRowsBehind(AtPositions):
    """Tells all rows again, as they were, right behind the positions' end."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        return behind_last((END,), [each for each in answer if name_of(each) == ROW], answer)


@dataclass(frozen=True)
class RepeatedRows(AtPositions):
    """Tells every row twice."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        return [row for each in answer for row in [each] * (1 + (name_of(each) == ROW))]


@dataclass(frozen=True)
class TwiceTold(AtPositions):
    """Tells the end after half of the rows, and then the others."""

    rank = -1

    def answer(self, answer: Burst, session: Session) -> Burst:
        first, second = _halves(answer)
        ends = [each for each in second if name_of(each) == END]
        return [*first, *ends, *without((END,), second)]


def _said(code: int, session: Session) -> Message:
    return session.speech.error(errors.of_code(code, session.gateway.books[0].account))


def _halves(answer: Burst) -> tuple[Burst, Burst]:
    """Up to the middle row, which counts to the first half, and what is behind it."""
    rows = [place for place, each in enumerate(answer) if name_of(each) == ROW]
    ends = [place for place, each in enumerate(answer) if name_of(each) == END]
    middle = rows[(len(rows) - 1) // 2] + 1 if rows else ends[0] if ends else len(answer)
    return answer[:middle], answer[middle:]


def _account_of(action: object) -> str:
    """Of a row; a recorded one in protobuf has no text fields."""
    if not isinstance(action, Message) or action.name != ROW:
        return ""
    if len(action.fields) > 2:
        return str(action.fields[2])
    return account_pb2.Position.FromString(action.payload[4:]).account


def _changed_row(session: Session) -> Message:
    """The first open row of the first account, of which there is one more; or a new one."""
    book = session.gateway.books[0]
    row = next(_open_rows(book), stock(265598, "AAPL", "NASDAQ", "0", 187.4437012))
    more = Decimal(row.quantity) + 1 or Decimal(2)  # never a closed one
    return session.speech.position(book.account, replace(row, quantity=f"{more:f}"))


def _open_rows(book: Book) -> Iterator[Position]:
    return (row for row in book.positions if row.is_open)
