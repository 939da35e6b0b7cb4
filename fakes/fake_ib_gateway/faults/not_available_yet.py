"""Notice 2151 and the end of the positions: an account that looks empty, and is not."""

from __future__ import annotations

from functools import partial

from fake_ib_gateway.faults.not_available import NotAvailable
from fake_ib_gateway.faults.shared.declared import Declared, Group

FAULT = Declared(
    partial(NotAvailable, ends=True),
    "answers positions with 2151 and positionEnd, no rows",
    Group.POSITIONS,
)
