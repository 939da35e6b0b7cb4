"""The same accounts, named twice in two orders; nothing else has changed."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import ANOTHER_ACCOUNT, END, AtPositions
from fake_ib_gateway.faults.shared.bursts import before_first
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Books
from fake_ib_gateway.world.book import Book


@dataclass(frozen=True)
class AccountsReordered(AtPositions):
    """Names its accounts, at least two, in another order before the positions' end."""

    rank = -1

    def books(self, books: Books) -> Books:
        return books if len(books) > 1 else (*books, Book(ANOTHER_ACCOUNT, ()))

    def answer(self, answer: Burst, session: Session) -> Burst:
        names = [book.account for book in reversed(session.gateway.books)]
        again = session.speech.managed_accounts("".join(f"{name}," for name in names))
        return before_first((END,), [again], answer)


FAULT = Declared(
    AccountsReordered,
    "names its accounts in another order before positionEnd",
    Group.POSITIONS,
)
