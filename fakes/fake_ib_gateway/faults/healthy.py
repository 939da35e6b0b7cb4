"""A client connects, hears its accounts and its positions, and leaves. Nothing is wrong."""

from __future__ import annotations

from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault

FAULT = Declared(Fault, "works as it should", Group.NONE)
