"""Frames and fields to bytes and back. Pure: no socket, no message, no version.

A frame is a big-endian uint32 length and that many payload bytes; a text payload is fields,
each ended by one NUL.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

PREFIX = b"API\0"
"""What a v100+ client sends first, outside any frame."""

MAX_FRAME = 0xFFFFFF
"""The longest payload a real client accepts: 16 MiB - 1."""

_VERSIONS = re.compile(rb"v(\d{1,6})(?:\.\.(\d{1,6}))?(?: (.*))?", re.DOTALL)


class WireError(ValueError):
    """The bytes are not this protocol."""


def frame(payload: bytes) -> bytes:
    """The payload with its length before it."""
    return struct.pack("!I", len(payload)) + payload


def fields(*values: object) -> bytes:
    """Text fields, each ended by a NUL; a NUL inside a value would end it early and is left out."""
    return b"".join(_field(value) + b"\0" for value in values)


def _field(value: object) -> bytes:
    if isinstance(value, bool):
        return b"1" if value else b"0"
    if isinstance(value, bytes):
        return value.replace(b"\0", b"")
    return str(value).encode("utf-8", "backslashreplace").replace(b"\0", b"")


def split_fields(payload: bytes) -> list[str]:
    """The text fields of a payload; bytes that are no UTF-8 show as escapes."""
    parts = payload.split(b"\0")
    if parts[-1] == b"":
        parts.pop()
    return [part.decode("utf-8", "backslashreplace") for part in parts]


def escape(text: str) -> bytes:
    r"""Text as a gateway sends it from server version 153: ASCII, all else as \uXXXX."""
    if text.isascii():
        return text.encode("ascii")
    units = text.encode("utf-16-be", "surrogatepass")
    codes = struct.unpack(f"!{len(units) // 2}H", units)
    return b"".join(b"%c" % code if code < 0x80 else b"\\u%04x" % code for code in codes)


@dataclass(frozen=True, slots=True)
class Hello:
    """What a client offers: the versions it speaks, and connect options such as `+PACEAPI`."""

    lowest: int
    highest: int
    options: str = ""


def read_hello(payload: bytes) -> Hello:
    """`v100..203`, `v100..203 +PACEAPI` or `v176`. Raises WireError for anything else."""
    match = _VERSIONS.fullmatch(payload)
    if match is None:
        raise WireError(f"no version range: {payload[:40]!r}")
    lowest, highest, options = match.groups()
    return Hello(int(lowest), int(highest or lowest), (options or b"").decode("latin-1"))


@dataclass(slots=True)
class Frames:
    """Bytes as they come in, payloads as they are complete. Never holds more than one frame."""

    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads completed by these bytes. Raises WireError on an impossible length."""
        self._buffer += data
        payloads, start = [], 0
        while len(self._buffer) - start >= 4:
            (length,) = struct.unpack_from("!I", self._buffer, start)
            if length > MAX_FRAME:
                raise WireError(f"frame of {length} bytes, at most {MAX_FRAME}")
            if len(self._buffer) - start - 4 < length:
                break
            payloads.append(bytes(self._buffer[start + 4 : start + 4 + length]))
            start += 4 + length
        del self._buffer[:start]
        return payloads
