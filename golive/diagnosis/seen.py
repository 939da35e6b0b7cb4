"""Everything that a diagnosis may use. What the run did not observe is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from golive.client.answers import Access, Behind, Handshake, Positions
from golive.client.messages import ApiError
from golive.discipline.one_run import Holder
from golive.discipline.rules import Discipline
from golive.evidence.record import Soak
from golive.machine.api_settings import NOT_ASKED, ApiSettings
from golive.machine.gateway import Uptime
from golive.machine.on_disk.gateway_logs import GatewayLogs
from golive.machine.on_disk.logins import Login
from golive.machine.processes import Process
from golive.machine.running_gateways import RunningGateway
from golive.machine.sockets import Port
from golive.machine.stale_clients import StaleClient
from golive.procedure import steps
from golive.settings.model import Settings

STOPPED = {
    "refused": "refused",
    "closed-at-once": "closed at once",
    "no-byte": "no byte",
    "protocol-error": "no frame of the protocol",
    "version-only": "version only",
    "closed-after-start": "closed after startApi",
    "client-id-in-use": "error 326",
    "no-next-valid-id": "accounts without nextValidId",
    "no-managed-accounts": "nextValidId without accounts",
    "interrupted": "interrupted",
}
"""Where a handshake can stop, in words."""


LEAST_UPTIME = 60.0
"""The least that the written procedure has a gateway be up, whatever the settings say."""

FRESH = timedelta(minutes=10)
"""The oldest that a log may be to tell of a gateway that is not seen. Before its login a gateway
writes a line every few minutes (ib-gateway-mcp)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything a diagnosis may build on. `now` is when it is made."""

    failed: str
    """The id of the first step that did not pass."""
    settings: Settings
    before: Port | None
    """None where the socket table cannot be read."""
    now: datetime
    after: Port | None = None
    unobserved: str = ""
    """Why the step could not be looked at, where that is why it did not pass."""
    attempted: datetime | None = None
    """When the one attempt was begun."""
    unremembered: str = ""
    """Why it could not be remembered, and was not made therefore."""
    forbidden: str = ""
    """What ruled it out at the last moment, so that it was not made."""
    first_failure: datetime | None = None
    """When the first attempt of the present series of failures was begun, as remembered."""
    discipline: Discipline | None = None
    """The rules about earlier attempts, as they were when the run began."""
    other_run: Holder | None = None
    """Who has the endpoint, where another run does."""
    listener: Process | None = None
    uptime: Uptime | None = None
    least_uptime: float = LEAST_UPTIME
    """Seconds below which a gateway that does not answer may only be too young."""
    handshake: Handshake | None = None
    access: Access | None = None
    own_address: str = ""
    """The one we connected from; "" where no connection was made."""
    api_settings: ApiSettings = NOT_ASKED
    """The gateway's own, as far as they were told."""
    positions: Positions | None = None
    behind: Behind | None = None
    """What came after the end of the positions, up to the close if there was one."""
    against: ApiError | None = None
    """What the gateway said that stands in the way."""
    soak: Soak | None = None
    """How long the connection was held, and how that ended."""
    program: Mapping[str, Any] = field(default_factory=dict)
    """What the step saw of the Monitor or the MCP server, if it was about one, as plain data."""
    others: tuple[StaleClient, ...] = ()
    """Which client programs were there that must not be."""
    left_by: str = ""
    """Which program that was tried has opened a connection that is there at the end, in words."""
    other_listeners: tuple[int, ...] = ()
    """Which of the four known ports listen, besides the configured one."""
    logs: GatewayLogs | None = None
    is_rehearsal: bool = False
    running: tuple[RunningGateway, ...] = ()
    """The gateways that run although nothing listens, the youngest first; some may be none."""
    settings_folders: tuple[PurePath, ...] = ()
    """Where the gateway keeps its users' settings, the last used first."""
    resets: Sequence[str] = ()
    """Whether the run falls in one of IBKR's reset windows, in words."""

    @property
    def waiting(self) -> RunningGateway | None:
        """The gateway that runs although nothing listens, if that is certain."""
        return next((each for each in self.running if each.is_sure), None)

    @property
    def login(self) -> Login | None:
        """How far the present gateway's login has come.

        Where no process of it is seen, it may all the same be there, unseen: what its log said a
        moment ago counts.
        """
        found = self.logs.login if self.logs else None
        if found is None or self.waiting or (self.listener and not self.is_shut):
            return found
        return found if self.now - found.heard < FRESH else None

    @property
    def is_shut(self) -> bool:
        """Whether nothing listens on the port."""
        return self.failed == "gateway.listening" or (
            self.stopped == "refused" and self.failed_in("handshake")
        )

    @property
    def does_not_answer(self) -> bool:
        """Whether nobody is let in: connections wait, or hello or startApi was met with silence.

        A log that has an entry for the attempt says that the gateway saw it: then it is let in.
        """
        if self.failed == "gateway.accept-queue":
            return True
        is_silent = self.failed_in("handshake") and self.stopped in ("no-byte", "version-only")
        return is_silent and not self.talks and not (self.logs and self.logs.attempt_seen)

    @property
    def talks(self) -> bool:
        """Whether the gateway sent more than its version in the handshake, whatever it was."""
        return self.handshake is not None and self.handshake.talked

    @property
    def silence_ms(self) -> float:
        """Time from the TCP connect to the version, the gateway's first answer."""
        return self.handshake.silence_ms if self.handshake else 0.0

    @property
    def meant_account(self) -> str:
        """The managed account that the expected one differs from in case or spaces only; or ""."""
        told = self.handshake.accounts if self.handshake else ()
        expected = self.settings.golive.expected_account
        if expected in told:
            return ""
        meant = _bare(expected)
        return next((each for each in told if _bare(each) == meant), "")

    @property
    def stopped(self) -> str | None:
        return self.handshake.stopped if self.handshake else None

    @property
    def stopped_at(self) -> str | None:
        """The stage at which the handshake stopped, in words; None where it came to its end."""
        if self.stopped:
            return f"error {self.trouble}" if self.against else STOPPED[self.stopped]
        if self.failed == "handshake.managed-accounts":
            return "wrong account"
        if self.failed == "handshake.read-only-off" and self.access and self.access.refusal:
            return f"error {self.access.refusal.code}"
        return None

    @property
    def trouble(self) -> int | None:
        """The code of what the gateway said that stands in the way."""
        return self.against.code if self.against else None

    @property
    def was_closed_on(self) -> bool:
        """Whether the gateway closed the connection instead of answering what was asked last."""
        return "closed the connection" in self._reason

    @property
    def was_garbled(self) -> bool:
        """Whether what came instead of an answer could not be understood."""
        return any(each in self._reason for each in ("cannot be decoded", "a frame of"))

    @property
    def _reason(self) -> str:
        """Why what was asked last was not answered."""
        asked = (self.behind, self.positions, self.access)
        return next((each.reason for each in asked if each and each.reason), "")

    @property
    def changed(self) -> bool:
        """Whether rows after the positions' end change the expected account."""
        if self.behind is None or self.positions is None:
            return False
        return bool(self.behind.changes(self.settings.golive.expected_account, self.positions))

    @property
    def zombies(self) -> bool:
        """They may have been there during a soak only."""
        looks = (self.before, self.after)
        return self.held_until == "zombies" or any(port and port.close_wait for port in looks)

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """At which other addresses than Host's the port listens."""
        listening = self.before.elsewhere if self.before else []
        return tuple(dict.fromkeys(each.local_ip for each in listening))

    @property
    def held_until(self) -> str:
        """The code of what ended a soak early; "" where nothing did."""
        return self.soak.code if self.soak else ""

    @property
    def connections(self) -> int:
        """How many the program, or whoever, had to the gateway's port."""
        return max(len(self.program.get(each) or ()) for each in ("clients", "opened"))

    def failed_in(self, stage: str) -> bool:
        return steps.step(self.failed).stage == stage


def _bare(account: str) -> str:
    return "".join(account.split()).casefold()
