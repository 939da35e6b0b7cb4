"""The branches of a gateway that runs but is not logged in, so that nothing listens.

The cause is what its own log says of its login, and the cure is in its own window: the login of a
second gateway would end that of the first.
"""

from __future__ import annotations

from collections.abc import Callable

from golive.diagnosis.branch import AGAIN, Branch
from golive.diagnosis.seen import Seen
from golive.machine.on_disk.logins import Phase

WAIT = "After the login wait {initialization}. Do not touch its window."
ONE_GATEWAY = "{one_gateway}"
"""Start the one that is missing, or no second one beside it."""


def _is_at(*phases: Phase) -> Callable[[Seen], bool]:
    """Whether nothing listens, or no answer comes, and the login has got just so far."""

    def asked(seen: Seen) -> bool:
        if not seen.is_shut and not seen.does_not_answer:
            return False
        return seen.login is not None and seen.login.phase in phases

    return asked


def _is_without_listener(seen: Seen) -> bool:
    """Logged in. Without a process it does not count: the gateway may have ended since."""
    return seen.is_shut and seen.waiting is not None and _is_at("logged-in")(seen)


def _is_not_logged_in(seen: Seen) -> bool:
    """It runs, and its log gives no reason that has a branch of its own."""
    under_way = _is_at("starting", "under-way")(seen)
    untold = seen.waiting is not None and seen.login is None and not _was_refused(seen)
    return seen.is_shut and (untold or under_way)


def _was_refused(seen: Seen) -> bool:
    """The login of the process that is seen, else of the last program in a log."""
    if seen.login is not None:
        return _is_at("rejected")(seen)
    if seen.waiting is None and seen.other_listeners:
        return False  # the log may be that of who listens there
    failed = seen.logs is not None and seen.logs.authentication_failed is not None
    return failed and (seen.is_shut or seen.does_not_answer)


def of(written: str) -> tuple[Branch, ...]:
    """In their order. `written` is the branch of the written tree, for the one that has one."""
    return (
        Branch("second-factor-pending", "nothing listens or no answer comes, and the gateway's log"
               " says that its login waits for the second factor",
               _is_at("second-factor"),
               "{the_gateway} has been waiting for the second factor since {login_at}.",
               next_steps=("Approve the login in IBKR Mobile, or enter the code in {its_window}.",
                           ONE_GATEWAY, WAIT, AGAIN), is_the_gateways=True),
        Branch("second-factor-expired", "nothing listens or no answer comes, and the gateway's log"
               " says that the second factor came too late",
               _is_at("second-factor-expired"),
               "{the_gateway} is not logged in: the second factor was not given in time, and IBKR"
               " ended the login at {login_at}.",
               next_steps=("Have IBKR Mobile ready, then log in again, once, in {its_window}.",
                           ONE_GATEWAY, WAIT, AGAIN), is_the_gateways=True),
        Branch("login-throttled", "nothing listens or no answer comes, and the gateway's log"
               " says that logins are paused after several failures",
               _is_at("throttled"),
               "{the_gateway} allows no login until {login_until}: too many logins failed.",
               next_steps=("Do not log in before {login_until}. A failure prolongs the pause.",
                           "Check user name and password, then log in, once, in {its_window}.",
                           ONE_GATEWAY, WAIT, AGAIN), is_the_gateways=True),
        Branch("session-taken", "nothing listens or no answer comes, and the gateway's log"
               " says that another session of the user took over its login",
               _is_at("session-taken"),
               "Another session of the same user took over the login of {the_gateway} at"
               " {login_at}.",
               next_steps=("End that session. It may be TWS, a gateway, Client Portal or Mobile.",
                           "Then log in again, once, in {its_window}.",
                           ONE_GATEWAY, WAIT, AGAIN), is_the_gateways=True),
        Branch("login-unanswered", "nothing listens or no answer comes, and the gateway's log"
               " says that IBKR did not answer the login",
               _is_at("unanswered"),
               "IBKR has not answered the login of {the_gateway} since {login_at}.",
               next_steps=("Check this machine's network and IBKR's system status page.",
                           "Log this user out everywhere else. Another session may hold the login.",
                           "If it does not retry by itself, log in, once, in {its_window}.",
                           ONE_GATEWAY, WAIT, AGAIN), is_the_gateways=True),
        Branch("authentication-failed", "nothing listens or no answer comes, and the gateway's log"
               " says that its last login failed",
               _was_refused,
               "The gateway is not logged in: its log says that the last login failed.",
               next_steps=("Look at {its_window}.",
                           "Check user name and password. Log in once: failures can lock the user.",
                           ONE_GATEWAY, WAIT, AGAIN), written=written, is_the_gateways=True),
        Branch("logged-in-not-listening", "nothing listens, and a gateway runs that is logged in"
               " according to its log",
               _is_without_listener,
               "{the_gateway} has been logged in since {login_at}, but does not listen on port"
               " {port}.",
               next_steps=("If it has only just logged in, wait {initialization}.",
                           "In its API settings, enable socket clients and set the port to {port}.",
                           ONE_GATEWAY, AGAIN), is_the_gateways=True),
        Branch("gateway-not-logged-in", "nothing listens, and a gateway runs whose login is not"
               " complete or not known",
               _is_not_logged_in,
               "{the_gateway} does not listen on port {port}. {login_so_far}.",
               next_steps=("Complete the login, or answer its question, in {its_window}.",
                           ONE_GATEWAY, WAIT, AGAIN), is_the_gateways=True),
    )  # fmt: skip
