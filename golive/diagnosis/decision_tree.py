"""The decision tree as data: its branches in the order in which they are to be fixed.

The first branch that applies names the cause, every other that applies is named behind it. A branch
claims no more than was seen; `docs/checks.md` shows them all beside the written tree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from golive.diagnosis import login_branches
from golive.diagnosis.branch import AGAIN, AGAIN_LATER, Branch, failed
from golive.diagnosis.program_branches import PROGRAMS
from golive.diagnosis.seen import Seen
from golive.diagnosis.session_branches import ACCESS, SESSION, any_of, ended, is_garbled, said

NOT_RUNNING = "Exit code 1 > Gateway not running?"
WRONG_PORT = "Exit code 1 > Port wrong?"
ZOMBIES = "Exit code 2 > CLOSE_WAIT zombies present? > YES"
STUCK = "Exit code 2 > CLOSE_WAIT zombies present? > NO > No API log entries?"
NOT_LOGGED_IN = 'Exit code 2 > CLOSE_WAIT zombies present? > NO > "Authentication failed"?'
TOO_EARLY = "Exit code 2 > Waited 90s after Gateway start? > NO"
WRITTEN = (NOT_RUNNING, WRONG_PORT, ZOMBIES, STUCK, NOT_LOGGED_IN, TOO_EARLY)
"""The branches of the written tree."""


def _has_company(seen: Seen) -> bool:
    connected = any(each.connection for each in seen.others)
    return (failed("gateway.no-other-client")(seen) and not seen.left_by) or (
        failed("environment.no-stale-client")(seen) and connected
    )


def _is_stale(seen: Seen) -> bool:
    """One that is connected as well is another client, which says more."""
    idle = not seen.others or any(not each.connection for each in seen.others)
    return failed("environment.no-stale-client")(seen) and idle


def _stopped(*stages: str) -> Callable[[Seen], bool]:
    """And the gateway said nothing that explains it."""
    return lambda seen: (
        seen.failed_in("handshake") and seen.stopped in stages and seen.against is None
    )


def _is_silent(seen: Seen) -> bool:
    return _stopped("no-byte", "version-only")(seen)


def _is_stuck(seen: Seen) -> bool:
    return seen.does_not_answer and seen.against is None


def _is_kept_waiting(seen: Seen) -> bool:
    """Its log has an entry of the attempt, so its listener works."""
    return _is_silent(seen) and not seen.does_not_answer and not seen.talks


def _is_half_there(seen: Seen) -> bool:
    """It lets in and talks: its listener works."""
    return _is_silent(seen) and seen.talks


def _is_slow(seen: Seen) -> bool:
    """One that something was said against was given up before it was complete."""
    return failed("handshake.under-budget")(seen) and seen.against is None


def _was_accepted_late(seen: Seen) -> bool:
    is_late = seen.handshake is not None and seen.handshake.was_accepted_late
    return failed("handshake.under-budget")(seen) and is_late


def _does_not_run(seen: Seen) -> bool:
    return _does_not_listen(seen) and seen.waiting is None


def _does_not_listen(seen: Seen) -> bool:
    nowhere = failed("gateway.listening")(seen) and not seen.elsewhere
    return nowhere or _stopped("refused")(seen)


def _speaks_another_protocol(seen: Seen) -> bool:
    spoken = seen.handshake.spoken if seen.handshake else ""
    return bool(spoken) and _stopped("protocol-error")(seen)


def _is_no_protocol(seen: Seen) -> bool:
    return _stopped("protocol-error")(seen) and not _speaks_another_protocol(seen)


def _is_another_account(seen: Seen) -> bool:
    return failed("handshake.managed-accounts")(seen) and not seen.stopped


def _is_young(seen: Seen) -> bool:
    """Silent, and up for less time than the written procedure asks for."""
    up = seen.uptime
    return _is_silent(seen) and up is not None and up.seconds < seen.least_uptime


CLOSE = (
    "Close these programs, or ask them to end: {end_others}",
    "Where that does not help: {end_others_firmly}",
    "Or have the procedure end them first: {kill_stale}",
    AGAIN,
)
TRUST = "In its API settings, add {own_address} to Trusted IPs: then it no longer asks."
REINSTALL = "Compare with `python -m pip list`; reinstall with: pip install -r requirements/run.txt"

_BRANCHES: tuple[Branch, ...] = (
    Branch("ibapi-not-the-one", "an environment.ibapi step fails",
           failed("environment.one-ibapi", "environment.ibapi-version",
                   "environment.ibapi-unmodified"),
           "the installed ibapi is not exactly the one pinned version, unmodified",
           next_steps=(REINSTALL, AGAIN)),
    Branch("settings-changed", "the settings file is not what it was when the run began",
           failed("environment.settings"),
           "{settings} was changed while the run was starting", next_steps=(AGAIN,)),
    Branch("client-id-changed", "ClientId is not the pinned one, or not the last attempt's",
           failed("environment.client-id"),
           "ClientId is {configured_id}; {other_ids}",
           next_steps=("{set_client_id}", AGAIN)),
    Branch("identity-mismatch", "port, IsPaperTrading and ExpectedAccount contradict each other",
           failed("environment.identity"),
           "port, IsPaperTrading and ExpectedAccount contradict each other",
           next_steps=("Correct {settings}: {disagreements}.",
                       "With --fallback, the account is GoLive.Fallback.ExpectedAccount.", AGAIN)),
    Branch("another-run", "another run has the endpoint's lock", failed("environment.only-run"),
           "another run is under way at this endpoint: {other_run}",
           next_steps=("{end_run}", AGAIN)),
    Branch("cool-down", "the last failed attempt was less than RetryCooldownSeconds ago",
           failed("environment.cool-down"),
           "the last attempt ended with {last_outcome} {last_when}; {wait} s must pass{undated}",
           next_steps=("First do what was advised then, for {last_outcome}.", AGAIN_LATER)),
    Branch("flipping", "the endpoint would be changed twice within RetryCooldownSeconds",
           failed("environment.no-flipping"),
           "Gateway and TWS would be changed for each other twice within {cooldown} s",
           next_steps=("Decide for one of them, and stay with it.", AGAIN_LATER)),
    Branch("attempt-forbidden", "the endpoint's lock was removed or replaced since, or the run that"
           " started this program has ended, so no attempt is made",
           lambda seen: bool(seen.forbidden),
           "no attempt was made: {forbidden}",
           next_steps=("Do not remove the state folder, or its files, while a run is under way.",
                       AGAIN)),
    Branch("not-remembered", "an attempt cannot be noted in the state folder, and is not made",
           lambda seen: failed("handshake.one-attempt")(seen) and bool(seen.unremembered),
           "the attempt could not be remembered, so none was made: {unremembered}",
           next_steps=("Make room on that disk, and let this user write to that folder.",
                       "GOLIVE_STATE names another one, which knows of no earlier attempt.",
                       AGAIN)),
    Branch("another-client", "somebody else is connected", _has_company,
           "another client is connected to port {port}, or tries to be",
           next_steps=CLOSE),
    Branch("stale-client", "a program of StaleProcesses is running", _is_stale,
           "a program that StaleProcesses names is running",
           next_steps=CLOSE),
    Branch("not-observable", "a step that GO needs cannot be looked at from here",
           lambda seen: bool(seen.unobserved),
           "{unobserved}",
           next_steps=("Run this on the gateway's own machine.",
                       "Run it as a user who may see its processes and sockets.", AGAIN)),
    Branch("zombies", "a socket of the port is in CLOSE_WAIT, before the attempt or after it, or"
           " one was after an earlier attempt and the gateway is still the same",
           lambda seen: seen.zombies or failed("gateway.restarted", "monitor.no-zombies")(seen),
           "{abandoned}", "A",
           written=ZOMBIES, is_the_gateways=True),
    Branch("wrong-address", "the port listens at another address of this machine than Host's",
           lambda seen: failed("gateway.listening")(seen) and bool(seen.elsewhere),
           "nothing listens on port {port} at {host}, but something does at {elsewhere}",
           next_steps=("Look at who listens there: {list_listeners}",
                       "If that is the gateway, set Host in {settings} to that address.",
                       "If not: {log_in}", AGAIN)),
    *login_branches.of(NOT_LOGGED_IN),
    Branch("wrong-port", "nothing listens on the port, but on another of the four",
           lambda seen: failed("gateway.listening")(seen) and bool(seen.other_listeners),
           "nothing listens on port {port}, but something does on {others}",
           next_steps=("If you meant that port, set Port in {settings}; or change the gateway's.",
                       "If not: {log_in}", AGAIN), written=WRONG_PORT),
    Branch("gateway-not-running", "nothing listens on the port, and no gateway is seen to run",
           _does_not_run,
           "nothing listens on port {port}",
           next_steps=("Start {gateway} and log in, unless one runs already ({find}): {start}",
                       "Wait {initialization} after the login; do not touch its window.",
                       AGAIN_LATER), written=NOT_RUNNING, is_the_gateways=True),
    Branch("gateway-restarted", "the listener goes away during the run, or another takes its place",
           failed("gateway.initialized", "afterwards.still-listening"),
           "the gateway went away or was restarted during the run",
           next_steps=("Leave the gateway alone until its window says connected.", AGAIN_LATER),
           is_the_gateways=True),
    Branch("too-early", "no answer, from a gateway that was up for less than a minute", _is_young,
           "the gateway had been up for {up} only",
           next_steps=("Wait; do not touch its window.", AGAIN_LATER),
           written=TOO_EARLY, is_the_gateways=True),
    Branch("connection-not-accepted", "no answer comes to the hello or to startApi although the"
           " gateway's log has an entry of the attempt",
           _is_kept_waiting,
           "the gateway's log has an entry of the attempt, but no answer came: it may be waiting"
           " for somebody to accept the connection in its window",
           next_steps=("Look at the gateway's window; if a dialog waits there, answer it.",
                       TRUST, "Do not reinstall: its listener works.",
                       AGAIN_LATER), is_the_gateways=True),
    Branch("api-listener-stuck", "connections wait to be accepted, or no answer comes to the hello"
           " or to startApi and no log that can be read has an entry of the attempt",
           _is_stuck,
           "port {port} listens, but the gateway does not {do}", "B",
           written=STUCK, is_the_gateways=True),
    Branch("handshake-refused", "the gateway closes, on connecting or after startApi",
           _stopped("closed-at-once", "closed-after-start"),
           "the connection was closed instead of being answered",
           next_steps=("Check in the gateway's API settings that {own_address} is a trusted IP.",
                       "Look for a forwarder: it accepts even where the gateway is down.",
                       AGAIN_LATER), is_the_gateways=True),
    Branch("other-protocol", "what comes is HTTP, TLS or another known protocol",
           _speaks_another_protocol,
           "what answers on port {port} speaks {spoken}, {spoken_by}, not the API's protocol",
           next_steps=("Find out which program listens on port {port}: {list_listeners}",
                       "Set Port in {settings} to the API port of IB Gateway or TWS.",
                       AGAIN_LATER)),
    Branch("protocol-error", "what comes is no frame of the protocol",
           any_of(_is_no_protocol, is_garbled),
           "what answers on port {port} does not speak the gateway's protocol",
           next_steps=("Find out which program listens on port {port}: {list_listeners}",
                       AGAIN_LATER), is_the_gateways=True),
    Branch("client-id-in-use", "error 326", said("client-id-in-use"),
           "the gateway says that client id {client_id} is in use already",
           next_steps=("Close the client that has it; after a restart, an old session may still.",
                       "Do not change the client id.", AGAIN_LATER)),
    Branch("no-id-no-account", "messages come, but neither nextValidId nor an account",
           _is_half_there,
           "the gateway sent messages, but neither a next valid id nor an account", "A",
           is_the_gateways=True),
    Branch("no-next-valid-id", "accounts come, nextValidId does not",
           _stopped("no-next-valid-id"),
           "the gateway named its accounts, but gave no next valid id", "A",
           is_the_gateways=True),
    Branch("no-managed-accounts", "nextValidId comes, no account does",
           _stopped("no-managed-accounts"),
           "the gateway gave the next valid id, but named no account", "A",
           is_the_gateways=True),
    Branch("account-misspelt",
           "ExpectedAccount differs only in case or blanks from an account that is managed",
           lambda seen: _is_another_account(seen) and bool(seen.meant_account),
           "ExpectedAccount differs only in case or blanks from an account of the gateway's login",
           next_steps=("In {settings}, write ExpectedAccount as the gateway does: {meant_account}",
                       AGAIN_LATER)),
    Branch("wrong-account",
           "the expected account is not managed, or one is paper where live is meant",
           lambda seen: _is_another_account(seen) and not seen.meant_account,
           "the gateway's login is another than the expected one, or paper where live is meant",
           next_steps=("Log the gateway in to the expected account, or correct ExpectedAccount.",
                       AGAIN_LATER)),
    Branch("accepted-by-hand", "over budget, and nearly all of the time, a second or more, is"
           " silence before the version",
           _was_accepted_late,
           "the gateway was silent for {silence} s, then answered all at once, as it does when"
           " somebody accepts a dialog in its window",
           next_steps=(TRUST,
                       "If nobody accepted a dialog, check the machine's load, then the gateway.",
                       AGAIN_LATER), is_the_gateways=True),
    Branch("slow-handshake", "the handshake is complete, but over budget",
           _is_slow,
           "the handshake took longer than {budget:g} s",
           next_steps=("Look at the machine's load and at the gateway's own status.", AGAIN_LATER),
           is_the_gateways=True),
    *ACCESS,
    Branch("machine-suspended", "the clocks come apart during the soak, or a heartbeat is late",
           lambda seen: False,
           "this machine was suspended during the soak, or its clock was set",
           next_steps=("Keep this machine from going to sleep, for as long as it trades.",
                       AGAIN_LATER)),
    Branch("master-client-id", "its settings have another master client id",
           failed("handshake.master-client-id"),
           "the gateway's master client id is {master}, neither {client_id} nor blank",
           next_steps=("In the gateway's API settings, set Master API client ID to {client_id}.",
                       AGAIN_LATER)),
    Branch("untrusted-address", "its settings do not name the address we connect from",
           failed("handshake.trusted-addresses"),
           "the address of this client is not among the gateway's trusted IPs",
           next_steps=("Add {own_address} to Trusted IPs in the gateway's API settings.",
                       AGAIN_LATER)),
    *SESSION,
    Branch("positions-mismatch", "more or fewer open positions than expected",
           failed("positions.count"),
           "there are {count} open positions, {expected} are expected",
           next_steps=("Compare the positions in the report with the account statement.",
                       "If they are right, correct ExpectedPositions in {settings}.",
                       AGAIN_LATER)),
    *PROGRAMS,
)  # fmt: skip

TREE = tuple(replace(each, applies=any_of(each.applies, ended(each.code))) for each in _BRANCHES)
"""Each of them applies as well where it is what ended a soak."""

BY_CODE = {branch.code: branch for branch in TREE}

UNEXPLAINED = Branch("unexplained", "any other step fails", lambda seen: True,
                     "step {failed} failed",
                     next_steps=("Look at what this step observed.", AGAIN))  # fmt: skip
