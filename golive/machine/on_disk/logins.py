"""How far a gateway's login has come, told from launcher.log, which no build encrypts.

| what stands in a line | tells | known from |
| --- | --- | --- |
| `IB GATEWAY RESTART` between dashes | a new program | ib-gateway-mcp |
| `SPLASH ... Authenticating`, `NS_AUTH_START`, `Passed pwd` | a login is under way | the same |
| `Received CHALLENGE` | the second factor is waited for | the same |
| `Authorization failed: SUPPRESS_MESSAGE_BOX` | IBKR ended that: nobody gave it | the same |
| `AuthTimeoutMonitor-CCP: Timeout`, `... timeout` | IBKR did not answer | ibg-controller |
| `Too many failed login attempts. ...` | logins are paused for so long | ib-gateway-mcp |
| `indicates wrong password`, another `Authorization failed` | refused | the same |
| `COMPETE`, `session kicked out` | another session of the user took the login | QuantConnect |
| `authenticated=true`, `Switching to a new encrypted log` | logged in | ib-gateway-mcp |

`COMPETE [msg=...]` alone is no loss: a login that goes on without competition says it as well.
The log is one for all gateways of a folder, so a line is of the program that began last before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from golive.machine.on_disk.log_lines import Line

Phase = Literal[
    "starting", "under-way", "second-factor", "second-factor-expired", "unanswered", "throttled",
    "rejected", "session-taken", "logged-in",
]  # fmt: skip

IN_WORDS: dict[Phase, str] = {
    "starting": "no login has begun",
    "under-way": "its login is under way",
    "second-factor": "it is waiting for the second factor",
    "second-factor-expired": "the second factor was not given in time",
    "unanswered": "IBKR did not answer its login",
    "throttled": "it allows no login for a while because too many failed",
    "rejected": "its login was refused",
    "session-taken": "another session of the same user took its login",
    "logged-in": "it is logged in",
}

RESTARTED = re.compile(r"-{5,} .*RESTART -{5,}")
CHALLENGE = re.compile(r"Received CHALLENGE\b")
ENDED = re.compile(r"Authorization failed: SUPPRESS_MESSAGE_BOX")
"""IBKR closes the login without a word to show: what was waited for did not come."""
_PAUSE = re.compile(
    r"Please wait (?:(\d{1,3}) hours? & )?"
    r"(?:(\d{1,3}) minutes? & )?(\d{1,4}) seconds?"
)

_PHASES: tuple[tuple[Phase, re.Pattern[str]], ...] = (
    ("starting", RESTARTED),
    ("session-taken", re.compile(r"COMPETE\b.*\bkicked out|\bsession kicked out", re.I)),
    ("second-factor", CHALLENGE),
    ("throttled", re.compile(r"Too many failed login attempts")),
    ("unanswered", re.compile(
        r"AuthTimeoutMonitor-CCP: Timeout|^Authentication timeout"
        r"|SPLASH Attempt \d+: (?:network|server) error")),
    ("rejected", re.compile(
        r"Authentication failed|Authorization failed|indicates wrong password"
        r"|onAuthenticationCompleted .*authenticated=false")),
    ("logged-in", re.compile(
        r"onAuthenticationCompleted .*authenticated=true|Switching to a new encrypted log"
        r"|API server listening on port")),
    ("under-way", re.compile(
        r"runLoginWithUI|SPLASH .*(?:Connecting to server|Authenticating)|NS_AUTH_START"
        r"|Starting password Authentication|Passed pwd authentication|Finished authentication",
        re.IGNORECASE)),
)  # fmt: skip

_ENDS: tuple[Phase, ...] = ("rejected", "second-factor-expired", "unanswered")

_AT_ONCE = timedelta(seconds=5)
"""A program tells its start in two logs, and two clocks tell it."""
_TO_BEGIN = timedelta(minutes=2)
"""From the start of a process to the first line of its log, on a slow machine."""


@dataclass(frozen=True, slots=True)
class Login:
    """The last word about a login, and since when it holds; `heard` is when any line came last.

    `until` is when a pause of logins is over, where it is one. Moments are UTC.
    """

    phase: Phase
    at: datetime
    heard: datetime
    until: datetime | None = None

    @property
    def in_words(self) -> str:
        return IN_WORDS[self.phase]


def last(lines: Sequence[Line], started: datetime | None = None) -> Login | None:
    """The login of the program that started then, from lines in order of time; None if unknown.

    Without a start it is the login of the program that began last.
    """
    login: Login | None = None
    for line in _of_the_program(lines, started):
        login = _heard(login, line)
    return login


def _of_the_program(lines: Sequence[Line], started: datetime | None) -> Iterable[Line]:
    begun = _starts(lines)
    if started is None:
        since = begun[-1] if begun else None
    else:
        fitting = (each for each in begun if -_AT_ONCE <= each - started <= _TO_BEGIN)
        since = next(fitting, None)
        if since is None:
            return []
    until = next((each for each in begun if since is not None and each > since), None)
    return [
        line
        for line in lines
        if (since is None or line.at >= since) and (until is None or line.at < until)
    ]


def _starts(lines: Iterable[Line]) -> list[datetime]:
    """When programs began, each once."""
    found: list[datetime] = []
    for line in lines:
        if RESTARTED.search(line.text) and not (found and line.at - found[-1] < _AT_ONCE):
            found.append(line.at)
    return found


def phase_of(line: Line) -> Phase | None:
    """What a line says by itself; None if nothing about a login."""
    return next((name for name, pattern in _PHASES if pattern.search(line.text)), None)


def _heard(login: Login | None, line: Line) -> Login | None:
    """The login after this line."""
    phase = phase_of(line)
    before = login.phase if login else None
    if phase == "rejected" and ENDED.search(line.text):
        waited = before in ("second-factor", "second-factor-expired")
        phase = "second-factor-expired" if waited else "unanswered"
    elif phase == "rejected" and before in _ENDS and "authenticated=false" in line.text:
        phase = before
    if phase is None or phase == before != "throttled":
        return replace(login, heard=line.at) if login else None
    return Login(phase, line.at, line.at, _until(line) if phase == "throttled" else None)


def _until(line: Line) -> datetime | None:
    found = _PAUSE.search(line.text)
    if found is None:
        return None
    hours, minutes, seconds = (int(each or 0) for each in found.groups())
    return line.at + timedelta(hours=hours, minutes=minutes, seconds=seconds)
