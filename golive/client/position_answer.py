"""The answer about the positions, as its rows come; and what comes behind its end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from golive.client.answers import MOST_ROWS, Contract, Position, contract_of

MOST_CONTRADICTIONS = 100
KEPT_OF_A_FLOOD = 10
LOOK_EVERY = 16
"""Rows: so often the bounds are looked at."""
MOST_BYTES = 128 * 1024 * 1024
"""Between the first row and the last: ten times what so many real rows take."""


class TooManyRows(Exception):
    """More rows than any book has."""


class PositionAnswer:
    """One answer: its rows, and behind its end those that differ from them.

    `received` is how many bytes have come over the connection.
    """

    def __init__(self, received: Callable[[], int] = lambda: 0) -> None:
        self._received, self._begun = received, received()
        self.rows: dict[Contract, Position] = {}
        self.has_ended = False
        self.is_flood = False
        self.contradictions: list[tuple[Position, Position]] = []
        self.behind: dict[Contract, Position] = {}

    def add(self, row: Position) -> None:
        """A row has come. Raises TooManyRows where there are too many; a few are kept then."""
        contract = contract_of(row)
        earlier = self.rows.get(contract)
        if self.has_ended:
            self._add_behind(contract, row, earlier)
        elif earlier is None:
            self.rows[contract] = row
            if len(self.rows) % LOOK_EVERY == 0:
                self._refuse_a_flood(self.rows)
        elif not is_same(earlier, row) and len(self.contradictions) < MOST_CONTRADICTIONS:
            self.contradictions.append((earlier, row))

    def _add_behind(self, contract: Contract, row: Position, earlier: Position | None) -> None:
        """The last word about it; but a change is not undone by the row that takes it back."""
        kept = self.behind.get(contract)
        if kept is None:
            is_told = earlier is None or not is_same(earlier, row)
        else:
            is_told = _changes(row, earlier) or not _changes(kept, earlier)
        if is_told:
            self.behind[contract] = row
            self._refuse_a_flood(self.behind)

    def _refuse_a_flood(self, rows: dict[Contract, Position]) -> None:
        """Raises TooManyRows, having kept a few of them."""
        is_long = self._received() - self._begun > MOST_BYTES
        if not is_long and len(rows) <= MOST_ROWS:
            return
        for contract in list(islice(rows, KEPT_OF_A_FLOOD, None)):
            del rows[contract]
        self.is_flood = True
        most = f"{MOST_BYTES >> 20} MiB of positions" if is_long else f"{MOST_ROWS:,} rows"
        raise TooManyRows(f"more than {most} arrived")


def _changes(row: Position, earlier: Position | None) -> bool:
    """Whether it tells another quantity than the answer; what that did not tell is not held."""
    return row.quantity is None or row.quantity != (earlier.quantity if earlier else 0)


def is_same(one: Position, other: Position) -> bool:
    """Whether two rows say the same; a cost that is no number is the same as another one."""
    return one == other or repr(one) == repr(other)
