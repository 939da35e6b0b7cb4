"""A gateway's logs as dated lines, whatever wrote them and while it goes on writing.

| a line begins with | in | known from |
| --- | --- | --- |
| `2026-09-03 09:14:05.129 [XX] INFO  [thread] - ` | gateway logs since 2016 or so | AutoRevOption |
| `2026-09-03 09:14:05.129 INFO  [thread] - ` | `launcher.log` of 2026 | ib-gateway-mcp |
| `XX 18:48:31:671 thread: ` | gateway logs of older builds | gofinance/ib #17 |
| `10:05:21:715 -> --- ` | API logs | IB4m #143 |

Times are the gateway's local ones without a zone. `Started on 20260903-07:14:05` is the same moment
in UTC (ib-gateway-mcp), which tells the zone of a gateway in a container; without it the gateway is
taken to have the zone of this machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from golive.kit.text import text_of
from golive.machine.on_disk.gateway_files import GatewayFile, opened

MOST_BYTES = 512 * 1024
"""Read of one log, from its end."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DATED = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)[.,:](\d{3}) (.*)")
_TIMED = re.compile(r"(?:[A-Z]{2} )?(\d\d:\d\d:\d\d)[.:](\d{3}) (.*)")
_HEAD = re.compile(r"(?:\[\w+\] )?[A-Z]+ +\[[^\]]*\] - |[\w-]+: ")
_STARTED = re.compile(r" - Started on (\d{8}-\d\d:\d\d:\d\d)\s*$")
_DAY = re.compile(r"\.(?:(\d{8})|(" + "|".join(DAYS) + r"))\.")
_QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Line:
    """What a log says at a moment, in UTC; without time, level and thread."""

    at: datetime
    text: str


def lines_of(file: GatewayFile) -> list[str]:
    """Its last whole lines: a line that does not end yet is still being written. Raises OSError."""
    with opened(file.path) as log:
        size = log.seek(0, os.SEEK_END)
        beginning = max(0, size - MOST_BYTES)
        log.seek(0)
        mark = log.read(2) if beginning else b""
        log.seek(beginning + beginning % 2)  # UTF-16 begins at even places
        data = log.read(MOST_BYTES)
    lines = text_of(mark + data if mark in (b"\xff\xfe", b"\xfe\xff") else data).split("\n")
    return [line.rstrip("\r\0") for line in lines[1 if beginning else 0 : -1]]


def zone_told(texts: Iterable[str]) -> tzinfo | None:
    """The zone of the last start that tells it, where it is not this machine's own."""
    told: list[tuple[datetime, datetime]] = []
    for text in texts:
        dated, started = _DATED.match(text), _STARTED.search(text)
        if dated and started:
            local, utc = _moment(*dated.groups()[:3]), _moment_of(started[1])
            told += [(utc, local)] if utc and local else []
    if not told:
        return None
    utc, local = max(told)
    offset = round((local - utc) / _QUARTER) * _QUARTER
    is_own = abs(_in_utc(local, None) - utc.replace(tzinfo=UTC)) < _QUARTER / 2
    return None if is_own or abs(offset) > timedelta(hours=14) else timezone(offset)


def dated(file: GatewayFile, texts: Iterable[str], zone: tzinfo | None) -> Iterator[Line]:
    """The lines that have a date, their own or that of the file. `zone` None: this machine's."""
    texts = list(texts)
    for text, day in zip(texts, _days(file, texts, zone), strict=True):
        if found := _DATED.match(text):
            moment = _moment(*found.groups()[:3])
        elif day and (found := _TIMED.match(text)):
            moment = _moment(day.isoformat(), found[1], found[2])
        else:
            continue
        if moment:
            said = found.groups()[-1]
            head = _HEAD.match(said)
            yield Line(_in_utc(moment, zone), said[head.end() :] if head else said)


def _days(file: GatewayFile, texts: list[str], zone: tzinfo | None) -> list[date | None]:
    """The date of each line that only has a time: that of the file.

    An export may hold several days. It was written when its last line was; going back, where the
    time of day jumps ahead, the day before ended.
    """
    if "-exported-logs" not in file.name:
        return [_day_of(file, zone)] * len(texts)
    now = file.modified.astimezone(zone)
    day, later, found = now.date(), f"{now:%H:%M:%S}", list[date | None]()
    for text in reversed(texts):
        timed = _TIMED.match(text)
        if timed and timed[1] > later:
            day -= timedelta(days=1)
        later = timed[1] if timed else later
        found.append(day)
    return found[::-1]


def _day_of(file: GatewayFile, zone: tzinfo | None) -> date | None:
    """The date of lines that only have a time; none where name and last change disagree."""
    written = file.modified.astimezone(zone).date()
    found = _DAY.search(file.name)
    if found is None:
        return None
    if found[2]:
        return written if DAYS[written.weekday()] == found[2] else None
    moment = _moment_of(f"{found[1]}-00:00:00")
    return moment.date() if moment else None


def _moment(day: str, time: str, milliseconds: str) -> datetime | None:
    return _plausible(lambda: datetime.fromisoformat(f"{day} {time}.{milliseconds}"))


def _moment_of(text: str) -> datetime | None:
    return _plausible(lambda: datetime.strptime(text, "%Y%m%d-%H:%M:%S"))


def _plausible(parse: Callable[[], datetime]) -> datetime | None:
    """A moment of this century: no other can be of a gateway, and not all have a zone."""
    try:
        moment = parse()
    except ValueError:
        return None
    return moment if moment.year // 100 == 20 else None


def _in_utc(moment: datetime, zone: tzinfo | None) -> datetime:
    return (moment.replace(tzinfo=zone) if zone else moment).astimezone(UTC)
