"""The gateway's process runs and its port refuses; a phone somewhere waits for a confirmation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.faults.not_listening import NotListening
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class SecondFactor(NotListening):
    """Waits for the second factor."""

    login: ClassVar[str] = "second-factor"


FAULT = Declared(
    SecondFactor,
    "runs, does not listen: waits for the second factor",
    Group.LOGIN,
)
