"""Positions arrive, but for another account than the expected one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Books, Fault


@dataclass(frozen=True)
class WrongAccount(Fault):
    """Is logged in to another account."""

    account: str = "U99999999"

    def books(self, books: Books) -> Books:
        return (replace(books[0], account=self.account), *books[1:])


FAULT = Declared(
    WrongAccount,
    "is logged in to another account (U99999999)",
    Group.SETTINGS,
    Argument("ACCOUNT"),
)
