"""Every position arrives, but the message that ends them never does."""

from __future__ import annotations

from functools import partial

from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.without import Without

FAULT = Declared(
    partial(Without, "positionEnd"), "sends all positions but never positionEnd", Group.POSITIONS
)
