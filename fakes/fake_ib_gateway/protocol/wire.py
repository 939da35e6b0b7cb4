"""Frames and fields to bytes and back. Pure: no socket, no message, no version.

A frame is a big-endian uint32 length and that many payload bytes; a text payload is fields,
each ended by one NUL.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
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


def fields(*values: object, escaped: bool = False) -> bytes:
    """Text fields, each ended by a NUL; a NUL inside a value would end it early and is left out."""
    text = "".join([f"{_text(value)}\0" for value in values])
    return escape(text) if escaped else text.encode("utf-8", "backslashreplace")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    text = str(value)
    return text.replace("\0", "") if "\0" in text else text


def split_fields(payload: bytes, most: int = -1) -> list[str]:
    """The text fields of a payload; bytes that are no UTF-8 show as escapes.

    At most this many: a payload can hold millions of empty ones.
    """
    *parts, rest = payload.split(b"\0", most)
    if rest and len(parts) != most:
        parts.append(rest)
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

    longest: int = MAX_FRAME
    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The payloads completed by these bytes. Raises WireError at an impossible length."""
        self._buffer += data
        while len(self._buffer) >= 4:
            (length,) = struct.unpack_from("!I", self._buffer)
            if length > self.longest:
                raise WireError(f"frame of {length} bytes, at most {self.longest}")
            if len(self._buffer) - 4 < length:
                return
            payload = bytes(self._buffer[4 : 4 + length])
            del self._buffer[: 4 + length]
            yield payload
