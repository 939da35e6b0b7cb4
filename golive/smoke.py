"""The standalone handshake test: one attempt, told line by line, and an exit code to act on.

It makes the same connection as the acceptance tests (`golive.connection`) and looks at the same
facts before it; nothing is connected where one of them stands in the way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from golive import (
    diagnosis,
    preflight,
    reset_windows,
    settings_file,
    sockets,
    stale_clients,
)
from golive.advice.seen import Seen
from golive.answers import Access, Event, Handshake
from golive.api_settings import NOT_ASKED, ApiSettings
from golive.attempts import AttemptRefused
from golive.clock import SYSTEM, Clock
from golive.diagnosis import Next
from golive.gateway import Gateway
from golive.identity import Identity, read_identity
from golive.memory.journal import GO
from golive.memory.remembering import Aim, Memory, NoMemory, state_folder
from golive.on_disk import gateway_files, reading
from golive.processes import Process
from golive.settings import Settings
from golive.settings_file import SettingsFile
from golive.sockets import SocketTable
from golive.text import printable

if TYPE_CHECKING:
    from golive.connection import Connection

COMMAND = "python -m golive smoke"

Write = Callable[[str], None]


class Exit(IntEnum):
    """The exit codes of the written procedure, and two of ours."""

    SUCCESS = 0
    NOT_CONNECTED = 1
    NO_HANDSHAKE = 2
    REFUSED = 3
    SETTINGS = 4


def smoke(
    path: Path,
    show: Write,
    clock: Clock = SYSTEM,
    *,
    on_fallback: bool = False,
    override: str | None = None,
    secrets: str | None = None,
) -> Exit:
    """Performs the test with the settings of a file; `show` gets its lines.

    `override` is why the rules about earlier attempts may pass, if they may. `secrets` is the file
    as it was named on the command line, if it was.
    """

    def write(lines: str) -> None:
        for line in lines.split("\n"):
            show(printable(line))  # a gateway's text could repaint the terminal

    try:
        file = settings_file.read(path)
        file = file.on_fallback() if on_fallback else file
        memory = _remembered(file, override, clock)
    except (settings_file.SettingsError, NoMemory) as error:
        write(f"settings: {error}")
        return Exit.SETTINGS
    try:
        on = " on the fallback, TWS paper" if on_fallback else ""
        write(f"golive smoke: IBKR Gateway handshake test{on}")
        is_there = on_fallback or memory.aim.is_at_the_fallback
        secrets_name = file.path.name
        run_next = Next.after(COMMAND, secrets, on_fallback, is_there, secrets_name)
        return _Smoke(file, memory, run_next, write, clock).perform()
    except (AttemptRefused, sockets.NotObservable) as error:
        if memory.attempts.made:
            write(f"\nFAILED: what the attempt left cannot be seen: {error}")
            return Exit.NO_HANDSHAKE
        write(f"\nREFUSED, nothing was connected: {error}")
        return Exit.REFUSED
    finally:
        memory.close()


def _remembered(file: SettingsFile, override: str | None, clock: Clock) -> Memory:
    credentials = file.settings.credentials
    aim = Aim.of(file, credentials.host, credentials.port)
    return Memory(state_folder(), aim, f"{clock.now():%Y%m%dT%H%M%SZ}-smoke", override, clock)


class _Smoke:
    """The test, once."""

    def __init__(
        self, file: SettingsFile, memory: Memory, run_next: Next, write: Write, clock: Clock
    ) -> None:
        self._file, self._settings, self._memory = file, file.settings, memory
        self._next, self._write, self._clock = run_next, write, clock
        credentials = file.settings.credentials
        self._gateway = Gateway(credentials.port, SocketTable(credentials.host), clock)
        memory.attempts.gateway_started = self._gateway.started
        memory.attempts.zombies = lambda: sockets.zombies(self._gateway.port_if_seen)

    def perform(self) -> Exit:
        """Raises AttemptRefused, and sockets.NotObservable, before anything is connected."""
        self._begin()
        gateway, write = self._gateway, self._write
        for step_id, why in preflight.objections(
            self._file, gateway, self._memory, write, self._clock
        ):
            write(f"\nREFUSED, nothing was connected: {why}")
            others = tuple(stale_clients.find(gateway, self._settings))
            self._advise(replace(self._seen(step_id), others=others))
            return Exit.REFUSED
        if preflight.nothing_listens(self._file, gateway):
            write(f"\nFAILED: no TCP connection: nothing listens on port {gateway.number}")
            self._advise(self._seen("gateway.listening"))
            return Exit.NOT_CONNECTED
        outcome = "unfinished"
        try:
            exit_code, outcome = self._attempt()
        finally:
            self._remember(outcome)
        return exit_code

    def _begin(self) -> None:
        memory, credentials = self._memory, self._settings.credentials
        if memory.reason is not None:
            self._write(f"OVERRIDE: {memory.reason}")
        if damaged := len(memory.reading.damaged):
            self._write(f"Note: damaged lines of the journal passed over: {damaged}")
        for each in reset_windows.told(self._clock.now()):
            self._write(each)
        where = f"{credentials.host}:{credentials.port} clientId={credentials.client_id}"
        self._write(f"Attempting: {where}")

    def _attempt(self) -> tuple[Exit, str]:
        """The one attempt, and its outcome. The connection is closed whatever happens."""
        seconds = self._settings.golive.handshake_timeout_seconds
        connection = self._connection(seconds)
        before = self._seen("handshake.connect-ack")
        try:
            handshake = connection.open(seconds)
            self._gateway.watch_it_dial(before.before)
            access = connection.access(seconds)
            over_api = connection.api_settings(seconds) if access.is_granted else NOT_ASKED
        finally:
            connection.close()
        identity = read_identity(over_api, gateway_files.find(self._settings))
        claims = {
            **_handshake_claims(handshake, access, over_api, self._settings),
            **(self._identity_claims(identity, connection) if access.is_granted else {}),
            **self._closing_claims(connection, before.listener),
        }
        failed = next((step_id for step_id, holds in claims.items() if not holds), None)
        self._tell_outcome(handshake, handshake.reason or access.reason or failed)
        if failed is None:
            return Exit.SUCCESS, GO
        seen = replace(
            before,
            failed=failed,
            now=self._clock.now(),
            after=self._gateway.port_if_seen,
            attempted=self._memory.attempts.made[0].begun,
            first_failure=self._memory.first_failure,
            handshake=handshake,
            access=access,
            own_address=connection.own_address,
            api_settings=identity.told,
            lost_connectivity=connection.connectivity_lost is not None,
        )
        is_connected = handshake.stopped != "refused"
        return Exit.NO_HANDSHAKE if is_connected else Exit.NOT_CONNECTED, self._advise(seen)

    def _connection(self, seconds: float) -> Connection:
        from golive.connection import Connection  # not before the client has been looked at

        credentials = self._settings.credentials
        return Connection(
            credentials.host,
            credentials.port,
            credentials.client_id,
            self._memory.attempts,
            self._clock,
            lambda event: _tell(event, seconds, self._write),
        )

    def _seen(self, step_id: str) -> Seen:
        """What is seen before the attempt."""
        return Seen(
            step_id,
            self._settings,
            self._gateway.port_if_seen,
            self._clock.now(),
            first_failure=self._memory.first_failure,
            discipline=self._memory.discipline,
            other_run=self._memory.other_run,
            listener=self._gateway.process_if_seen(),
            other_listeners=self._gateway.other_listeners,
        )

    def _identity_claims(self, identity: Identity, connection: Connection) -> dict[str, bool]:
        """The steps about the gateway's own settings. What is not known is said, no obstacle."""

        def holds(claim: Callable[[], bool]) -> bool:
            try:
                return claim()
            except sockets.NotObservable as reason:
                self._write(f"not observable: {reason}")
                return True

        pinned, address = self._settings.golive.pinned_client_id, connection.own_address
        return {
            "handshake.master-client-id": holds(lambda: identity.has_master(pinned)),
            "handshake.trusted-addresses": holds(lambda: identity.trusts(address)),
        }

    def _closing_claims(self, connection: Connection, listener: Process | None) -> dict[str, bool]:
        """The steps after it; `listener` is who listened before."""
        gateway, is_clean = self._gateway, connection.close().is_clean
        after = gateway.port_if_seen
        is_same = after is None or (bool(after.listeners) and gateway.process_if_seen() == listener)
        return {
            "afterwards.closed-cleanly": is_clean and connection.connectivity_lost is None,
            "afterwards.no-zombies": not preflight.seen(self._file, lambda: gateway.zombies),
            "afterwards.still-listening": is_same,
        }

    def _tell_outcome(self, handshake: Handshake, failure: str | None) -> None:
        success = f"SUCCESS in {handshake.complete_ms or 0:.0f}ms"
        self._write(f"\nFAILED: {failure}" if failure else f"\n{success}")
        self._write(f"   connectAck: {handshake.connect_ack}")
        self._write(f"   nextValidId: {handshake.next_valid_id is not None}")

    def _remember(self, outcome: str) -> None:
        """For later runs. What cannot be remembered changes no result."""
        for each in self._memory.overrides:
            self._write(f"OVERRIDDEN: {each.step}: {each.found} ({each.reason})")
        try:
            self._memory.end(outcome, self._gateway.port_if_seen)
        except OSError as error:
            self._write(f"Note: the outcome of the attempt cannot be remembered: {error}")

    def _advise(self, seen: Seen) -> str:
        """Tells the diagnosis; returns its code."""
        found = diagnosis.diagnose(reading.added_to(seen), self._next)
        recovery = f", Procedure {found.procedure}" if found.procedure else ""
        self._write(f"\nDiagnosis: {found.code}{recovery}: {found.cause}")
        for each in found.also:
            self._write(f"  or, to be looked at after that: {each.code}: {each.cause}")
        self._list(found.next_steps)
        if found.if_that_fails:
            self._write("If that fails")
            self._list(found.if_that_fails)
        return found.code

    def _list(self, lines: list[str]) -> None:
        for number, line in enumerate(lines, start=1):
            self._write(f"  {number}. {line}")


