"""Everything is answered, although its settings trust only another address."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fake_ib_gateway.answering.login import ApiSettings
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class Untrusted(Fault):
    """Trusts only this address. A client from another one was let in by hand."""

    address: str = "192.0.2.7"
    """Of a network that is for examples."""

    def settings(self, settings: ApiSettings) -> ApiSettings:
        return replace(settings, trusted_ips=(self.address,))


FAULT = Declared(
    Untrusted,
    "trusts only another IP (192.0.2.7), serves all",
    Group.SETTINGS,
    Argument("ADDRESS"),
)
