"""From what was observed to its cause, and what to do about it.

`TREE` is the decision tree as data: its branches are tried in order, the first that applies names
the cause. It claims no more than was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from golive import procedure
from golive.answers import CONNECTIVITY_LOST, DATA_LOST, Access, Handshake, Positions
from golive.evidence import Diagnosis
from golive.settings import PORTS, Settings
from golive.sockets import Port, Socket

RECOVERY: dict[str, tuple[str, ...]] = {
    "A": (
        "Close IB Gateway, and check that its process is gone; end it if it is not.",
        "Wait 10 seconds, then start IB Gateway and log in.",
        "Wait {initialization:g} seconds after the login; do not touch its window.",
        "Run this once more, once: {command}",
    ),
    "B": (
        "Do not try again: each try may leave a zombie.",
        "Look for this attempt in the gateway's log. No entry: its API listener is stuck.",
        "Save its settings, uninstall IB Gateway, delete its folder, install it afresh.",
        "Configure trusted IP 127.0.0.1, Read-Only API off, master client id {client_id}; log in.",
        "Wait {initialization:g} seconds, then run this once: {command}",
    ),
    "C": (
        "In secrets.json: Port 7497, IsPaperTrading true, the paper account and its positions.",
        "Start TWS, log in to the paper account and wait {initialization:g} seconds.",
        "Run this once: {command}",
    ),
}
"""The written procedure's recovery procedures: restart, clean reinstall, switch to TWS."""

