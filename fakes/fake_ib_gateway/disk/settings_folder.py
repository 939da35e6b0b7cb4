"""What a gateway leaves on disk, where a diagnosis looks: its settings directory.

| file | holds | known from |
| --- | --- | --- |
| `jts.ini` | settings; not the API port | gnzsnz/ib-gateway-docker, fagan2888/LogAnalyzer |
| `launcher.log` | starts and logins, in plain text in every build | aiordanescu/ib-gateway-mcp |
| `ibgateway.<Day>.log` | starts, logins, listener, clients | ib-controller #141, LogAnalyzer |
| `<40 letters>/api.<client>.<Day>.log` | that client's messages | IB4m #143, IBKR's guide |
| `<40 letters>/ibg.xml` | the user's settings | ib-controller #65 |

Newer builds encrypt the last three, and call the logs by date; here they are as older builds wrote
them, and the logs as newer ones export them. Lines are those of recordings: listener and read-only
mode (revred/AutoRevOption), states (ib-ruby, IB4m #143, stoqey/ib #58), conversations, from the
first line to the last (gofinance/ib #17, IB4m #143), logins (ib-gateway-mcp, builds of 2026).
The `[XX]` behind the time changes with every start (AutoRevOption); launcher.log has none.
An API log begins with what follows START_API, and gives what the gateway sends as
`10:05:21:715 -> --- 9-1-1-` (IB4m #143).

Chosen, since no recording was found: what a client sends is `10:05:21:715 <- 61-`, number and
values; characters that are not printable are shown as `?`; a stop writes nothing; the root of
ibg.xml, and that it is written whenever the listener starts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fake_ib_gateway.disk import logins
from fake_ib_gateway.disk.logins import Line

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
"""As they stand in file names, whatever the locale."""

UNKNOWN = "-"
"""A client id before START_API, in builds of 2026; older ones print 2147483647."""

JTS_INI = """\
[IBGateway]
WriteDebug=false
TrustedIPs={trusted_ips}
LocalServerPort=4000
ApiOnly=true

[Logon]
Locale=en
TimeZone=UTC
UseSSL=true
displayedproxymsg=1
s3store=true

[Communication]
Region=us
"""
"""Sections and keys of real ones. `LocalServerPort` is of the way to IBKR: 4000 was found in one
whose API port was another."""

IBG_XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<IBGateway>
\t<ApiSettings varName="api" dde="false" readOnlyApi="{read_only}" allowOnlyLocalhost="true"\
 socketClient="false" autoOpenOrdDonwload="true" port="4001" includeFxPositions="true"\
 logLevel="2" masterClientID="{master_client_id}" createApiMsgLogFile="true"/>
</IBGateway>
"""
"""Attributes of real ones. `port` is what a user set once, and need not be where it listens: a real
one said 0 before anything was set."""

LISTENER = "JTS-SocketListener-58"


@dataclass(slots=True)
class _Conversation:
    """One connection, from its accept on."""

    number: int
    host: str
    is_api: bool = False
    version: int = 0
    client_id: str = UNKNOWN

    @property
    def reader(self) -> str:
        return self._thread("EServerSocket", 0)

    @property
    def session(self) -> str:
        """The session object and its id, as they are added and removed."""
        known = "2147483647" if self.client_id == UNKNOWN else self.client_id
        return f"{787440754 + self.number} with id {known}"

    def beginning(self) -> list[Line]:
        return [
            (self.reader, self._about(f"Starting new conversation with client on {self.host}")),
            (self._thread("EServerSocketNotifier", 1), "Starting async queue thread"),
            (self.reader, self._about(f"Server version is {self.version}")),
            (self.reader, self._about(f"Client version is {self.version}")),
            (self.reader, self._about("is 3rdParty true")),
        ]

    def ending(self, by_client: bool, left: int) -> list[Line]:
        who = f"client{{{self.client_id}}}"
        closed = self._about(f"Socket connection for {who} has closed. ", "ERR")
        written = self._about(f"Writer thread terminated for socket {who}.")
        return [
            *([(self.reader, closed)] if by_client else []),
            (self.reader, "Connection terminated"),
            (self._thread("EServerSocketNotifier", 1), "Terminating async queue thread"),
            (self.reader, f"ArEServer: Removing {self.session}"),
            (self.reader, f"eServersChanged: {left}"),
            (self.reader, self._about(f"Ending conversation with {who} at {self.host}")),
            (self._thread(f"EWriter{self.number}", 2), written),
        ]

    def _thread(self, name: str, nth: int) -> str:
        """A conversation's threads have numbers that follow each other."""
        return f"JTS-{name}-{60 + 3 * self.number + nth}"

    def _about(self, text: str, level: str = "SYS") -> str:
        """With client id, client version and server version in front; both are the one agreed."""
        return f"[{self.client_id}:{self.version}:{self.version}:1:0:0:0:{level}] {text}"


