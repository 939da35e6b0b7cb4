"""What a gateway's own logs say of an attempt, of its login and of its API.

The lines are those of recordings: listener, mode and conversations (revred/AutoRevOption, ib-ruby,
gofinance/ib #17, IB4m #143), starts and logins (ib-gateway-mcp). Newer builds encrypt their log
once they are logged in; then `launcher.log` tells the login, and nothing tells of attempts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from itertools import chain

from golive.kit.masking import without
from golive.machine.on_disk import log_files, logins
from golive.machine.on_disk.gateway_files import GatewayFiles
from golive.machine.on_disk.log_files import Log, Window
from golive.machine.on_disk.log_lines import Line
from golive.machine.on_disk.log_subject import Subject
from golive.machine.on_disk.logins import Login

MOST_LINES = 20
MOST_CHARACTERS = 300
WEEK = timedelta(days=7)
"""IBKR ends every login once a week: what is older tells nothing of today."""

ANY = Subject()
"""Whichever gateway it is."""

_ENTRY = re.compile(
    r"State: \w+, IsAPI|Starting new conversation with client|Start API message"
    r"|API failed to read client version|ArEServer: Adding"
)
_LOGGED_IN = re.compile(
    r"Passed pwd authentication|onAuthenticationCompleted .*authenticated=true"
    r"|Switching to a new encrypted log"
)
_FAILED = re.compile(
    r"Authentication failed|Authorization failed: (?!SUPPRESS_MESSAGE_BOX)"
    r"|Authorization failed$|indicates wrong password"
)
_NOT_LOGGED_IN = re.compile(r"onAuthenticationCompleted .*authenticated=false")
_LISTENING = re.compile(r"API server listening on port (\d{1,5})\b")
_READ_ONLY = re.compile(r"API in Read-Only mode: (true|false)")


@dataclass(frozen=True, slots=True)
class GatewayLogs:
    """Facts, None where no log tells. Moments are UTC; texts are printable ASCII, and masked."""

    read: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    """Which logs, or places, could not be read, and why."""
    attempt_seen: bool | None = None
    """Whether a log has an entry for the attempt; None: no readable log would tell."""
    attempt_log: str = ""
    """The log that has it, or would have it."""
    authentication_failed: str | None = None
    """Time and text of the last login's refusal; a later login or start undoes it."""
    login: Login | None = None
    """How far the login of the program has come that started when it was asked for."""
    restarted: datetime | None = None
    logged_in: datetime | None = None
    listening_port: int | None = None
    read_only: bool | None = None
    lines: tuple[str, ...] = ()
    """The log lines these facts are from, the last ones, with this machine's local time."""


def read_logs(
    files: GatewayFiles,
    *,
    port: int,
    client_id: int,
    now: datetime,
    attempt: Window | None = None,
    secrets: Iterable[str] = (),
    zone: tzinfo | None = None,
    subject: Subject = ANY,
) -> GatewayLogs:
    """What the logs among these files tell of the gateway on a port. Raises nothing for any file.

    What is told of another gateway than the `subject` does not count, but for entries of the
    attempt, which are ours. `secrets` and accounts are not shown. `zone` is the gateway's; None:
    the one it tells itself, or this machine's.
    """
    unread, hidden = list(files.untold), log_files.encrypted(files)
    logs = log_files.read(files, client_id, zone, unread)
    logs = log_files.of_the_port(logs, port, _listening_port, unread)
    unread += [f"{file.path}: {log_files.ENCRYPTED}" for file in hidden[: log_files.MOST_LOGS]]
    told = _Told(now - WEEK)
    own = (subject.of(log.lines, logins.RESTARTED.search) for log in logs)
    lines = sorted(chain.from_iterable(own), key=_time)
    for line in lines:
        told.hear(line)
    seen = [(log, found) for log in logs if (found := _entries(log, attempt, client_id))]
    telling = [log for log, _ in seen] or (
        log_files.would_tell(logs, hidden, port, attempt) if attempt else []
    )
    shown = sorted(chain(told.lines, *(entries for _, entries in seen)), key=_time)
    return GatewayLogs(
        read=tuple(str(log.file.path) for log in logs),
        unread=tuple(unread),
        attempt_seen=bool(seen) if telling else None,
        attempt_log=str(telling[0].file.path) if telling else "",
        authentication_failed=_shown(told.failure, secrets) if told.failure else None,
        login=logins.last([line for line in lines if line.at >= told.since], subject.started),
        restarted=told.restarted,
        logged_in=told.logged_in,
        listening_port=told.listening_port,
        read_only=told.read_only,
        lines=tuple(dict.fromkeys(_shown(line, secrets) for line in shown))[-MOST_LINES:],
    )


@dataclass(slots=True)
class _Told:
    """What has been told so far, line by line, the oldest first."""

    since: datetime
    failure: Line | None = None
    restarted: datetime | None = None
    logged_in: datetime | None = None
    listening_port: int | None = None
    read_only: bool | None = None
    lines: list[Line] = field(default_factory=list)

    def hear(self, line: Line) -> None:
        if line.at < self.since:
            return
        if logins.RESTARTED.search(line.text):
            self.restarted, self.logged_in, self.failure = line.at, None, None
        elif logins.CHALLENGE.search(line.text):
            self.logged_in = None  # the password alone is no login
        elif _LOGGED_IN.search(line.text):
            self.logged_in, self.failure = line.at, None
        elif _FAILED.search(line.text) or (_NOT_LOGGED_IN.search(line.text) and not self.failure):
            self.logged_in, self.failure = None, line
        elif port := _listening_port(line):
            self.listening_port = port
        elif mode := _READ_ONLY.search(line.text):
            self.read_only = mode[1] == "true"
        elif (phase := logins.phase_of(line)) in (None, "under-way"):
            return
        elif phase == "session-taken":
            self.logged_in = None
        self.lines.append(line)


def _listening_port(line: Line) -> int | None:
    found = _LISTENING.search(line.text)
    return int(found[1]) if found else None


def _entries(log: Log, attempt: Window | None, client_id: int) -> list[Line]:
    """In the client's own log every line is one; an export may be of all clients."""
    start = re.compile(rf"<- \[?71[-;]\d+[-;]{client_id}[-;\]]")
    entry = {"api": re.compile(""), log_files.ALL_CLIENTS: start}.get(log.source[1], _ENTRY)
    return [
        line
        for line in log.lines
        if attempt is not None and attempt.holds(line) and entry.search(line.text)
    ]


def _time(line: Line) -> datetime:
    return line.at


def _shown(line: Line, secrets: Iterable[str]) -> str:
    text = "".join(
        each if " " <= each <= "~" else "?" for each in without(secrets, line.text).strip()
    )
    return f"{line.at.astimezone():%Y-%m-%d %H:%M:%S} {text}"[:MOST_CHARACTERS]
