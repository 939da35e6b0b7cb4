"""What faults of the answer to a request for positions share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.bursts import name_of
from fake_ib_gateway.faults.shared.fault import Answering
from fake_ib_gateway.protocol import errors
from fake_ib_gateway.protocol.messages import Message
from fake_ib_gateway.world.book import Book, Position, stock

ROW, END = "position", "positionEnd"
BEHIND_SECONDS = 0.003
"""A client that looks no further than the end has long had its answer by then."""
ANOTHER_ACCOUNT = "U99999999"
"""One that is not logged in."""


@dataclass(frozen=True)
class AtPositions(Answering):
    """Changes what is said to REQ_POSITIONS."""

    request: ClassVar[str] = "REQ_POSITIONS"


def notice_of(code: int, session: Session) -> Message:
    return session.speech.error(errors.of_code(code, session.gateway.books[0].account))


def halves(answer: Burst) -> tuple[Burst, Burst]:
    """Up to the middle row, which counts to the first half, and what is behind it."""
    rows = [place for place, each in enumerate(answer) if name_of(each) == ROW]
    ends = [place for place, each in enumerate(answer) if name_of(each) == END]
    middle = rows[(len(rows) - 1) // 2] + 1 if rows else ends[0] if ends else len(answer)
    return answer[:middle], answer[middle:]


def changed_row(session: Session) -> Message:
    """The first open row of the first account, of which there is one more; or a new one."""
    book = session.gateway.books[0]
    row = next(_open_rows(book), stock(265598, "AAPL", "NASDAQ", "0", 187.4437012))
    more = Decimal(row.quantity) + 1 or Decimal(2)  # never a closed one
    return session.speech.position(book.account, replace(row, quantity=f"{more:f}"))


def _open_rows(book: Book) -> Iterator[Position]:
    return (row for row in book.positions if row.is_open)
