"""What must have been seen for each cause: as the tests of the tree have it, but told in full.

A test of the tree needs no more than what its branch asks for. A page shows what a person would be
shown, so these add the process, the pids and the names that a run would have seen.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fake_ib_gateway.protocol import errors
from golive.client.answers import Handshake, Position, Positions
from golive.diagnosis.commands import LINUX, MACOS, WINDOWS, Commands
from golive.diagnosis.seen import Seen
from golive.discipline.one_run import Holder
from golive.discipline.rules import Discipline, Made
from golive.machine.sockets import Port, Socket
from golive.settings.model import Settings
from tests.diagnosis.test_diagnosis import GATEWAY, NOW, QUIET, SPY, WALK, ZOMBIES

PLATFORMS: dict[str, tuple[Commands, str]] = {
    "Linux": (LINUX, "/opt/ibgateway/ibgateway"),
    "macOS": (MACOS, "/Applications/IB Gateway 10.37/IB Gateway 10.37.app"),
    "Windows": (WINDOWS, r"C:\Jts\ibgateway\1037\ibgateway.exe"),
}
"""The commands of each, and where the gateway's program may be there."""

ACCOUNT = "U21146542"
CLOSED = "the gateway closed the connection (FIN)"
NO_FRAME = "a frame of 2147483647 bytes is announced, the limit is 16777215"
IN_USE = f"error {errors.CLIENT_ID_IN_USE.code}: {errors.CLIENT_ID_IN_USE.text}"
KNOWN = [each for each in vars(errors).values() if isinstance(each, errors.Error)]
SAID = {each.code: each.text.replace("{}", "4002") for each in KNOWN}
"""The gateway's texts, as the fake says them."""
DONE = Handshake(
    tcp_ms=0.4, server_version_ms=46.1, start_api_ms=46.3, managed_accounts_ms=96.2,
    next_valid_id_ms=96.9, bytes_received=412, accounts=(ACCOUNT,),
)  # fmt: skip
CONNECTED = Handshake(tcp_ms=0.4)
STARTED = replace(DONE, managed_accounts_ms=None, next_valid_id_ms=None, bytes_received=30)
REACHED = {
    "refused": Handshake(),
    "closed-at-once": replace(CONNECTED, reason=CLOSED),
    "no-byte": CONNECTED,
    "protocol-error": replace(CONNECTED, bytes_received=32, reason=NO_FRAME),
    "version-only": STARTED,
    "closed-after-start": replace(STARTED, reason=CLOSED),
    "client-id-in-use": replace(STARTED, bytes_received=140, reason=IN_USE),
    "no-next-valid-id": replace(DONE, next_valid_id_ms=None),
    "no-managed-accounts": replace(DONE, managed_accounts_ms=None),
}
"""How far a handshake comes that stops there, with the gateway's own words."""

LISTENER = replace(GATEWAY, name="ibgateway")
ONE = Socket("LISTEN", "127.0.0.1", 4001, "", 0, LISTENER.pid)
LISTENS = Port(4001, ("127.0.0.1",), (ONE,))
NOTHING = Port(4001, ("127.0.0.1",), ())
LEFT = Port(4001, ("127.0.0.1",), (ONE, *ZOMBIES.close_wait))
NOT_LISTENING = {
    "wrong-address", "wrong-port", "gateway-not-running", "second-factor-pending",
    "second-factor-expired", "login-throttled", "session-taken", "login-unanswered",
    "logged-in-not-listening", "gateway-not-logged-in",
}  # fmt: skip


def seen(code: str) -> Seen:
    """What a run saw that ends with this cause."""
    what = WALK[code]
    if what.against:
        said = SAID.get(what.against.code, "no text of IBKR's is known for it")
        what = replace(what, against=replace(what.against, text=said))
    if what.handshake:
        what = replace(what, handshake=_in_full(what.handshake))
    if code in NOT_LISTENING:
        return _more(code, replace(what, before=NOTHING, after=NOTHING))
    before = LISTENS if what.before is QUIET else what.before
    return _more(code, replace(what, before=before, after=LISTENS, listener=LISTENER))


def _in_full(handshake: Handshake) -> Handshake:
    """With what comes before the point that the example is about."""
    if handshake.tcp_ms is not None:
        return replace(handshake, bytes_received=DONE.bytes_received)
    reached = REACHED[handshake.stopped] if handshake.stopped else DONE
    return replace(
        reached,
        accounts=handshake.accounts or reached.accounts,
        talked=handshake.talked,
        spoken=handshake.spoken,
        stopped=handshake.stopped,
        reason=reached.reason or handshake.reason,
    )


def _more(code: str, what: Seen) -> Seen:
    """What some of the tests leave open."""
    match code:
        case "client-id-changed":
            return replace(what, settings=_with(what.settings, client_id=11))
        case "identity-mismatch":
            return replace(what, settings=_with(what.settings, is_paper_trading=True))
        case "another-run":
            began = NOW - timedelta(hours=2)
            run = "20261123T071430Z-live-monitor"
            held = Holder(run=run, pid=4711, since=began, process_started=began)
            return replace(what, other_run=held)
        case "cool-down":
            endpoint, ago = "127.0.0.1:4001", timedelta(seconds=40)
            last = Made(endpoint, 10, NOW - ago, NOW - ago, "api-listener-stuck")
            cooldown = timedelta(seconds=what.settings.golive.retry_cooldown_seconds)
            past = Discipline((last,), endpoint, frozenset(), NOW, cooldown)
            return replace(what, discipline=past)
        case "wrong-address":
            elsewhere = replace(ONE, local_ip="10.0.0.5")
            return replace(what, before=Port(4001, ("127.0.0.1",), (elsewhere,)))
        case "machine-suspended" if what.soak:
            stopped = "a heartbeat came 312 s late"
            return replace(what, soak=what.soak.model_copy(update={"stopped": stopped}))
        case "not-observable":
            return replace(what, unobserved="the sockets of this machine cannot be read")
        case "zombies":
            return replace(what, before=LEFT, after=LEFT)
        case "slow-handshake":
            took = replace(DONE, managed_accounts_ms=1495.5, next_valid_id_ms=1502)
            return replace(what, handshake=took)
        case "wrong-account":
            return replace(what, handshake=replace(DONE, accounts=("U99999999",)))
        case "positions-mismatch":
            return replace(what, positions=Positions(_rows(23), has_ended=True))
    return what


def _rows(count: int) -> tuple[Position, ...]:
    """So many positions."""
    return tuple(SPY._replace(con_id=1 + n) for n in range(count))


def on(what: Seen, program: str) -> Seen:
    """The same with the gateway's program there."""
    return replace(what, settings=_with(what.settings, gateway_path=program))


def _with(settings: Settings, **changed: object) -> Settings:
    credentials = settings.credentials.model_copy(update=changed)
    return settings.model_copy(update={"credentials": credentials})
