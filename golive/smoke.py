"""The standalone handshake test: one attempt, told line by line, and an exit code to act on.

It makes the same connection as the acceptance tests (`golive.connection`) and looks at the same
facts before it; nothing is connected where one of them stands in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import TypeVar

from golive import diagnosis, installed, on_disk, processes, settings_file, sockets, stale_clients
from golive.answers import Access, Event, Handshake
from golive.api_settings import NOT_ASKED, ApiSettings
from golive.attempts import AttemptRefused, Attempts
from golive.clock import SYSTEM, Clock, now_and_then
from golive.diagnosis import Next
from golive.gateway import Gateway
from golive.identity import Identity, read_identity
from golive.seen import Seen
from golive.settings import Settings
from golive.settings_file import SettingsFile
from golive.sockets import SocketTable
from golive.text import printable

COMMAND = "python -m golive smoke"

Write = Callable[[str], None]
Answer = TypeVar("Answer")


class Exit(IntEnum):
    """The exit codes of the written procedure, and two of ours."""

    SUCCESS = 0
    NOT_CONNECTED = 1
    NO_HANDSHAKE = 2
    REFUSED = 3
    SETTINGS = 4


def smoke(path: Path, show: Write, clock: Clock = SYSTEM, *, on_fallback: bool = False) -> Exit:
    """Performs the test with the settings of a file; `show` gets its lines."""

    def write(lines: str) -> None:
        for line in lines.split("\n"):
            show(printable(line))  # a gateway's text could repaint the terminal

    try:
        file = settings_file.read(path)
        file = file.on_fallback() if on_fallback else file
    except settings_file.SettingsError as error:
        write(f"settings: {error}")
        return Exit.SETTINGS
    credentials = file.settings.credentials
    on = " on the fallback, TWS paper" if on_fallback else ""
    write(f"golive smoke: IBKR Gateway handshake test{on}")
    write(f"Attempting: {credentials.host}:{credentials.port} clientId={credentials.client_id}")
    gateway = Gateway(credentials.port, SocketTable(credentials.host), clock)
    try:
        for step_id, why in _objections(file, gateway, write, clock):
            write(f"\nREFUSED, nothing was connected: {why}")
            others = tuple(stale_clients.find(gateway, file.settings))
            before, now = _look(gateway), clock.now()
            _advise(Seen(step_id, file.settings, before, now, others=others), write)
            return Exit.REFUSED
        if _nothing_listens(file, gateway):
            write(f"\nFAILED: no TCP connection: nothing listens on port {gateway.number}")
            listening = "gateway.listening"
            _advise(Seen(listening, file.settings, _look(gateway), clock.now()), write)
            return Exit.NOT_CONNECTED
        return _attempt(file, gateway, write, clock)
    except (AttemptRefused, sockets.NotObservable) as error:
        write(f"\nREFUSED, nothing was connected: {error}")
        return Exit.REFUSED


def _objections(
    file: SettingsFile, gateway: Gateway, write: Write, clock: Clock
) -> Iterator[tuple[str, str]]:
    """The pre-flight steps that do not hold, in order, and why. Nothing is connected.

    A port on which nothing listens is no objection: it has an exit code of its own.
    """
    settings, wanted = file.settings, file.settings.golive
    api = installed.read()
    if not api.is_only_one:
        yield "environment.one-ibapi", f"not exactly one ibapi: {', '.join(api.folders) or 'none'}"
    if api.version != wanted.api_version:
        yield "environment.ibapi-version", f"ibapi is {api.version}, not {wanted.api_version}"
    if api.changed:
        yield "environment.ibapi-unmodified", f"files of ibapi were changed: {api.changed[0]}, ..."
    if settings.credentials.client_id != wanted.pinned_client_id:
        yield "environment.client-id", f"ClientId is not the pinned {wanted.pinned_client_id}"
    if settings.disagreements:
        yield "environment.identity", "; ".join(settings.disagreements)
    if stale := stale_clients.find(gateway, settings):
        first = stale[0]
        why = f"{first.name or 'a client'} is running, pid {first.pid or 'not told'}: {first.why}"
        yield "environment.no-stale-client", why
    if zombies := _seen(file, lambda: gateway.zombies):
        yield "environment.no-zombies", f"{len(zombies)} CLOSE_WAIT on port {gateway.number}"
    if _nothing_listens(file, gateway):
        return
    tell = now_and_then(lambda left: write(f"waiting {left:.0f} s more: still initializing"))
    seconds, login = wanted.initialization_seconds, on_disk.logged_in(settings, clock.now())
    uptime = _seen(file, lambda: gateway.wait_until_initialized(seconds, tell, login))
    if uptime and not uptime.is_same:
        yield "gateway.initialized", "the gateway went away while it was being waited for"
    if clients := _seen(file, lambda: gateway.clients):
        yield "gateway.no-other-client", f"a client is connected, pid {clients[0].pid}"
    if _waiting(gateway):
        yield "gateway.accept-queue", "connections wait in the gateway's accept queue"


def _seen(file: SettingsFile, look: Callable[[], Answer]) -> Answer | None:
    """What is seen; None where it cannot be and need not be. Raises sockets.NotObservable."""
    try:
        return look()
    except sockets.NotObservable:
        if not file.settings.golive.allow_unobserved_sockets:
            raise
        return None


def _nothing_listens(file: SettingsFile, gateway: Gateway) -> bool:
    return _seen(file, lambda: gateway.listeners) == []


def _waiting(gateway: Gateway) -> int:
    try:
        return gateway.accept_queue()
    except sockets.NotObservable:
        return 0


def _attempt(file: SettingsFile, gateway: Gateway, write: Write, clock: Clock) -> Exit:
    """The one attempt. The connection is closed whatever happens."""
    from golive.connection import Connection  # not before the installed client has been looked at

    settings = file.settings
    seconds = settings.golive.handshake_timeout_seconds
    attempts = Attempts(clock)
    connection = Connection(
        settings.credentials.host,
        settings.credentials.port,
        settings.credentials.client_id,
        attempts,
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
        "afterwards.no-zombies": not _seen(file, lambda: gateway.zombies),
        "afterwards.still-listening": is_same,
    }
    failed = next((step_id for step_id, holds in claims.items() if not holds), None)
    word = f"FAILED: {handshake.reason or access.reason or failed}"
    write(f"\n{word}" if failed else f"\nSUCCESS in {handshake.complete_ms:.0f}ms")
    write(f"   connectAck: {handshake.connect_ack}")
    write(f"   nextValidId: {handshake.next_valid_id is not None}")
    if failed is None:
        return Exit.SUCCESS
    lost = connection.connectivity_lost is not None
    seen = Seen(
        failed,
        settings,
        before,
        clock.now(),
        after,
        listener=process,
        attempted=attempts.made[0].begun if attempts.made else None,
        handshake=handshake,
        access=access,
        api_settings=identity.told,
        lost_connectivity=lost,
    )
    _advise(seen, write)
    return Exit.NOT_CONNECTED if handshake.stopped == "refused" else Exit.NO_HANDSHAKE


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


def _advise(seen: Seen, write: Write) -> None:
    found = diagnosis.diagnose(on_disk.added_to(seen), Next(COMMAND, f"{COMMAND} --fallback"))
    recovery = f", Procedure {found.procedure}" if found.procedure else ""
    write(f"\nDiagnosis: {found.code}{recovery}: {found.cause}")
    for number, step in enumerate(found.next_steps, start=1):
        write(f"  {number}. {step}")


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
