"""How a login goes, in the lines that a gateway writes about it: one that succeeds, and others.

Texts and threads are those of recordings, cut down to what tells a login from another
(ib-gateway-mcp, ibg-controller #7; `session kicked out`: QuantConnect's brokerage). A recording of
that last line with its thread was not found; the thread is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

Line = tuple[str, str]
"""The thread, and what it says."""

SUCCEEDS = "succeeds"

MAIN, WINDOW, LOGIN = "JTS-Main", "AWT-EventQueue-0", "JTS-Login-14"
AUTHENTICATION = "JTS-AuthDispatcherS2-18"

WRONG_PASSWORD = "AUTH_RESULT indicates wrong password"
REJECTED = """\
Authorization failed: Invalid username or password. \n
Please check the "Caps Lock" key; passwords are case sensitive. MessageType: null. FailReason: 1"""
"""One entry of several lines, as in ib-gateway-mcp's recording, here without its further advice."""
ENDED = "Authorization failed: SUPPRESS_MESSAGE_BOX. MessageType: null. FailReason: 2147483647"
PAUSED = "Too many failed login attempts. Please wait 4 minutes & 55 seconds before attempting"

_ASKED: tuple[Line, ...] = (
    (AUTHENTICATION, "Starting password Authentication"),
    (AUTHENTICATION, "Received AUTH_RESULT"),
)
_PASSED: tuple[Line, ...] = (*_ASKED, (AUTHENTICATION, "Passed pwd authentication."))
_CHALLENGED: tuple[Line, ...] = (
    *_PASSED,
    (AUTHENTICATION, "Received CHALLENGE"),
    (AUTHENTICATION, "AuthTimeoutMonitor-CCP: pause"),
)
_EXPIRED: tuple[Line, ...] = (*_CHALLENGED, ("JTS-Fuse-ClosedSocket-92", ENDED))


def _completed(authenticated: bool) -> tuple[Line, ...]:
    flag = str(authenticated).lower()
    return (
        (AUTHENTICATION, "Authentication completed."),
        (
            AUTHENTICATION,
            f"### onAuthenticationCompleted tokenProtocol=0; authenticated={flag}",
        ),
    )


LOGINS: dict[str, tuple[Line, ...]] = {
    SUCCEEDS: (*_PASSED, *_completed(True)),
    "rejected": (
        *_ASKED,
        (AUTHENTICATION, WRONG_PASSWORD),
        (AUTHENTICATION, REJECTED),
        *_completed(False),
    ),
    "second-factor": _CHALLENGED,
    "second-factor-expired": _EXPIRED,
    "throttled": (*_EXPIRED, (WINDOW, f"{PAUSED} to re-login again.")),
    "unanswered": (
        ("JTS-AuthTimeoutMonitorThread-CCP-19", "AuthTimeoutMonitor-CCP: Timeout!"),
        ("JTS-AuthTimeoutMonitorThread-CCP-19", "Authentication timeout"),
    ),
    "session-taken": (
        *_PASSED,
        *_completed(True),
        (AUTHENTICATION, "COMPETE: session kicked out"),
    ),
    "not-begun": (),
}
"""By name: what it writes once its program has started."""


def lines(login: str, started: datetime) -> Iterator[Line]:
    """Of a program that started then, in full."""
    yield MAIN, f"{'-' * 31} IB GATEWAY RESTART {'-' * 32}"
    yield WINDOW, f"Started on {started.astimezone(UTC):%Y%m%d-%H:%M:%S}"
    if login != "not-begun":
        yield LOGIN, "SPLASH Authenticating"
    yield from LOGINS[login]
