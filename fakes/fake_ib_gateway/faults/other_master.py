"""Everything is answered, but the settings name another client as the master."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fake_ib_gateway.answering.login import ApiSettings
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class OtherMaster(Fault):
    """Its master client id is another one than the client's."""

    client_id: int = 99

    def settings(self, settings: ApiSettings) -> ApiSettings:
        return replace(settings, master_client_id=self.client_id)


FAULT = Declared(
    OtherMaster,
    "has another master client id (99)",
    Group.SETTINGS,
    Argument("ID", int, highest=2**31 - 2),
)
