"""Which of a gateway's logs are read, and whether they would have an entry for an attempt.

| name | written by | known from |
| --- | --- | --- |
| `ibgateway.<Day>.log`, `tws.<Day>.log` | older builds, as they run | ib-controller #141 |
| `ibgateway.<date>.<time>.log` | an export of newer builds | IBKR's guide |
| `gateway-exported-logs.txt`, `api-...` | as exports name themselves | four projects |
| `*.ibgzenc` | newer builds, encrypted, as they run | IBKR's guide |
| `api.<client id>.<Day>.log` | both, if switched on | IB4m #143, IBKR's guide |
| `launcher.log`, `launcher.<date>.log` | all, from each start to the login | ib-gateway-mcp |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import chain
from pathlib import Path

from golive.machine.on_disk.gateway_files import GatewayFile, GatewayFiles, because
from golive.machine.on_disk.log_lines import DAYS, Line, dated, lines_of, zone_told
from golive.settings.model import PORTS

MOST_LOGS = 6
"""Read of one kind, the last written first."""
ENCRYPTED = (
    "encrypted; export it from the same session (File, Gateway Logs or API Logs) into its own"
    " folder, and the next run reads it"
)
ALL_CLIENTS = "exported api"
"""The program of an exported API log: it may hold the logs of every client."""

_DAY = timedelta(days=1)
_MARGIN = timedelta(seconds=1)
"""By which an entry may be earlier or later: two clocks are read at other moments."""
_PLAIN = r"(\..*)?\.(log|txt)"
_EXPORTED = "-exported-logs"
_EXPORTS = {"gateway": "ibgateway", "ibgateway": "ibgateway", "tws": "tws", "api": ALL_CLIENTS}


@dataclass(frozen=True, slots=True)
class Window:
    """From the beginning of an attempt to its end, aware."""

    begun: datetime
    ended: datetime

    def holds(self, line: Line) -> bool:
        return self.begun - _MARGIN <= line.at <= self.ended + _MARGIN


@dataclass(frozen=True, slots=True)
class Log:
    """A readable log and its dated lines, in its own order."""

    file: GatewayFile
    lines: tuple[Line, ...]

    @property
    def source(self) -> tuple[Path, str]:
        return source(self.file)


def source(file: GatewayFile) -> tuple[Path, str]:
    """The folder and the program a log is of: several programs may write into one folder."""
    program = file.name.partition(".")[0]
    of, exported, _ = program.partition(_EXPORTED)
    return file.path.parent, _EXPORTS.get(of, of) if exported else program


def encrypted(files: GatewayFiles) -> list[GatewayFile]:
    return [file for file in files.files if file.name.endswith(".ibgzenc")]


def read(files: GatewayFiles, client_id: int, zone: tzinfo | None, unread: list[str]) -> list[Log]:
    """The newest logs of the gateway, of its launcher and of this client; others go to `unread`."""
    texts: list[tuple[GatewayFile, list[str]]] = []
    kinds = (
        f"(ibgateway|tws){_PLAIN}|(ib)?gateway{_EXPORTED}.*|tws{_EXPORTED}.*",
        f"launcher{_PLAIN}",
        rf"api\.{client_id}{_PLAIN}|api{_EXPORTED}.*",
    )
    for kind in kinds:
        named = [file for file in files.files if re.fullmatch(kind, file.name)]
        for file in named[:MOST_LOGS]:
            try:
                texts.append((file, lines_of(file)))
            except OSError as error:
                unread.append(because(file.path, error))
    zone = zone or zone_told(chain.from_iterable(lines for _, lines in texts))
    return [Log(file, tuple(dated(file, lines, zone))) for file, lines in texts]


def of_the_port(
    logs: Sequence[Log], port: int, told_in: Callable[[Line], int | None], unread: list[str]
) -> list[Log]:
    """Without those of another program, which has told that it listens on another port."""
    last: dict[tuple[Path, str], tuple[datetime, int]] = {}
    for log in logs:
        for line in log.lines:
            if told := told_in(line):
                last[log.source] = max(last.get(log.source, (line.at, told)), (line.at, told))
    ours = {each for each, (_, told) in last.items() if told == port}
    other = set(last) - ours if ours else set()
    unread += [
        f"{log.file.path}: it belongs to port {last[log.source][1]}"
        for log in logs
        if log.source in other
    ]
    return [log for log in logs if log.source not in other]


def would_tell(
    logs: Sequence[Log], hidden: Sequence[GatewayFile], port: int, window: Window
) -> list[Log]:
    """The logs in which an entry for the attempt would stand; none if it may stand in another."""
    programs = {"ibgateway", "tws"}
    if port in PORTS:
        programs = {"tws"} if "TWS" in PORTS[port] else {"ibgateway"}
    files = [*hidden, *(log.file for log in logs)]
    recent = {source(file) for file in files if window.begun - file.modified < _DAY}
    recent = {each for each in recent if each[1] in programs}
    encrypts = not recent.isdisjoint(map(source, hidden))
    telling = [
        log for log in logs if _spans(log, window) or (not encrypts and _is_current(log, window))
    ]
    return telling if recent and recent <= {log.source for log in telling} else []


def _spans(log: Log, window: Window) -> bool:
    """Whether it begins before the attempt and goes on after it."""
    return (
        bool(log.lines)
        and log.lines[0].at <= window.begun
        and log.lines[-1].at >= window.ended + _MARGIN
    )


def _is_current(log: Log, window: Window) -> bool:
    """Whether it was being written at the time: of that weekday, with lines of that day."""
    if not log.lines or log.lines[0].at > window.begun:
        return False
    day = window.begun.astimezone()
    names = (f"{log.source[1]}.{DAYS[day.weekday()]}.log", f"{log.source[1]}.log")
    return log.file.name in names and log.lines[-1].at.astimezone().date() == day.date()
