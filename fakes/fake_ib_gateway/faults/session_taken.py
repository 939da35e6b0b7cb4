"""The gateway's process runs and its port refuses; the same user has logged in elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.faults.not_listening import NotListening
from fake_ib_gateway.faults.shared.declared import Declared, Group


@dataclass(frozen=True)
class SessionTaken(NotListening):
    """Another session of the same user took its login."""

    login: ClassVar[str] = "session-taken"


FAULT = Declared(
    SessionTaken,
    "runs, does not listen: another login took the session",
    Group.LOGIN,
)
