"""How a module declares its fault: what makes it, how lists describe it, what it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, auto

from fake_ib_gateway.faults.shared.fault import Fault

HIGHEST_CODE = 99_999
MOST = 1_000_000
"""The highest number a fault takes: seconds, bytes or a count."""


class Group(IntEnum):
    """Which part of a gateway is at fault, in the order of lists."""

    NONE = auto()
    PORT = auto()
    LOGIN = auto()
    HANDSHAKE = auto()
    SETTINGS = auto()
    WIRE = auto()
    LINK = auto()
    POSITIONS = auto()


class NotAllowed(ValueError):
    """The value is not allowed; the text says what is."""


@dataclass(frozen=True)
class Argument:
    """What a fault takes behind `=`."""

    name: str
    kind: type[int] | type[float] | type[str] = str
    lowest: int = 0
    highest: int = MOST

    def read(self, text: str) -> int | float | str:
        """Raises NotAllowed."""
        try:
            value = self.kind(text)
        except ValueError:
            raise NotAllowed(self.allowed) from None
        if text == "" or not (isinstance(value, str) or self.lowest <= value <= self.highest):
            raise NotAllowed(self.allowed)
        return value

    @property
    def allowed(self) -> str:
        return "text" if self.kind is str else f"a number from {self.lowest} to {self.highest}"


@dataclass(frozen=True)
class Declared:
    """A fault in its module: `make` is its class or a function, `summary` one line."""

    make: Callable[..., Fault]
    summary: str
    group: Group
    takes: Argument | None = None
