"""Symbols and an account that would run as a script, colour a terminal or fill a page."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import ClassVar

from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Books, Fault
from fake_ib_gateway.world.book import Book, Position, stock


@dataclass(frozen=True)
class Hostile(Fault):
    """Names are markup, control and bidirectional characters, or 10 kB long."""

    NAMES: ClassVar = (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "\x1b[2J\x1b[31mGO\x07",
        "\u202eOG-ON\u202c\u2066",
        "line\r\nbreak\ttab",
        "=1+1|cmd'!A1",
        "X" * 10_000,
    )

    def books(self, books: Books) -> Books:
        names = itertools.cycle(self.NAMES)
        rows = tuple(self._renamed(row, next(names)) for row in books[0].positions)
        stranger = Book(self.NAMES[0], (stock(1, self.NAMES[1], "NYSE", "1", 1.0),))
        return (replace(books[0], positions=rows), *books[1:], stranger)

    def _renamed(self, row: Position, name: str) -> Position:
        return replace(row, contract=replace(row.contract, symbol=name, local_symbol=name))


FAULT = Declared(
    Hostile,
    "sends names with markup, control characters, 10 kB",
    Group.WIRE,
)
