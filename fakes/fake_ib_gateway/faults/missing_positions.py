"""All goes well, but fewer positions arrive than the account holds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Books, Fault


@dataclass(frozen=True)
class MissingPositions(Fault):
    """The last positions are gone."""

    missing: int = 1

    def books(self, books: Books) -> Books:
        held = books[0].positions
        return (replace(books[0], positions=held[: max(0, len(held) - self.missing)]), *books[1:])


FAULT = Declared(
    MissingPositions,
    "leaves out the last positions (1)",
    Group.POSITIONS,
    Argument("COUNT", int),
)
