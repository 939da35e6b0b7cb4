"""A port that was clean shows zombies after a while, although nobody has left."""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.zombies import Zombies


@dataclass(frozen=True)
class LateZombies(Zombies):
    """CLOSE_WAIT sockets appear while it runs."""

    zombies: int = 3
    zombies_after: float = 1.0


def _after(seconds: float = 1.0) -> LateZombies:
    return LateZombies(zombies_after=seconds)


FAULT = Declared(
    _after,
    "CLOSE_WAIT sockets appear later (after 1 s)",
    Group.PORT,
    Argument("SECONDS", float),
)
