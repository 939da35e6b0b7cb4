"""What happened to a gateway, event by event, and who is told: any number of tellers.

A teller is called with the event's name and what belongs to it. `connected`, `received`, `sent`,
`streamed`, `refused` and `closed` carry the number of the connection, counted from 1. Of a flood of
messages `streamed` tells at its end how many they were; they are not told one by one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

Teller = Callable[..., None]

LONGEST = 200
"""Longer texts, which only a hostile client sends, are cut."""


@dataclass(slots=True)
class Log:
    """JSON lines, each on disk before the next event: `time` (UTC), `event`, and what it carries.

    The fields of what was sent are left out: the message's name says what it was.
    """

    file: TextIO

    def __call__(self, event: str, **what: Any) -> None:
        what.pop("text", None)
        line = {"time": datetime.now(UTC).isoformat(), "event": event, **what}
        self.file.write(json.dumps(line, default=str) + "\n")
        self.file.flush()


def shortened(values: dict[str, str]) -> dict[str, str]:
    """What a client sent, fit for a log."""
    return {
        name: text if len(text) <= LONGEST else text[:LONGEST] + "..."
        for name, text in values.items()
    }
