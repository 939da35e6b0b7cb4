"""A login with more accounts than a gateway sends positions for: a request is never answered."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.at_positions import END, ROW, AtPositions
from fake_ib_gateway.faults.shared.bursts import without
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Books
from fake_ib_gateway.protocol.errors import Error
from fake_ib_gateway.world.book import Book


@dataclass(frozen=True)
class Advisor(AtPositions):
    """An advisor's login with more accounts than it sends positions for: no answer, or an error."""

    accounts: int = 60
    refusal: Error | None = None

    def books(self, books: Books) -> Books:
        """The first stays the first; the others hold nothing."""
        names = ["F1000001", *(f"U{50_000_000 + number}" for number in range(self.accounts))]
        return (*books, *(Book(name, ()) for name in names))[: max(len(books), self.accounts)]

    def answer(self, answer: Burst, session: Session) -> Burst:
        said = [session.speech.error(self.refusal)] if self.refusal else []
        return [*said, *without((ROW, END), answer)]


FAULT = Declared(
    Advisor,
    "advisor with many accounts (60): no positions",
    Group.POSITIONS,
    Argument("ACCOUNTS", int, lowest=1, highest=10_000),
)
