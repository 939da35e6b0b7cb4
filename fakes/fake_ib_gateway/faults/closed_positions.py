"""More rows arrive than there are positions; whoever counts rows counts too many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Books, Fault
from fake_ib_gateway.world.book import Book, Position


@dataclass(frozen=True)
class ClosedPositions(Fault):
    """Zero-quantity rows stand between the open ones."""

    every: int = 3

    def books(self, books: Books) -> Books:
        return tuple(replace(book, positions=tuple(self._rows(book))) for book in books)

    def _rows(self, book: Book) -> Iterator[Position]:
        for number, row in enumerate(book.positions):
            if number % self.every == 0:
                other = replace(row.contract, con_id=row.contract.con_id + 1)
                yield replace(row.closed(), contract=other)
            yield row


FAULT = Declared(
    ClosedPositions,
    "mixes in rows with quantity zero (one in 3)",
    Group.POSITIONS,
    Argument("EVERY", int, lowest=1),
)
