"""A client waits for an answer that never comes; the gateway's own log says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.silent import Silent


@dataclass(frozen=True)
class AuthenticationFailed(Silent):
    """Silent, since nobody is logged in; its log says so."""

    login: ClassVar[str] = "rejected"


FAULT = Declared(
    AuthenticationFailed,
    "silent; its log says that the login failed",
    Group.LOGIN,
)
