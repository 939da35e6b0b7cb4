"""What a run has seen so far, and None for what it has not. Steps and fixtures fill it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from golive.evidence.record import Soak
from golive.machine.api_settings import NOT_ASKED, ApiSettings
from golive.machine.gateway import Uptime
from golive.machine.sockets import Port

if TYPE_CHECKING:
    from golive.client.answers import Access, Behind, Handshake, Positions
    from golive.client.connection import Connection
    from golive.client.messages import ApiError
    from golive.machine.stale_clients import StaleClient


@dataclass(slots=True)
class Observed:
    """`before` and `after` are the port before the first step and after the last."""

    before: Port | None
    after: Port | None = None
    api_version: str | None = None
    uptime: Uptime | None = None
    connection: Connection | None = None
    """The single one of the run, from its opening to its end and beyond."""
    access: Access | None = None
    api_settings: ApiSettings = NOT_ASKED
    positions: Positions | None = None
    behind: Behind | None = None
    """What came behind the end of the positions that were asked for last."""
    soak: Soak | None = None
    positions_after: Positions | None = None
    """Those that were asked for again, at the end of a soak."""
    others: Sequence[StaleClient] = ()
    left_by: str = ""
    """Which program that was tried has left one of them behind, in words."""
    noted: list[str] = field(default_factory=list)
    """What stands in no step's way, and whoever signs must read all the same."""

    @property
    def handshake(self) -> Handshake | None:
        return self.connection.handshake if self.connection else None

    @property
    def against(self) -> ApiError | None:
        """What the gateway said that stands in the way."""
        at_last = self.connection.against if self.connection else None
        return at_last or (self.behind.against if self.behind else None)

    @property
    def latest_positions(self) -> Positions:
        """Those that were asked for last; none where none were."""
        from golive.client.answers import Positions

        return self.positions_after or self.positions or Positions()

    def heard_to_the_end(self) -> Behind:
        """What came behind the positions, up to the close of the connection."""
        assert self.connection is not None
        self.behind = self.connection.behind(self.behind.reason if self.behind else "")
        return self.behind

    def note(self, what: str) -> None:
        """Keeps what whoever signs must read, though it stands in no step's way; once."""
        if what not in self.noted:
            self.noted.append(what)
