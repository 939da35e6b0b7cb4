"""A recorded session as a file: JSON lines, as readable as exactness allows.

    {"recording": "TWS API session", "format": 1, "started": "2026-...", "identities": "replaced"}
    {"record": 1, "seconds": 0.0, "from": "client", "bytes": "v100..203"}
    {"record": 2, "seconds": 0.0011, "from": "gateway", "fields": ["203", "20261122 09:00:00 UTC"]}
    {"record": 3, "seconds": 0.0014, "from": "client", "number": 71, "fields": ["2", "10", ""]}
    {"records": 3, "seconds": 1.5, "ended": "client"}

A record is one frame's payload: `number` is its first four bytes where these are a raw message
number; `fields` are texts, each ended by a NUL; `bytes` are one character each. Seconds count from
the client's hello. A file without its last line has been cut off.
"""

from __future__ import annotations

import json
import struct
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO, get_args

from fake_ib_gateway.protocol import wire
from fake_ib_gateway.protocol.requests import PROTOBUF_OFFSET

Source = Literal["client", "gateway"]
SOURCES = get_args(Source)

WHAT, FORMAT = "TWS API session", 1
ENDED = ("client", "gateway", "recorder")
LONGEST_HEADER = 1000
LONGEST = 1e9
"""In seconds."""


class RecordingError(ValueError):
    """The file is damaged, cut off or not a recording; the text says where and why."""


class _Wrong(ValueError):
    """What is wrong, without where."""


@dataclass(frozen=True, slots=True)
class Record:
    """One payload, when it came (seconds), and from whom."""

    seconds: float
    source: Source
    payload: bytes


@dataclass(frozen=True, slots=True)
class Recording:
    """One session, from the client's hello to its end, after so many seconds, by one of ENDED."""

    name: str
    records: tuple[Record, ...]
    seconds: float
    ended: str

    def wrong(self, number: int, what: str) -> RecordingError:
        """About a record, counted from 1."""
        return RecordingError(f"{self.name}: record {number}: {what}")


@dataclass(slots=True)
class Writer:
    """Writes a recording; every line is on disk before the next. Raises OSError."""

    file: TextIO
    records: int = 0

    def begin(self, *, replaced: bool) -> None:
        """In place of whatever the file held. `replaced`: whether accounts and user names are."""
        with suppress(OSError):  # what is no file on a disk has no length
            self.file.truncate(0)
        started = datetime.now(UTC).isoformat(timespec="milliseconds")
        identities = "replaced" if replaced else "kept"
        self._write(recording=WHAT, format=FORMAT, started=started, identities=identities)

    def write(self, record: Record) -> None:
        self.records += 1
        head = {"record": self.records, "seconds": record.seconds, "from": record.source}
        self._write(**head, **_shown(record.payload))

    def end(self, seconds: float, ended: str) -> None:
        self._write(records=self.records, seconds=seconds, ended=ended)

    def _write(self, **line: object) -> None:
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()


def read(path: Path) -> Recording:
    """Raises RecordingError, OSError."""
    number = 0
    try:
        with path.open("rb") as file:
            _check_header(file.readline(LONGEST_HEADER))
            records: list[Record] = []
            for number, line in enumerate(file, 1):
                entry = _entry(line)
                earliest = records[-1].seconds if records else 0.0
                if "records" not in entry:
                    records.append(_record(entry, number, earliest))
                    continue
                seconds, ended = _end(entry, len(records), earliest)
                if file.read(1):
                    raise _Wrong("there is something after the last line")
                return Recording(str(path), tuple(records), seconds, ended)
            number += 1
            raise _Wrong("it is missing: the file has been cut off")
    except _Wrong as error:
        where = f"record {number}" if number else "first line"
        raise RecordingError(f"{path}: {where}: {error}") from None


def opened(payload: bytes) -> tuple[int, bytes, bool]:
    """A message's number (-1: it has none), what follows it, and whether that is protobuf.

    A raw number begins with a zero byte, one in text with a digit.
    """
    if len(payload) >= 4 and payload[0] == 0:
        number = struct.unpack_from("!I", payload)[0]
        is_protobuf = number > PROTOBUF_OFFSET
        return number - PROTOBUF_OFFSET * is_protobuf, payload[4:], is_protobuf
    first, _, body = payload.partition(b"\0")
    return int(first) if first.isdigit() and len(first) < 10 else -1, body, False


def _shown(payload: bytes) -> dict[str, object]:
    head: dict[str, object] = {}
    number, body, is_protobuf = opened(payload)
    if payload[:1] == b"\0" and number >= 0:
        head["number"] = number + PROTOBUF_OFFSET * is_protobuf
    else:
        body = payload
    if body.endswith(b"\0") and not is_protobuf:
        try:
            return head | {"fields": body[:-1].decode("utf-8").split("\0")}
        except UnicodeDecodeError:
            pass
    return head | {"bytes": body.decode("latin-1")}


def _payload(entry: dict[str, Any]) -> bytes:
    match entry:
        case {"fields": list(texts), **rest} if all(isinstance(text, str) for text in texts):
            if "bytes" in rest or any("\0" in text for text in texts):
                raise _Wrong("its fields are not plain")
            body = b"".join(text.encode("utf-8") + b"\0" for text in texts)
        case {"bytes": str(text)}:
            body = text.encode("latin-1")
        case _:
            raise _Wrong("has neither fields nor bytes")
    number = entry.get("number")
    return body if number is None else struct.pack("!I", number) + body


def _record(entry: dict[str, Any], number: int, earliest: float) -> Record:
    if entry.get("record") != number:
        raise _Wrong(f"record {str(entry.get('record'))[:20]} is in its place")
    if entry.get("from") not in SOURCES:
        raise _Wrong(f"is from {str(entry.get('from'))[:20]!r}, not from client or gateway")
    try:
        payload = _payload(entry)
    except (UnicodeError, struct.error):
        raise _Wrong("its payload cannot be read as bytes") from None
    if len(payload) > wire.MAX_FRAME:
        raise _Wrong(f"its payload has {len(payload)} bytes")
    return Record(_seconds(entry, earliest), entry["from"], payload)


def _seconds(entry: dict[str, Any], earliest: float) -> float:
    seconds = entry.get("seconds")
    if not isinstance(seconds, int | float) or not earliest <= seconds <= LONGEST:
        raise _Wrong(f"its time is not a number of seconds of at least {earliest}")
    return float(seconds)


def _end(entry: dict[str, Any], records: int, earliest: float) -> tuple[float, str]:
    """Of the last line, behind so many records."""
    if entry["records"] != records:
        raise _Wrong(f"the last line counts {str(entry['records'])[:20]} records, not {records}")
    if entry.get("ended") not in ENDED:
        raise _Wrong(f"the last line must say who ended it: {', '.join(ENDED)}")
    return _seconds(entry, earliest), entry["ended"]


def _check_header(line: bytes) -> None:
    try:
        entry = _entry(line)
    except _Wrong:
        entry = {}
    if entry.get("recording") != WHAT:
        raise _Wrong("not a recording made by `fake-ib-gateway record`")
    if entry.get("format") != FORMAT:
        raise _Wrong(f"format {str(entry.get('format'))[:20]}, only {FORMAT} can be read")


def _entry(line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict):
        what = "is damaged" if line.endswith(b"\n") else "is cut off"
        raise _Wrong(f"{what}: {line[:40]!r}")
    return entry
