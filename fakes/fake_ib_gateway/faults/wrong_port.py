"""The port refuses every connection; a gateway listens on another of the usual four."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.faults.down import Down
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class WrongPort(Down):
    """Listens, but on another of the four ports."""

    other_ports: ClassVar[tuple[int, ...]] = (4002, 7497, 7496, 4001)


FAULT = Declared(
    WrongPort,
    "listens on another of the ports 4001, 4002, 7496, 7497",
    Group.PORT,
)
