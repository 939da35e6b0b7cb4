"""Error 321 for every request that might write, including one for the next order id."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fake_ib_gateway.answering.login import ApiSettings
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class ReadOnly(Fault):
    """The Read-Only API is on: every request that might write is answered with error 321."""

    def settings(self, settings: ApiSettings) -> ApiSettings:
        return replace(settings, read_only=True)


FAULT = Declared(ReadOnly, "Read-Only API is on: sends error 321", Group.SETTINGS)
