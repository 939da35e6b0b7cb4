"""The gateway's process runs and its port refuses; nobody confirmed the login in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.faults.not_listening import NotListening
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class SecondFactorExpired(NotListening):
    """The second factor was not given in time."""

    login: ClassVar[str] = "second-factor-expired"


FAULT = Declared(
    SecondFactorExpired,
    "runs, does not listen: the second factor timed out",
    Group.LOGIN,
)
