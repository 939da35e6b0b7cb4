"""The gateway's process runs and its port refuses; its login window waits for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.faults.not_listening import NotListening
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class NotLoggedIn(NotListening):
    """Nobody has begun to log in."""

    login: ClassVar[str] = "not-begun"


FAULT = Declared(
    NotLoggedIn,
    "runs, does not listen: nobody has started to log in",
    Group.LOGIN,
)
