"""All positions and their end arrive, and in the next moment the connection is gone."""

from __future__ import annotations

from functools import partial

from fake_ib_gateway.faults.drops import Drops
from fake_ib_gateway.faults.shared.declared import Declared, Group

FAULT = Declared(partial(Drops, part=1), "closes right after positionEnd", Group.POSITIONS)
