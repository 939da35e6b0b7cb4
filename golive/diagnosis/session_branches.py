"""Branches of the decision tree about the open session: what the gateway said and answered."""

from __future__ import annotations

from collections.abc import Callable

from golive.client.messages import diagnosis_code, is_of_the_whole_session
from golive.diagnosis.branch import AGAIN, Branch, failed
from golive.diagnosis.recovery import SUPPORT
from golive.diagnosis.seen import Seen

MOST_ACCOUNTS = 50
"""The most that reqPositions is documented to work with."""

RESTART_FOR_THE_LINK = (
    "If 1100 or 2110 persists although network and IBKR are fine, restart the gateway"
    " (Procedure A). Nothing else is known to help."
)


def ended(code: str) -> Callable[[Seen], bool]:
    """Whether that is what ended a soak; the tree asks it of every code."""
    return lambda seen: seen.failed_in("soak") and seen.held_until == code


def any_of(*asked: Callable[[Seen], bool]) -> Callable[[Seen], bool]:
    return lambda seen: any(each(seen) for each in asked)


def said(code: str) -> Callable[[Seen], bool]:
    """Whether the gateway said, in the run's own connection, what leads to this diagnosis."""
    return lambda seen: (
        seen.against is not None
        and diagnosis_code(seen.against) == code
        and any(map(seen.failed_in, ("handshake", "positions", "soak", "afterwards")))
        and not _is_read_only(seen)
        and not _has_too_many_accounts(seen)
    )


def _is_read_only(seen: Seen) -> bool:
    """It refuses; or it grants access, and the step failed because its settings say so."""
    found = seen.access
    says_so = found is not None and (found.refusal is not None or found.is_granted)
    return failed("handshake.read-only-off")(seen) and says_so


_has_no_positions = failed("positions.complete", "soak.positions")
_is_unsettled = failed("positions.settled", "soak.positions", "afterwards.closed-cleanly")


def _is_half_open(seen: Seen) -> bool:
    asked = failed("handshake.read-only-off")(seen) and not _is_read_only(seen)
    said_why = seen.was_closed_on or seen.was_garbled or seen.against is not None
    return (asked or _is_left_open(seen)) and not said_why


def _is_left_open(seen: Seen) -> bool:
    """All was answered except the last request, after the positions."""
    is_explained = seen.changed or _has_other_accounts(seen) or _floods(seen)
    return failed("positions.settled")(seen) and not is_explained


def is_garbled(seen: Seen) -> bool:
    """After the handshake something came that is no message of the protocol."""
    asked = failed("handshake.read-only-off")(seen) or _has_no_positions(seen)
    return (asked or _is_unsettled(seen)) and seen.was_garbled


def _has_other_accounts(seen: Seen) -> bool:
    return _is_unsettled(seen) and seen.behind is not None and seen.behind.has_other_accounts


def _has_changed(seen: Seen) -> bool:
    return _is_unsettled(seen) and seen.changed


def _contradicts_itself(seen: Seen) -> bool:
    return _has_no_positions(seen) and bool(seen.positions and seen.positions.contradictions)


def _floods(seen: Seen) -> bool:
    at_once = _has_no_positions(seen) and bool(seen.positions and seen.positions.is_flood)
    return at_once or (_is_unsettled(seen) and bool(seen.behind and seen.behind.is_flood))


def _has_too_many_accounts(seen: Seen) -> bool:
    """For reqPositions, which is why the positions did not come."""
    accounts = seen.handshake.accounts if seen.handshake else ()
    no_end = seen.positions is None or not seen.positions.has_ended
    is_another_matter = seen.against is not None and is_of_the_whole_session(seen.against)
    is_too_many = len(accounts) > MOST_ACCOUNTS and not is_another_matter
    return _has_no_positions(seen) and no_end and is_too_many


def _is_incomplete(seen: Seen) -> bool:
    known = (_contradicts_itself, _floods, _has_too_many_accounts)
    said_why = seen.against is not None or seen.was_closed_on or seen.was_garbled
    explained = said_why or any(each(seen) for each in known)
    return _has_no_positions(seen) and not explained and not _is_unsettled_only(seen)


def _is_unsettled_only(seen: Seen) -> bool:
    """After a soak: all rows came, and changed after their end."""
    return failed("soak.positions")(seen) and (_has_changed(seen) or _has_other_accounts(seen))


