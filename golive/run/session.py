"""The one connection, opened by the rules: the pre-flight, one attempt, and what both must show.

The smoke test closes it at once; the Monitor and the MCP server keep it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from golive.client.answers import Access, Event, Handshake
from golive.client.identity import Identity, read_identity
from golive.diagnosis import diagnose, seen_on_disk
from golive.diagnosis.diagnose import Next
from golive.diagnosis.seen import Seen
from golive.discipline import settings_copies
from golive.discipline.attempts import AttemptRefused
from golive.discipline.earlier_attempts import Aim, Memory, NoMemory, state_folder
from golive.evidence import weakened
from golive.evidence.record import Diagnosis
from golive.kit.clock import SYSTEM, Clock
from golive.machine import reset_windows, sockets, stale_clients
from golive.machine.api_settings import NOT_ASKED
from golive.machine.gateway import Gateway
from golive.machine.listener import Listener
from golive.machine.on_disk import gateway_files, reading
from golive.machine.sockets import SocketTable
from golive.run import preflight, session_checks
from golive.settings.model import Settings
from golive.settings.secrets_json import SettingsError, SettingsFile

if TYPE_CHECKING:
    from golive.client.connection import Connection

Write = Callable[[str], None]


class Exit(IntEnum):
    """The exit codes of the written procedure, and three of ours."""

    SUCCESS = 0
    NOT_CONNECTED = 1
    NO_HANDSHAKE = 2
    REFUSED = 3
    SETTINGS = 4
    LOST = 5


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no connection, or none to rely on.

    `step` is the first that does not hold, `why` says it in one line, `found` what to do about it.
    """

    exit: Exit
    step: str
    why: str
    found: Diagnosis

    @property
    def is_down(self) -> bool:
        """Whether nothing listens, and nothing was tried therefore."""
        is_elsewhere = self.found.code == "wrong-address"
        is_untried = self.step == "gateway.listening" and self.exit is Exit.NOT_CONNECTED
        return is_untried and not is_elsewhere

    @property
    def headline(self) -> str:
        if self.exit is Exit.REFUSED:
            return f"REFUSED, nothing was connected: {self.why}"
        return f"FAILED: no TCP connection: {self.why}" if self.is_down else f"FAILED: {self.why}"


NOT_BEGUN = (SettingsError, NoMemory)
"""What keeps a command from its work, in one line."""


def begin(
    command: str,
    file: SettingsFile,
    secrets: str | None = None,
    override: str | None = None,
    clock: Clock = SYSTEM,
) -> tuple[Memory, Next]:
    """What one run of a command remembers, with the endpoint's lock, and what to run after it.

    `override` is why the rules about earlier attempts may pass, if they may; `secrets` is the file
    as it was named on the command line, if it was. Raises NoMemory.
    """
    name = command.rpartition(" ")[2]
    run = f"{clock.now():%Y%m%dT%H%M%SZ}-{name}"
    memory = Memory(state_folder(), Aim.of(file), run, override, clock)
    settings_copies.sweep()
    return memory, next_after(command, file, secrets)


def next_after(command: str, file: SettingsFile, secrets: str | None = None) -> Next:
    """What to run after a command that was aimed where these settings are."""
    on_fallback = file.written is not None
    is_there = on_fallback or Aim.of(file).is_at_the_fallback
    return Next.after(command, secrets, on_fallback, is_there, file.path.name)