class SettingsDirectory:
    """Told of a gateway's events, it writes what a gateway would; events it does not know, nothing.

    Every line is on disk before the next event. `clock` gives the local time; a user directory's
    name is made of `user`, who is named nowhere else. Raises OSError where the disk refuses, at
    construction or at an event.
    """

    def __init__(
        self,
        path: Path,
        *,
        user: str = "fakeuser",
        trusted_ips: Sequence[str] = ("127.0.0.1",),
        master_client_id: int | None = None,
        clock: Callable[[], datetime] = datetime.now,
    ) -> None:
        self.path = path
        self.user_directory = path / _obfuscated(user)
        self._master_client_id = -1 if master_client_id is None else master_client_id
        self._clock = clock
        self._tag = "AA"
        self._conversations: dict[int, _Conversation] = {}
        self.user_directory.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError), (path / "jts.ini").open("x", encoding="utf-8") as file:
            file.write(JTS_INI.format(trusted_ips=",".join(trusted_ips)))

    def __call__(self, event: str, **what: object) -> None:
        match event, what:
            case "started", {"login": str(login)}:
                self._started(login)
            case "started", {"authenticated": bool(authenticated)}:
                self._started(logins.SUCCEEDS if authenticated else "rejected")
            case "listening", {"port": int(port), "read_only": bool(read_only)}:
                mode = str(read_only).lower()
                said = [f"API server listening on port {port}", f"API in Read-Only mode: {mode}"]
                self._say(*((LISTENER, text) for text in said))
                self._save(mode)
            case "connected", {"connection": int(number), "peer": str(peer)}:
                self._conversations[number] = _Conversation(number, peer.rpartition(":")[0])
                self._say((LISTENER, "State: HEADER, IsAPI: UNKNOWN"))
            case (("received" | "sent" | "closed"), {"connection": int(number)}):
                if number in self._conversations:
                    self._told(event, what, self._conversations[number])

    def _told(self, event: str, what: dict[str, object], one: _Conversation) -> None:
        match event, what:
            case "received", {"message": "hello"}:
                self._recognized(one)
            case "received", {"message": "START_API", "fields": {"client_id": client_id}}:
                self._identified(one, str(client_id))
            case "received", {"number": number, "fields": {**fields}}:
                self._log_message(one, "<-", [number, *fields.values()])
            case "sent", {"message": "serverVersion", "text": [int(version), *_]}:
                one.version = version
                self._say(*one.beginning())
            case "sent", {"text": [*text]}:
                self._log_message(one, "-> ---", text)
            case "closed", {"by": str(by)}:
                del self._conversations[one.number]
                self._closed(one, by_client=by.startswith("client"))

    def _started(self, login: str) -> None:
        now = self._clock()
        first, second = divmod((now.hour * 3600 + now.minute * 60 + now.second) % 676, 26)
        self._tag = chr(ord("A") + first) + chr(ord("A") + second)
        self._conversations.clear()
        lines = list(logins.lines(login, now))
        self._say(*lines)
        if login == logins.SUCCEEDS:
            lines.append(("JTS-PostAuthenticateS2-25", "Switching to a new encrypted log..."))
        _append(
            self.path / "launcher.log",
            (f"{_time(now)} INFO  [{thread}] - {text}" for thread, text in lines),
        )

    def _save(self, read_only: str) -> None:
        saved = IBG_XML.format(read_only=read_only, master_client_id=self._master_client_id)
        (self.user_directory / "ibg.xml").write_text(saved, encoding="utf-8")

    def _recognized(self, one: _Conversation) -> None:
        one.is_api = True
        self._say(
            (LISTENER, "State: STOP, IsAPI: YES"),
            (LISTENER, "The following API connection flags are allowed: [PACEAPI]"),
            (LISTENER, f"ArEServer: Adding {one.session}"),
            (LISTENER, f"eServersChanged: {self._sessions}"),
        )

    def _identified(self, one: _Conversation, client_id: str) -> None:
        """What is no number gives no client id, and no name to a file."""
        if re.fullmatch("[0-9]{1,10}", client_id):
            one.client_id = str(int(client_id))
            self._say((one.reader, f"Start API message, ClientID={one.client_id}"))

    def _closed(self, one: _Conversation, by_client: bool) -> None:
        if one.is_api:
            self._say(*one.ending(by_client, self._sessions))
        else:
            self._say((LISTENER, "State: STOP, IsAPI: NO"))
            self._say((LISTENER, "API failed to read client version"), level="ERROR")

    @property
    def _sessions(self) -> int:
        return sum(one.is_api for one in self._conversations.values())

    def _say(self, *lines: Line, level: str = "INFO") -> None:
        now = self._clock()
        head = f"{_time(now)} [{self._tag}] {level:<5}"
        log = self.path / f"ibgateway.{DAYS[now.weekday()]}.log"
        _append(log, (f"{head} [{thread}] - {text}" for thread, text in lines))

    def _log_message(self, one: _Conversation, arrow: str, fields: Sequence[object]) -> None:
        if one.client_id == UNKNOWN:
            return
        now = self._clock()
        log = self.user_directory / f"api.{one.client_id}.{DAYS[now.weekday()]}.log"
        text = "".join(f"{_printable(field)}-" for field in fields)
        _append(log, [f"{now:%H:%M:%S}:{now.microsecond // 1000:03} {arrow} {text}"])


def _append(log: Path, lines: Iterable[str]) -> None:
    """Opened for each entry: nothing is left open, and a log may be taken away at any time."""
    with log.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def _time(now: datetime) -> str:
    return f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03}"


def _printable(field: object) -> str:
    return "".join(each if each.isprintable() else "?" for each in str(field))


def _obfuscated(user: str) -> str:
    """40 letters from a to p, as seen (IB4m #143): the hexadecimal digits of some hash."""
    digits = hashlib.sha1(user.encode("utf-8"), usedforsecurity=False).hexdigest()
    return digits.translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop"))
