"""The gateway's process runs and its port refuses; the login was rejected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.faults.not_listening import NotListening
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class WrongPassword(NotListening):
    """The password is wrong."""

    login: ClassVar[str] = "rejected"


FAULT = Declared(
    WrongPassword,
    "runs, does not listen: the password is wrong",
    Group.LOGIN,
)
