"""What is known of the connection at one moment. Silence never counts as healthy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from golive.client.answers import Positions
    from golive.client.messages import ApiError
    from golive.client.notices import Notice

Condition = Literal[
    "starting", "connected", "half-open", "connectivity-lost", "disconnected", "stopped"
]
"""`half-open`: it does not answer, its socket stays open. `connectivity-lost`: it has lost its link
to IBKR. `disconnected`: there is no connection; whether one will be tried, `not_before` says."""

LATE_SECONDS = 2.0
"""Silence must be noticed no later than this after the heartbeat's interval."""


@dataclass(frozen=True, slots=True)
class State:
    """A snapshot. Moments `..._at` are of the monotonic clock, in seconds, as `made_at` is."""

    made: datetime
    made_at: float
    host: str
    port: int
    kind: str
    client_id: int
    expected_account: str
    expected_positions: int
    heartbeat_seconds: float
    condition: Condition = "starting"
    since: datetime | None = None
    code: str = ""
    """The diagnosis of what is wrong; "" if nothing is known to be wrong."""
    cause: str = ""
    next_steps: tuple[str, ...] = ()
    said: ApiError | None = None
    """The gateway's message, if that is what is wrong."""
    not_before: datetime | None = None
    smoke: Literal["GO", "NO-GO"] | None = None
    """The verdict of the last smoke test; None before it has ended."""
    handshake_ms: float | None = None
    server_version: int | None = None
    heartbeats: int = 0
    answers: int = 0
    answer_ms: float | None = None
    """How long the last heartbeat's answer took."""
    answered_at: float | None = None
    """When the gateway last answered what it was asked."""
    positions: Positions | None = None
    positions_at: float | None = None
    zombies: int | None = None
    """CLOSE_WAIT sockets on the port; None if not observed."""
    zombies_at: float | None = None
    may_be_blind: bool = False
    """Whether the settings allow that sockets cannot be seen."""
    reconnects: int = 0
    farms: Mapping[str, bool] = field(default_factory=dict)
    """The data farms that were told of, and whether they are connected."""
    notices: tuple[Notice, ...] = ()
    """Unusual messages of the gateway: the first and the last ones, newest last."""
    notices_left_out: int = 0
    """How many others there were."""
    messages: Mapping[str, int] = field(default_factory=dict)
    """How many the gateway has sent of each class."""

    def trouble(self, now: float) -> str:
        """The code of why this is not ready at `now` (monotonic); "" where it is."""
        if self.code:
            return self.code
        if self.condition != "connected":
            return self.condition
        if not self.is_fresh(now):
            return "half-open"
        if self.zombies or (self.zombies is None and not self.may_be_blind):
            return "zombies" if self.zombies else "not-observable"
        told = self.positions
        if told is None or not told.is_complete or told.unreadable:
            return "positions-incomplete"
        return ""

    def is_fresh(self, now: float) -> bool:
        """Whether the gateway has answered within the heartbeat's interval, and what it allows."""
        if self.answered_at is None:
            return False
        return now - self.answered_at <= self.heartbeat_seconds + LATE_SECONDS
