"""The standalone handshake test: one attempt, told line by line, and an exit code to act on.

It makes the same connection as the acceptance tests (`golive.connection`) and looks at the same
facts before it; nothing is connected where one of them stands in the way.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from pathlib import Path

from golive import (
    diagnosis,
    on_disk,
    preflight,
    processes,
    reset_windows,
    settings_file,
    sockets,
    stale_clients,
)
from golive.answers import Access, Event, Handshake
from golive.api_settings import NOT_ASKED, ApiSettings
from golive.attempts import AttemptRefused
from golive.clock import SYSTEM, Clock
from golive.commands import HERE
from golive.diagnosis import Next
from golive.gateway import Gateway
from golive.identity import Identity, read_identity
from golive.journal import GO
from golive.memory import Aim, Memory, NoMemory, state_folder
from golive.run import PROCEDURE
from golive.seen import Seen
from golive.settings import Settings
from golive.settings_file import SettingsFile
from golive.sockets import SocketTable
from golive.text import printable

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
        run_next = _next(file, secrets, on_fallback=on_fallback, is_there=is_there)
        return _performed(file, memory, run_next, write, clock)
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


def _next(file: SettingsFile, secrets: str | None, *, on_fallback: bool, is_there: bool) -> Next:
    """What is typed next, with the options that this was called with."""
    same = ["--secrets", HERE.quoted(secrets)] if secrets else []
    there = ["--fallback"] if on_fallback else []
    again = [COMMAND, *same, *there]
    fall_back = [] if is_there else [COMMAND, *same, "--fallback"]
    kill_stale = [PROCEDURE, *same, *there, "--kill-stale"]
    settings = secrets or file.path.name
    return Next(" ".join(again), " ".join(fall_back), " ".join(kill_stale), settings)


def _performed(
    file: SettingsFile, memory: Memory, run_next: Next, write: Write, clock: Clock
) -> Exit:
    credentials = file.settings.credentials
    if memory.reason is not None:
        write(f"OVERRIDE: {memory.reason}")
    if damaged := len(memory.reading.damaged):
        write(f"Note: damaged lines of the journal passed over: {damaged}")
    for each in reset_windows.told(clock.now()):
        write(each)
    write(f"Attempting: {credentials.host}:{credentials.port} clientId={credentials.client_id}")
    gateway = Gateway(credentials.port, SocketTable(credentials.host), clock)
    memory.attempts.gateway_started = gateway.started
    memory.attempts.zombies = lambda: sockets.zombies(_look(gateway))
    for step_id, why in preflight.objections(file, gateway, memory, write, clock):
        write(f"\nREFUSED, nothing was connected: {why}")
        _advise(_seen(step_id, file, gateway, memory, clock), run_next, write)
        return Exit.REFUSED
    if preflight.nothing_listens(file, gateway):
        write(f"\nFAILED: no TCP connection: nothing listens on port {gateway.number}")
        _advise(_seen("gateway.listening", file, gateway, memory, clock), run_next, write)
        return Exit.NOT_CONNECTED
    outcome = "unfinished"
    try:
        exit_code, outcome = _attempt(file, gateway, memory, run_next, write, clock)
    finally:
        _remember(memory, outcome, _look(gateway), write)
    return exit_code


def _seen(step_id: str, file: SettingsFile, gateway: Gateway, memory: Memory, clock: Clock) -> Seen:
    """What stands in the way of an attempt."""
    return Seen(
        step_id,
        file.settings,
        _look(gateway),
        clock.now(),
        first_failure=memory.first_failure,
        discipline=memory.discipline,
        other_run=memory.other_run,
        listener=_listener(gateway),
        others=tuple(stale_clients.find(gateway, file.settings)),
    )


def _attempt(
    file: SettingsFile,
    gateway: Gateway,
    memory: Memory,
    run_next: Next,
    write: Write,
    clock: Clock,
) -> tuple[Exit, str]:
    """The one attempt, and its outcome. The connection is closed whatever happens."""
    from golive.connection import Connection  # not before the installed client has been looked at

    settings = file.settings
    seconds = settings.golive.handshake_timeout_seconds
    connection = Connection(
        settings.credentials.host,
        settings.credentials.port,
        settings.credentials.client_id,
        memory.attempts,
        clock,
        lambda event: _tell(event, seconds, write),
    )
    before, process = _look(gateway), _listener(gateway)
    try:
        handshake = connection.open(seconds)
        access = connection.access(seconds)
        over_api = connection.api_settings(seconds) if access.is_granted else NOT_ASKED
    finally:
        connection.close()
    identity, own = read_identity(over_api, settings), connection.own_address
    after = _look(gateway)
    is_same = after is None or (bool(after.listeners) and _listener(gateway) == process)
    claims = {
        **_handshake_claims(handshake, access, over_api, settings),
        **(_identity_claims(identity, own, settings, write) if access.is_granted else {}),
        "afterwards.closed-cleanly": connection.close().is_clean
        and connection.connectivity_lost is None,
        "afterwards.no-zombies": not preflight.seen(file, lambda: gateway.zombies),
        "afterwards.still-listening": is_same,
    }
    failed = next((step_id for step_id, holds in claims.items() if not holds), None)
    word = f"FAILED: {handshake.reason or access.reason or failed}"
    write(f"\n{word}" if failed else f"\nSUCCESS in {handshake.complete_ms:.0f}ms")
    write(f"   connectAck: {handshake.connect_ack}")
    write(f"   nextValidId: {handshake.next_valid_id is not None}")
    if failed is None:
        return Exit.SUCCESS, GO
    lost = connection.connectivity_lost is not None
    seen = Seen(
        failed,
        settings,
        before,
        clock.now(),
        after,
        attempted=memory.attempts.made[0].begun,
        first_failure=memory.first_failure,
        discipline=memory.discipline,
        listener=process,
        handshake=handshake,
        access=access,
        own_address=own,
        api_settings=identity.told,
        lost_connectivity=lost,
    )
    is_connected = handshake.stopped != "refused"
    return Exit.NO_HANDSHAKE if is_connected else Exit.NOT_CONNECTED, _advise(seen, run_next, write)


def _remember(memory: Memory, outcome: str, after: sockets.Port | None, write: Write) -> None:
    """For later runs. What cannot be remembered changes no result."""
    for each in memory.overrides:
        write(f"OVERRIDDEN: {each.step}: {each.found} ({each.reason})")
    try:
        memory.end(outcome, after)
    except OSError as error:
        write(f"Note: the outcome of the attempt cannot be remembered: {error}")


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


def _identity_claims(
    identity: Identity, address: str, settings: Settings, write: Write
) -> dict[str, bool]:
    """The steps about the gateway's own settings. What cannot be known is said, and no obstacle."""

    def holds(claim: Callable[[], bool]) -> bool:
        try:
            return claim()
        except sockets.NotObservable as reason:
            write(f"not observable: {reason}")
            return True

    pinned = settings.golive.pinned_client_id
    return {
        "handshake.master-client-id": holds(lambda: identity.has_master(pinned)),
        "handshake.trusted-addresses": holds(lambda: identity.trusts(address)),
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


def _advise(seen: Seen, run_next: Next, write: Write) -> str:
    """Tells the diagnosis; returns its code."""
    found = diagnosis.diagnose(on_disk.added_to(seen), run_next)
    recovery = f", Procedure {found.procedure}" if found.procedure else ""
    write(f"\nDiagnosis: {found.code}{recovery}: {found.cause}")
    for each in found.also:
        write(f"  or, to be looked at after that: {each.code}: {each.cause}")
    for heading, steps in (("", found.next_steps), ("If that fails", found.if_that_fails)):
        if heading and steps:
            write(heading)
        for number, step in enumerate(steps, start=1):
            write(f"  {number}. {step}")
    return found.code


def _listener(gateway: Gateway) -> processes.Process | None:
    try:
        return gateway.process()
    except sockets.NotObservable:
        return None


def _look(gateway: Gateway) -> sockets.Port | None:
    try:
        return gateway.port
    except sockets.NotObservable:
        return None
