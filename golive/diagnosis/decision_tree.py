"""The decision tree as data: its branches in the order in which they are to be fixed.

The first branch that applies names the cause, every other that applies is named behind it. A branch
claims no more than was seen; `docs/causes` has a page of each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from golive.diagnosis import login_branches
from golive.diagnosis.branch import AGAIN, Branch, failed
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
    """Its log has an entry for the attempt, so its listener works."""
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
    "Close these programs, or end them: {end_others}",
    "If one does not end: {end_others_firmly}",
    "Or have the procedure end them first: {kill_stale}",
    AGAIN,
)
TRUST = "In its API settings, add {own_address} to Trusted IPs. Then it no longer asks."
REINSTALL = "Check with `python -m pip list`, then reinstall: pip install -r requirements/run.txt"

_BRANCHES: tuple[Branch, ...] = (
    Branch("ibapi-not-the-one", "an environment.ibapi step fails",
           failed("environment.one-ibapi", "environment.ibapi-version",
                   "environment.ibapi-unmodified"),
           "ibapi is missing, installed twice, not the pinned version, or its files were changed.",
           next_steps=(REINSTALL, AGAIN)),
    Branch("settings-changed", "the settings file changed after the run had begun",
           failed("environment.settings"),
           "{settings} was changed while the run was starting.",
           next_steps=("Run again{not_before}: {again}",)),
    Branch("client-id-changed", "ClientId is not the pinned one, or not that of the last attempt",
           failed("environment.client-id"),
           "ClientId is {configured_id}, but {other_ids}.",
           next_steps=("{set_client_id}", AGAIN)),
    Branch("identity-mismatch", "port, IsPaperTrading and ExpectedAccount contradict each other",
           failed("environment.identity"),
           "Port, IsPaperTrading and ExpectedAccount contradict each other.",
           next_steps=("Correct {settings}: {disagreements}.", AGAIN)),
    Branch("another-run", "another run holds the lock of this endpoint",
           failed("environment.only-run"),
           "Another run is using this endpoint: {other_run}.",
           next_steps=("{end_run}", AGAIN)),
    Branch("cool-down", "the last failed attempt was less than RetryCooldownSeconds ago",
           failed("environment.cool-down"),
           "The last attempt failed {last_when}: {last_outcome}. The cool-down after it is"
           " {wait} s.{undated}",
           next_steps=("First do what that failure asked for ({last_outcome}).", AGAIN)),
    Branch("flipping", "the endpoint would change twice within RetryCooldownSeconds",
           failed("environment.no-flipping"),
           "You would switch between Gateway and TWS twice within {cooldown} s.",
           next_steps=("Choose one of them and stay with it.", AGAIN)),
    Branch("attempt-forbidden", "the endpoint's lock was removed or replaced during the"
           " run, or the run that started this program has ended",
           lambda seen: bool(seen.forbidden),
           "No attempt was made: {forbidden}.",
           next_steps=("Do not touch the state folder or its files during a run.",
                       AGAIN)),
    Branch("not-remembered", "the attempt cannot be recorded in the state folder",
           lambda seen: failed("handshake.one-attempt")(seen) and bool(seen.unremembered),
           "No attempt was made, because it could not be recorded: {unremembered}.",
           next_steps=("Free space on that disk, and make that folder writable for this user.",
                       "Or name another folder in GOLIVE_STATE. It knows no earlier attempts.",
                       AGAIN)),
    Branch("another-client", "another client is connected", _has_company,
           "Another client is connected to port {port}, or is trying to connect.",
           next_steps=CLOSE),
    Branch("stale-client", "a program listed in StaleProcesses is running", _is_stale,
           "A program listed in StaleProcesses is running.",
           next_steps=CLOSE),
    Branch("not-observable", "something that GO needs cannot be observed from here",
           lambda seen: bool(seen.unobserved),
           "GO needs something that cannot be observed here: {unobserved}.",
           next_steps=("Run this on the gateway's own machine.",
                       "Run it as a user who may see the gateway's process and sockets.", AGAIN)),
    Branch("zombies", "a socket on the port is in CLOSE_WAIT, or one was after an earlier attempt"
           " and the gateway has not been restarted since",
           lambda seen: seen.zombies or failed("gateway.restarted", "monitor.no-zombies")(seen),
           "{abandoned}", "A",
           written=ZOMBIES, is_the_gateways=True),
    Branch("wrong-address", "the port is open, but at another address of this machine than Host",
           lambda seen: failed("gateway.listening")(seen) and bool(seen.elsewhere),
           "Nothing listens on port {port} at {host}, but something does at {elsewhere}.",
           next_steps=("See which program listens there: {list_listeners}",
                       "If that is the gateway, set Host in {settings} to that address.",
                       "If not, {log_in}", AGAIN)),
    *login_branches.of(NOT_LOGGED_IN),
    Branch("wrong-port", "nothing listens on the port, but something does on another of the four",
           lambda seen: failed("gateway.listening")(seen) and bool(seen.other_listeners),
           "Nothing listens on port {port}, but something does on {others}.",
           next_steps=("If that is the right port, set Port in {settings}. Or correct the gateway.",
                       "If not, {log_in}", AGAIN), written=WRONG_PORT),
    Branch("gateway-not-running", "nothing listens on the port, and no gateway process was found",
           _does_not_run,
           "Nothing listens on port {port}.",
           next_steps=("Check that no {gateway} is running: {find}",
                       "Start {gateway} and log in: {start}",
                       "After the login wait {initialization}. Do not touch its window.",
                       AGAIN), written=NOT_RUNNING, is_the_gateways=True),
    Branch("gateway-restarted", "the listening process ends during the run, or another one"
                                " replaces it",
           failed("gateway.initialized", "afterwards.still-listening"),
           "The gateway ended or was restarted during the run.",
           next_steps=("Wait until the gateway's window says connected.", AGAIN),
           is_the_gateways=True),
    Branch("too-early", "no answer from a gateway that has been up for less than a minute",
           _is_young,
           "The gateway did not answer. It had been up for only {up}.",
           next_steps=("Wait. Do not touch its window.", AGAIN),
           written=TOO_EARLY, is_the_gateways=True),
    Branch("connection-not-accepted", "the gateway does not answer the hello or startApi,"
                                      " although its log"
           " has an entry for the attempt",
           _is_kept_waiting,
           "The gateway logged the attempt but did not answer it. It may be waiting for"
           " somebody to accept the connection in its window.",
           next_steps=("Look at the gateway's window. If a dialog is open there, answer it.",
                       TRUST, "Do not reinstall: its API listener works.",
                       AGAIN), is_the_gateways=True),
    Branch("api-listener-stuck", "connections wait to be accepted, or the gateway does not"
                                 " answer the"
           " hello or startApi and no readable log has an entry for the attempt",
           _is_stuck,
           "{stuck}", "B",
           written=STUCK, is_the_gateways=True),
    Branch("handshake-refused", "the gateway closes the connection at once or after startApi",
           _stopped("closed-at-once", "closed-after-start"),
           "Port {port} accepted the connection, then closed it instead of answering.",
           next_steps=("Check in the gateway's API settings that {own_address} is a trusted IP.",
                       "Look for a forwarder such as socat. It accepts when the gateway is down.",
                       AGAIN), is_the_gateways=True),
    Branch("other-protocol", "the answer is HTTP, TLS or another known protocol",
           _speaks_another_protocol,
           "Port {port} speaks {spoken}{spoken_by}, not the API protocol.",
           next_steps=("See which program listens on port {port}: {list_listeners}",
                       "Set Port in {settings} to the API port of IB Gateway or TWS.",
                       AGAIN)),
    Branch("protocol-error", "the answer is not a message of the API protocol",
           any_of(_is_no_protocol, is_garbled),
           "What port {port} sent is not the API protocol.",
           next_steps=("See which program listens on port {port}: {list_listeners}",
                       AGAIN), is_the_gateways=True),
    Branch("client-id-in-use", "error 326", said("client-id-in-use"),
           "The gateway says that client id {client_id} is already in use (error 326).",
           next_steps=("Close the client that uses it. It may be a session from before a restart.",
                       "Do not change the client id.", AGAIN)),
    Branch("no-id-no-account", "messages arrive, but neither nextValidId nor an account",
           _is_half_there,
           "The gateway sent messages, but neither a next valid id nor an account.", "A",
           is_the_gateways=True),
    Branch("no-next-valid-id", "accounts arrive, nextValidId does not",
           _stopped("no-next-valid-id"),
           "The gateway sent its accounts, but no next valid id.", "A",
           is_the_gateways=True),
    Branch("no-managed-accounts", "nextValidId arrives, no account does",
           _stopped("no-managed-accounts"),
           "The gateway sent the next valid id, but no account.", "A",
           is_the_gateways=True),
    Branch("account-misspelt",
           "ExpectedAccount differs only in case or spaces from an account of the login",
           lambda seen: _is_another_account(seen) and bool(seen.meant_account),
           "ExpectedAccount differs from an account of the gateway's login only in case or spaces.",
           next_steps=("In {settings}, write ExpectedAccount as the gateway does: {meant_account}",
                       AGAIN)),
    Branch("wrong-account",
           "the login does not have the expected account, or is paper where live was expected",
           lambda seen: _is_another_account(seen) and not seen.meant_account,
           "The gateway is logged in to another account than expected, or to paper instead of"
           " live.",
           next_steps=("Log in to the expected account, or correct ExpectedAccount in {settings}.",
                       AGAIN)),
    Branch("accepted-by-hand", "the handshake is over budget, and nearly all of that time, a"
                               " second or"
           " more, is silence before the version",
           _was_accepted_late,
           "The gateway was silent for {silence} s, then answered all at once, as it does when"
           " somebody accepts a dialog in its window.",
           next_steps=(TRUST,
                       "If nobody accepted a dialog, check the machine's load, then the gateway's.",
                       AGAIN), is_the_gateways=True),
    Branch("slow-handshake", "the handshake is complete, but over budget",
           _is_slow,
           "The handshake took longer than {budget:g} s.",
           next_steps=("Check the machine's load and the gateway's own status.", AGAIN),
           is_the_gateways=True),
    *ACCESS,
    Branch("machine-suspended", "the clocks drift apart during the soak, or a heartbeat is late",
           lambda seen: False,
           "This machine was suspended during the soak, or its clock was set.",
           next_steps=("Keep this machine from going to sleep while it trades.",
                       AGAIN)),
    Branch("master-client-id", "the gateway's settings have another master client id",
           failed("handshake.master-client-id"),
           "The gateway's master client id is {master}. It must be {client_id} or blank.",
           next_steps=("In the gateway's API settings, set Master API client ID to {client_id}.",
                       AGAIN)),
    Branch("untrusted-address", "the gateway's trusted IPs do not include the address golive"
                                " connects from",
           failed("handshake.trusted-addresses"),
           "The gateway's trusted IPs do not include this client's address.",
           next_steps=("Add {own_address} to Trusted IPs in the gateway's API settings.",
                       AGAIN)),
    *SESSION,
    Branch("positions-mismatch", "more or fewer open positions than expected",
           failed("positions.count"),
           "{count} arrived, {expected} were expected.",
           next_steps=("Compare the positions in the report with the account statement.",
                       "If the positions are right, correct ExpectedPositions in {settings}.",
                       AGAIN)),
    *PROGRAMS,
)  # fmt: skip

TREE = tuple(replace(each, applies=any_of(each.applies, ended(each.code))) for each in _BRANCHES)
"""Each of them applies as well where it is what ended a soak."""

BY_CODE = {branch.code: branch for branch in TREE}

UNEXPLAINED = Branch("unexplained", "any other step fails", lambda seen: True,
                     "The check {failed} failed, and no known cause explains it.",
                     next_steps=("Look at what this check observed.", AGAIN))  # fmt: skip