def _was_dropped(seen: Seen) -> bool:
    if seen.against is not None:
        return False
    asked = failed("handshake.read-only-off", "positions.settled")(seen) or _has_no_positions(seen)
    at_last = failed("afterwards.closed-cleanly")(seen)
    is_explained = seen.changed or _has_other_accounts(seen) or seen.was_garbled or _floods(seen)
    return (asked and seen.was_closed_on) or (at_last and not is_explained)


ACCESS: tuple[Branch, ...] = (
    Branch("read-only-api", "error 321 in reply to a request for ids, or its settings say so",
           _is_read_only,
           "The gateway's Read-Only API is on: it would refuse every order.",
           next_steps=("Turn Read-Only API off in the gateway's API settings.", AGAIN)),
    Branch("half-open", "no more answers once the handshake is complete",
           _is_half_open,
           "The gateway completed the handshake, then stopped answering.", "A",
           is_the_gateways=True),
)  # fmt: skip

SESSION: tuple[Branch, ...] = (
    Branch("login-not-usable", "error 10141", said("login-not-usable"),
           "The login cannot be used until somebody acts in the gateway's window ({said}).",
           next_steps=("Read and accept the paper trading disclaimer in the window of {gateway}.",
                       "If there is no such window, log out of {gateway} and log in again.",
                       AGAIN)),
    Branch("port-changed", "error 1300", said("port-changed"),
           "The gateway's API port was changed during the session ({said}).",
           next_steps=("Look up the current port in the gateway's API settings.",
                       "Set it back to {port}, or set Port in {settings} to that one.",
                       AGAIN)),
    Branch("connectivity-lost", "error 1100, 1101 or 2110, and no 1102 after it",
           said("connectivity-lost"),
           "The gateway lost its link to IBKR.",
           next_steps=("Check this machine's network and IBKR's system status page.",
                       "Wait until the gateway's window says connected. " + AGAIN),
           otherwise=(RESTART_FOR_THE_LINK, SUPPORT)),
    Branch("positions-not-available", "error 2151 or 10275", said("positions-not-available"),
           "The gateway says that it cannot send all positions ({said}).",
           next_steps=("Log this user out everywhere else: TWS, Client Portal, IBKR Mobile.",
                       "On error 10275, look for an unfinished application in Client Portal.",
                       "Do not change ExpectedPositions: the positions are not complete.",
                       AGAIN)),
    Branch("too-many-accounts", "positions do not arrive, and the login has more than 50 accounts",
           _has_too_many_accounts,
           "The login has {accounts} accounts. With more than 50 the API cannot send all"
           " positions at once.",
           next_steps=("Log in as a user with access to at most 50 accounts.",
                       "A restart does not help. TWS does not help either.", AGAIN)),
    Branch("request-refused", "error 321, 10999 or a similar one",
           said("request-refused"),
           "The gateway refused a request ({said}).",
           next_steps=("Look for the reason in the gateway's window and in its API settings.",
                       AGAIN)),
    Branch("gateway-in-trouble", "any other error that does not carry another program's request id",
           said("gateway-in-trouble"),
           "The gateway sent a message that is not known to be harmless ({said}).",
           next_steps=("Look up that code in IBKR's list of API message codes and follow it.",
                       AGAIN),
           is_the_gateways=True),
    Branch("accounts-changed", "after the handshake the gateway names different accounts",
           _has_other_accounts,
           "After the handshake the gateway named different accounts.",
           next_steps=("Find out who else logs in to {gateway} or changes its login.",
                       AGAIN)),
    Branch("positions-changed", "rows after the end of the positions change the account's"
                                " quantities",
           _has_changed,
           "Positions changed right after the gateway had sent them.",
           next_steps=("Check whether an order in this account was just filled.",
                       AGAIN)),
    Branch("positions-contradictory", "two rows for the same contract differ", _contradicts_itself,
           "The gateway sent two different rows for the same contract.",
           next_steps=("Look up that contract in the account statement and in {gateway}.",
                       AGAIN)),
    Branch("flood", "more position rows arrive than any account has", _floods,
           "The gateway sent more position rows than any account has.", "A",
           is_the_gateways=True),
    Branch("connection-lost", "the gateway closes the connection after the handshake",
           _was_dropped,
           "The gateway closed the connection after the handshake.", "A", is_the_gateways=True),
    Branch("positions-incomplete", "positionEnd does not arrive", _is_incomplete,
           "The gateway did not finish sending its positions.", "A", is_the_gateways=True),
)  # fmt: skip
