"""The standalone handshake test: one attempt, told line by line, and an exit code to act on.

It opens the connection as the Monitor does (`session`), checks what it shows, and closes it.
If something forbids the attempt, nothing is connected.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from golive.client.answers import Event
from golive.diagnosis import telling
from golive.discipline.attempts import AttemptRefused
from golive.discipline.journal import GO
from golive.evidence.record import Diagnosis
from golive.kit import typed
from golive.kit.clock import SYSTEM, Clock
from golive.kit.text import by_lines, with_weakened
from golive.machine import forwarders, sockets
from golive.run import session
from golive.run.session import Exit, Session
from golive.settings import secrets_json

COMMAND = f"{typed.GOLIVE} smoke"

IDS = "      (asking for order ids once more, to test Read-Only API)"

ANY_ACCOUNT = (
    "Note: GoLive.ExpectedAccount is not set: this checks that accounts arrive, not which ones"
)

Write = Callable[[str], None]


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

    `override` and `secrets` as of `session.begin`. Raises what is in session.NOT_BEGUN.
    """
    write = by_lines(show)
    file = secrets_json.read(path, on_fallback, is_to_go_live=False)
    memory, run_next = session.begin(COMMAND, file, secrets, override, clock)
    try:
        on = " on the fallback, TWS paper" if on_fallback else ""
        write(f"golive smoke: IBKR Gateway handshake test{on} (times are local)")
        seconds = file.settings.golive.handshake_timeout_seconds
        telling = _Telling(seconds, write)
        return _performed(Session(file, memory, run_next, write, clock, telling.hear), write)
    except (AttemptRefused, sockets.NotObservable) as error:
        if memory.attempts.made:
            write(f"\nFAILED: what the attempt left behind was not observed: {error}")
            return Exit.NO_HANDSHAKE
        write(f"\nREFUSED, nothing was connected: {error}")
        return Exit.REFUSED
    finally:
        memory.close()


def _performed(tried: Session, write: Write) -> Exit:
    """Raises AttemptRefused, and sockets.NotObservable."""
    tried.announce()
    to = tried.settings.credentials
    write(f"Attempting: {to.host}:{to.port} clientId={to.client_id}")
    if not tried.settings.golive.expects_account:
        write(ANY_ACCOUNT)
    if fake := forwarders.fake_on(to.port, tried.gateway.process_if_seen()):
        write(f"Note: {fake}")
    if trouble := tried.check():
        write(f"\n{trouble.headline}")
        _advise(trouble.found, write)
        return trouble.exit
    outcome = "unfinished"
    try:
        trouble = tried.open() or tried.close()
        _tell_outcome(tried, trouble.why if trouble else None, write)
        outcome = trouble.found.code if trouble else GO
        if trouble:
            _advise(trouble.found, write)
    finally:
        tried.remember(outcome)
    return trouble.exit if trouble else Exit.SUCCESS


def _tell_outcome(tried: Session, failure: str | None, write: Write) -> None:
    handshake = tried.handshake
    assert handshake is not None
    less = with_weakened(tried.weakened)
    success = f"SUCCESS in {handshake.complete_ms or 0:.0f}ms {less}".rstrip()
    write(f"\nFAILED: {failure}" if failure else f"\n{success}")
    write(f"   connectAck: {handshake.connect_ack}")
    write(f"   nextValidId: {handshake.next_valid_id is not None}")


def _advise(found: Diagnosis, write: Write) -> None:
    write("")
    for line in telling.lines(found):
        write(line)


class _Telling:
    """Tells the handshake as it happens; ids that come behind it are told apart from its own."""

    def __init__(self, seconds: float, write: Write) -> None:
        self._seconds, self._write = seconds, write
        self._came: set[str] = set()

    def hear(self, event: Event) -> None:
        if event.name == "nextValidId" and {"nextValidId", "managedAccounts"} <= self._came:
            if IDS not in self._came:
                self._write(IDS)
            self._came.add(IDS)
            return
        self._came.add(event.name)
        _tell(event, self._seconds, self._write)


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