class Session:
    """One connection: `check`, then `open`, then `close`. None of them tries anything twice."""

    def __init__(
        self,
        file: SettingsFile,
        memory: Memory,
        run_next: Next,
        write: Write,
        clock: Clock = SYSTEM,
        listen: Callable[[Event], None] = lambda event: None,
    ) -> None:
        """`write` gets lines about what is waited for or cannot be seen, `listen` the events."""
        self.file, self.memory = file, memory
        self.connection: Connection | None = None
        self.access: Access | None = None
        self.identity = Identity(NOT_ASKED)
        self._next, self._write, self._clock, self._listen = run_next, write, clock, listen
        credentials = file.settings.credentials
        self.gateway = Gateway(credentials.port, SocketTable(credentials.host), clock)
        memory.attempts.gateway_started = self.gateway.started
        memory.attempts.address = self.gateway.address
        memory.attempts.zombies = lambda: preflight.zombies_now(file, self.gateway)
        self._before: Seen | None = None
        self._listener: Listener | None = None

    @property
    def settings(self) -> Settings:
        return self.file.settings

    @property
    def handshake(self) -> Handshake | None:
        """How far it came; None before it was tried."""
        return self.connection.handshake if self.connection else None

    def announce(self) -> None:
        """Writes what must be said before anything is checked."""
        memory = self.memory
        if memory.reason is not None:
            self._write(f"OVERRIDE: {memory.reason}")
        if damaged := len(memory.reading.damaged):
            self._write(f"Note: damaged lines in the journal of attempts, ignored: {damaged}")
        for each in weakened.of_opening(self.settings.shown):
            self._write(f"Weakened: {each}")
        for each in reset_windows.told(self._clock.now()):
            self._write(each)

    def check(self) -> Trouble | None:
        """The pre-flight: what forbids an attempt. Nothing is connected.

        Waits while the gateway is initializing. Raises sockets.NotObservable, and
        attempts.AttemptRefused where no attempt may be made any more.
        """
        gateway = self.gateway
        self.memory.attempts.refuse_forbidden()
        for step, why in preflight.objections(
            self.file, gateway, self.memory, self._write, self._clock
        ):
            others = tuple(stale_clients.find(gateway, self.settings))
            return self._refusal(step, why, replace(self._seen(step), others=others))
        if preflight.nothing_listens(self.file, gateway):
            step, why = "gateway.listening", f"nothing listens on port {gateway.number}"
            trouble = self._refusal(step, why, self._seen(step))
            if trouble.found.code == "wrong-address":
                trouble = replace(trouble, why=trouble.found.cause)
            return replace(trouble, exit=Exit.NOT_CONNECTED)
        return None

    def open(self) -> Trouble | None:
        """Makes the one attempt. Afterwards the connection is open, or the trouble says why not.

        If it returns trouble, or raises, the connection is closed. Raises
        attempts.AttemptRefused before anything is connected, and sockets.NotObservable if what a
        failed attempt left behind cannot be observed.
        """
        self._before = self._seen("handshake.connect-ack")
        self._listener = sockets.if_observable(lambda: self.gateway.listener)
        connection = self.connection = self._connection()
        try:
            made = self._opened(connection, self._before)
        except BaseException:
            connection.close()
            raise
        if all(made.values()):
            return None
        return self._first_of(made | self._left_behind(connection))

    def close(self) -> Trouble | None:
        """Closes the connection, if there is one, and reports what that leaves behind.

        Raises sockets.NotObservable, once it is closed.
        """
        if self.connection is None:
            return None
        return self._first_of(self._left_behind(self.connection))

    @property
    def weakened(self) -> list[str]:
        """What was checked less strictly than the written procedure requires, one line each."""
        may_be = self.settings.golive.allow_unobserved_sockets
        is_blind = may_be and sockets.if_observable(lambda: self.gateway.listeners) is None
        overrides = self.memory.overrides
        return weakened.of_opening(self.settings.shown, overrides, unobserved=is_blind)

    def keep(self) -> None:
        """Keeps the connection. Its outcome is recorded once it has ended."""
        self._tell_overrides()
        self.memory.attempts.keep()

    def _tell_overrides(self) -> None:
        for each in self.memory.overrides:
            self._write(f"OVERRIDDEN: {each.step}: {each.found} ({each.reason})")

    def remember(self, outcome: str) -> None:
        """Records the outcome for later runs. A failure to record it changes no result."""
        self._tell_overrides()
        try:
            self.memory.end(outcome, self.gateway.as_far_as_told(self.gateway.port_if_seen))
        except OSError as error:
            self._write(f"Note: the outcome of the attempt cannot be recorded: {error}")

    def diagnosed(self, step: str, **more: Any) -> Diagnosis:
        """From what has been seen up to now, and `more` fields of Seen, to the cause."""
        return diagnose.diagnose(self._seen_now(step, more), self._next)

    def explained(self, code: str, **more: Any) -> Diagnosis:
        """The same, where the code of the diagnosis is known already."""
        seen = self._seen_now("afterwards.closed-cleanly", more)
        return diagnose.explained(code, seen, self._next)

    def _seen_now(self, step: str, more: dict[str, Any]) -> Seen:
        seen = replace(
            self._before or self._seen(step),
            failed=step,
            now=self._clock.now(),
            after=self.gateway.port_if_seen,
            unremembered=self.memory.attempts.unremembered,
            forbidden=self.memory.attempts.not_made,
            first_failure=self.memory.first_failure,
            handshake=self.handshake,
            access=self.access,
            api_settings=self.identity.told,
        )
        if self.memory.attempts.made:
            seen = replace(seen, attempted=self.memory.attempts.made[0].begun)
        if connection := self.connection:
            seen = replace(
                seen,
                own_address=connection.own_address,
                against=connection.against,
                behind=connection.behind() if connection.closing else None,
            )
        return seen_on_disk.added_to(replace(seen, **more))

    def unobservable(self, error: AttemptRefused | sockets.NotObservable) -> Trouble:
        """The trouble that `check`, `open` and `close` raise, for who wants it told as the rest."""
        made = bool(self.memory.attempts.made)
        step = "afterwards.no-zombies" if made else "gateway.no-other-client"
        unobserved = str(error) if isinstance(error, sockets.NotObservable) else ""
        found = self.diagnosed(
            step if unobserved else "handshake.one-attempt", unobserved=unobserved
        )
        return Trouble(Exit.NO_HANDSHAKE if made else Exit.REFUSED, step, str(error), found)

    def _refusal(self, step: str, why: str, seen: Seen) -> Trouble:
        found = diagnose.diagnose(seen_on_disk.added_to(seen), self._next)
        return Trouble(Exit.REFUSED, step, why, found)

    def _first_of(self, made: dict[str, bool]) -> Trouble | None:
        """The trouble with the first claim that does not hold."""
        failed = next((step for step, holds in made.items() if not holds), None)
        if failed is None:
            return None
        assert self.handshake
        assert self.access
        against = self.connection.against if self.connection else None
        said = str(against) if against else ""
        behind = self.connection.behind().reason if self.connection else ""
        why = self.handshake.reason or self.access.reason or said or behind or failed
        is_connected = self.handshake.stopped != "refused"
        exit_code = Exit.NO_HANDSHAKE if is_connected else Exit.NOT_CONNECTED
        return Trouble(exit_code, failed, why, self.diagnosed(failed))

    def _connection(self) -> Connection:
        from golive.client.connection import Connection  # not before the client has been looked at

        to, attempts = self.settings.credentials, self.memory.attempts
        return Connection(to.host, to.port, to.client_id, attempts, self._clock, self._listen)

    def _opened(self, connection: Connection, before: Seen) -> dict[str, bool]:
        """The claims about the handshake, and about the gateway's own settings."""
        seconds = self.settings.golive.handshake_timeout_seconds
        handshake = connection.open(seconds)
        self.gateway.watch_it_dial(before.before)
        access = self.access = connection.access(seconds)
        over_api = connection.api_settings(seconds) if access.is_granted else NOT_ASKED
        self.identity = read_identity(over_api, gateway_files.find(self.settings))
        made = session_checks.of_handshake(
            handshake, access, connection.against, over_api, self.settings
        )
        if not access.is_granted:
            return made
        listener, now = before.listener, self._clock.now()
        for each in reading.denials(self.settings, now, listener, before.before):
            self._write(f"Note: {each}")
        pinned = self.settings.golive.pinned_client_id
        address = connection.own_address
        return made | session_checks.of_identity(self.identity, pinned, address, self._write)

    def _left_behind(self, connection: Connection) -> dict[str, bool]:
        """Closes it. Raises sockets.NotObservable."""
        closing, behind = connection.close(), connection.behind()
        is_clean = closing.is_clean and behind.against is None and not behind.reason
        return session_checks.of_closing(self.file, self.gateway, self._listener, is_clean)

    def _seen(self, step: str) -> Seen:
        """What is seen before the attempt."""
        return Seen(
            step,
            self.settings,
            self.gateway.port_if_seen,
            self._clock.now(),
            first_failure=self.memory.first_failure,
            discipline=self.memory.discipline,
            other_run=self.memory.other_run,
            listener=self.gateway.process_if_seen(),
            other_listeners=self.gateway.other_listeners,
        )
