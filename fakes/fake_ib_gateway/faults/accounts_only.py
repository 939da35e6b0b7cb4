"""A client hears its accounts and is never told that it may begin."""

from __future__ import annotations

from functools import partial

from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.without import Without

FAULT = Declared(
    partial(Without, "nextValidId"),
    "sends managedAccounts but never nextValidId",
    Group.HANDSHAKE,
)
