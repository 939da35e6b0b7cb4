"""A login with more accounts than a gateway sends positions for: error 321 says so."""

from __future__ import annotations

from fake_ib_gateway.faults.advisor import Advisor
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.protocol import errors


def _of(accounts: int = 60) -> Advisor:
    return Advisor(accounts, errors.TOO_MANY_ACCOUNTS)


FAULT = Declared(
    _of,
    "advisor with many accounts (60): error 321",
    Group.POSITIONS,
    Argument("ACCOUNTS", int, lowest=1, highest=10_000),
)
