"""The gateway's process runs and its port refuses; trying again only makes the pause longer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.faults.not_listening import NotListening
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class Throttled(NotListening):
    """Pauses logins, after several that failed."""

    login: ClassVar[str] = "throttled"


FAULT = Declared(
    Throttled,
    "runs, does not listen: logins paused after failures",
    Group.LOGIN,
)
