"""The gateway's process runs and its port refuses; the login hangs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.faults.not_listening import NotListening
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class LoginUnanswered(NotListening):
    """IBKR does not answer its login."""

    login: ClassVar[str] = "unanswered"


FAULT = Declared(
    LoginUnanswered,
    "runs, does not listen: IBKR does not answer the login",
    Group.LOGIN,
)