FALL_BACK = ("Not over ten minutes here. If that fails as well, Procedure C:", *RECOVERY["C"])


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything a diagnosis may build on: what the run has seen, None for what it has not."""

    failed: str
    """The id of the first step that failed."""
    settings: Settings
    before: Port | None
    """None where the socket table cannot be read."""
    after: Port | None = None
    handshake: Handshake | None = None
    access: Access | None = None
    positions: Positions | None = None
    lost_connectivity: bool = False
    """Whether the gateway's last word about its link to IBKR was that it is lost."""
    other_listeners: tuple[int, ...] = ()
    """Which of the four known ports listen, besides the configured one."""

    @property
    def stopped(self) -> str | None:
        return self.handshake.stopped if self.handshake else None

    @property
    def trouble(self) -> int | None:
        """The code of the error that unsettled the positions."""
        found = self.positions.trouble if self.positions else None
        return found.code if found else None

    @property
    def was_closed_on(self) -> bool:
        """Whether the gateway closed the connection instead of answering what was asked last."""
        last = self.positions or self.access
        return last is not None and "closed the connection" in last.reason

    @property
    def zombies(self) -> bool:
        return any(port is not None and port.close_wait for port in (self.before, self.after))

    def failed_in(self, stage: str) -> bool:
        return procedure.step(self.failed).stage == stage


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch: its code, when it applies, what it says, and the recovery it leads to."""

    code: str
    applies: Callable[[Seen], bool]
    cause: str
    procedure: Literal["A", "B", "C"] | None = None
    next_steps: tuple[str, ...] = ()


def _failed(*step_ids: str) -> Callable[[Seen], bool]:
    known = [procedure.step(step_id).id for step_id in step_ids]
    return lambda seen: seen.failed in known


def _stopped(*stages: str) -> Callable[[Seen], bool]:
    return lambda seen: seen.failed_in("handshake") and seen.stopped in stages


AGAIN = "Then run again: {command}"
REINSTALL = "Compare with `python -m pip list`; reinstall with: pip install -r requirements.txt"

TREE: tuple[Branch, ...] = (
    Branch("ibapi-not-the-one", _failed("environment.one-ibapi", "environment.ibapi-version",
                                        "environment.ibapi-unmodified"),
           "the installed ibapi is not exactly the one pinned version, unmodified",
           next_steps=(REINSTALL, AGAIN)),
    Branch("settings-changed", _failed("environment.settings"),
           "secrets.json was changed while the run was starting", next_steps=(AGAIN,)),
    Branch("client-id-changed", _failed("environment.client-id"),
           "ClientId {configured_id} is not the pinned one, {client_id}",
           next_steps=("Set ClientId back to {client_id}; it never changes.", AGAIN)),
    Branch("identity-mismatch", _failed("environment.identity"),
           "port, IsPaperTrading and ExpectedAccount contradict each other",
           next_steps=("Correct secrets.json: {disagreements}.", AGAIN)),
    Branch("stale-client", _failed("environment.no-stale-client"),
           "a client process of an earlier session is still running",
           next_steps=("Close the processes listed among the facts.", AGAIN)),
    Branch("not-observable", lambda seen: seen.before is None,
           "the socket table of the gateway's machine cannot be read from here",
           next_steps=("Run this on the gateway's own machine, as a user who may read its sockets.",
                       AGAIN)),
    Branch("zombies", lambda seen: seen.zombies,
           "connections to port {port} were abandoned and never closed (CLOSE_WAIT)", "A"),
    Branch("another-client", _failed("gateway.no-other-client"),
           "another client is connected to port {port}, or tries to be",
           next_steps=("Close the program listed among the facts; nothing else may be connected.",
                       AGAIN)),
    Branch("wrong-port", lambda seen: _failed("gateway.listening")(seen)
           and bool(seen.other_listeners),
           "nothing listens on port {port}, but something does on {others}",
           next_steps=("Correct Port in secrets.json, or the port in the gateway's settings.",
                       AGAIN)),
    Branch("gateway-not-running", lambda seen: _failed("gateway.listening")(seen)
           or _stopped("refused")(seen),
           "nothing listens on port {port}",
           next_steps=("Start IB Gateway and log in.",
                       "Wait {initialization:g} seconds; do not touch its window.",
                       "Then run: {command}")),
    Branch("gateway-restarted", _failed("gateway.initialized"),
           "the gateway went away or was restarted while it was being waited for",
           next_steps=("Leave the gateway alone until its window says connected.", AGAIN)),
    Branch("api-listener-stuck", lambda seen: _failed("gateway.accept-queue")(seen)
           or _stopped("no-byte", "version-only")(seen),
           "port {port} listens, but the gateway does not answer", "B"),
    Branch("handshake-refused", _stopped("closed-at-once", "closed-after-start"),
           "the gateway closed the connection instead of answering",
           next_steps=("Check in the gateway's API settings that 127.0.0.1 is a trusted IP.",
                       "Look for a forwarder: it accepts even where the gateway is down.",
                       "Wait {cooldown:g} seconds. " + AGAIN)),
    Branch("protocol-error", _stopped("protocol-error"),
           "what answers on port {port} does not speak the gateway's protocol",
           next_steps=("Find out which program listens on port {port}.", AGAIN)),
    Branch("client-id-in-use", _stopped("client-id-in-use"),
           "another client is connected with client id {client_id}",
           next_steps=("Close that client. Do not change the client id.",
                       "Wait {cooldown:g} seconds. " + AGAIN)),
    Branch("no-next-valid-id", _stopped("no-next-valid-id"),
           "the gateway named its accounts, but gave no next valid id", "A"),
    Branch("no-managed-accounts", _stopped("no-managed-accounts"),
           "the gateway gave the next valid id, but named no account", "A"),
    Branch("wrong-account", _failed("handshake.managed-accounts"),
           "the gateway is logged in to another account than the expected one",
           next_steps=("Log the gateway in to the expected account, or correct ExpectedAccount.",
                       AGAIN)),
    Branch("slow-handshake", _failed("handshake.under-budget"),
           "the handshake took longer than {budget:g} s",
           next_steps=("Look at the machine's load and at the gateway's own status.",
                       "Wait {cooldown:g} seconds. " + AGAIN)),
    Branch("read-only-api", lambda seen: _failed("handshake.read-only-off")(seen)
           and seen.access is not None and seen.access.refusal is not None,
           "the gateway's Read-Only API is on: it would refuse every order",
           next_steps=("Switch Read-Only API off in the gateway's API settings.",
                       "Wait {cooldown:g} seconds. " + AGAIN)),
    Branch("half-open", lambda seen: _failed("handshake.read-only-off")(seen)
           and not seen.was_closed_on,
           "the gateway completed the handshake, then stopped answering", "A"),
    Branch("connectivity-lost", lambda seen: (_failed("positions.complete")(seen)
                                              and seen.trouble in CONNECTIVITY_LOST | {DATA_LOST})
           or (_failed("afterwards.closed-cleanly")(seen) and seen.lost_connectivity),
           "the gateway has lost its link to IBKR",
           next_steps=("Look at the machine's network, and at IBKR's system status.",
                       "Wait until the gateway's window says connected. " + AGAIN)),
    Branch("gateway-in-trouble", lambda seen: _failed("positions.complete")(seen)
           and seen.trouble is not None,
           "the gateway reported error {trouble} while it was asked for its positions", "A"),
    Branch("gateway-restarted", _failed("afterwards.still-listening"),
           "the gateway went away or was restarted during the run", "A"),
    Branch("connection-lost", lambda seen: _failed("afterwards.closed-cleanly")(seen)
           or (_failed("handshake.read-only-off", "positions.complete")(seen)
               and seen.was_closed_on),
           "the gateway closed the connection after the handshake", "A"),
    Branch("positions-incomplete", _failed("positions.complete"),
           "the gateway did not send its positions to the end", "A"),
    Branch("positions-mismatch", _failed("positions.count"),
           "there are {count} open positions, {expected} are expected",
           next_steps=("Compare the positions in the report with the account statement.",
                       "If they are right, correct ExpectedPositions in secrets.json.", AGAIN)),
)  # fmt: skip

UNEXPLAINED = Branch("unexplained", lambda seen: True, "step {failed} failed",
                     next_steps=("Look at what this step observed.", AGAIN))  # fmt: skip


def diagnose(seen: Seen, command: str, facts: Sequence[str] = ()) -> Diagnosis:
    """The first branch that applies, its texts filled in. `command` is what to run next."""
    branch = next((each for each in TREE if each.applies(seen)), UNEXPLAINED)
    steps = branch.next_steps or (*RECOVERY[branch.procedure or "A"], *FALL_BACK)
    words = _words(seen, command)
    return Diagnosis(
        code=branch.code,
        cause=branch.cause.format(**words),
        procedure=branch.procedure,
        next_steps=[step.format(**words) for step in steps],
        facts=[*facts, *_facts(seen)],
    )


def _words(seen: Seen, command: str) -> dict[str, object]:
    wanted, credentials = seen.settings.golive, seen.settings.credentials
    rows = seen.positions.open_in(wanted.expected_account) if seen.positions else ()
    return {
        "port": credentials.port,
        "client_id": wanted.pinned_client_id,
        "configured_id": credentials.client_id,
        "initialization": wanted.initialization_seconds,
        "cooldown": wanted.retry_cooldown_seconds,
        "budget": wanted.handshake_budget_seconds,
        "expected": wanted.expected_positions,
        "count": len(rows),
        "others": ", ".join(f"{port} ({PORTS[port]})" for port in seen.other_listeners),
        "disagreements": "; ".join(seen.settings.disagreements),
        "trouble": seen.trouble,
        "failed": seen.failed,
        "command": command,
    }


def _facts(seen: Seen) -> list[str]:
    """What was seen, a line each."""
    facts = [f"first step not passed: {seen.failed}"]
    facts += _port_facts("before", seen.before, known=())
    facts += _port_facts("after", seen.after, seen.before.close_wait if seen.before else ())
    if seen.handshake:
        facts += _handshake_facts(seen.handshake)
    if seen.access and seen.access.reason:
        facts += [f"asked for ids: {seen.access.reason}"]
    if seen.positions and seen.positions.reason:
        facts += [f"positions: {seen.positions.reason}"]
    return facts


def _port_facts(when: str, port: Port | None, known: Sequence[Socket]) -> list[str]:
    """Who listened, and the zombies that are not known already."""
    if port is None:
        return []
    return [f"{when}: {len(port.listeners) or 'nothing'} listening on port {port.number}"] + [
        f"{when}: CLOSE_WAIT {each.local_ip}:{each.local_port} from "
        f"{each.remote_ip}:{each.remote_port}, pid {each.pid or 'not told'}"
        for each in port.close_wait
        if each not in known
    ]


def _handshake_facts(handshake: Handshake) -> list[str]:
    reached = {
        "TCP connected": handshake.tcp_ms,
        "server version": handshake.server_version_ms,
        "startApi sent": handshake.start_api_ms,
        "managedAccounts": handshake.managed_accounts_ms,
        "nextValidId": handshake.next_valid_id_ms,
    }
    facts = [f"{name} after {ms:g} ms" for name, ms in reached.items() if ms is not None]
    facts += [f"{handshake.bytes_received} bytes received in the handshake"]
    if handshake.stopped:
        facts += [f"handshake stopped at {handshake.stopped}: {handshake.reason}"]
    return facts + [f"error {each.code}: {each.text}" for each in handshake.errors]
