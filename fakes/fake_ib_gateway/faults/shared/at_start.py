"""What faults of a session's start share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.faults.shared.fault import Answering

START = ("managedAccounts", "nextValidId")
"""What every session begins with."""


@dataclass(frozen=True)
class AtStart(Answering):
    """Changes what is said to START_API."""

    request: ClassVar[str] = "START_API"