def _handshake_claims(
    handshake: Handshake, access: Access, over_api: ApiSettings, settings: Settings
) -> dict[str, bool]:
    """The steps of the handshake stage, and whether they hold."""
    wanted, milliseconds = settings.golive, handshake.complete_ms
    in_time = milliseconds is not None and milliseconds < wanted.handshake_budget_seconds * 1000
    return {
        "handshake.connect-ack": handshake.connect_ack,
        "handshake.next-valid-id": handshake.next_valid_id is not None,
        "handshake.managed-accounts": wanted.expected_account in handshake.accounts
        and not settings.of_another_kind(handshake.accounts),
        "handshake.under-budget": handshake.stopped is None and in_time,
        "handshake.read-only-off": access.is_granted and over_api.read_only is not True,
    }


def _tell(event: Event, seconds: float, write: Write) -> None:
    match event.name:
        case "connecting":
            write("\n[1/5] Calling eConnect(): the TCP connection...")
        case "connected":
            write(f"      connected ({event.elapsed_ms:.0f}ms)")
            write("[2/5] Sending the hello, with the versions of the official client...")
        case "hello sent":
            write("[3/5] Reading the server version...")
        case "server version":
            write(f"      server version {event.detail} ({event.elapsed_ms:.0f}ms)")
            write("[4/5] Calling startApi()...")
        case "start api":
            write(f"[5/5] Waiting for nextValidId ({seconds:g}s timeout)...")
        case name:
            time = f"{event.at.astimezone():%H:%M:%S.%f}"[:-3]
            write(f"[{time}] {name}({event.detail})")
