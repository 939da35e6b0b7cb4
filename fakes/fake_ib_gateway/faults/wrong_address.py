"""The port refuses every connection: the gateway listens on another address of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.faults.down import Down
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class WrongAddress(Down):
    """Listens on its port, but at another address of this machine, whatever that has."""

    other_addresses: ClassVar[tuple[str, ...]] = ("::1", "127.0.0.2", "127.0.0.1")


FAULT = Declared(
    WrongAddress,
    "listens on another address, such as ::1 or 127.0.0.2",
    Group.PORT,
)
