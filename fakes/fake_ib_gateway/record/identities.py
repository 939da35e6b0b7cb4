"""Accounts and user names, and what stands in their place in a recording.

A replacement has the length and the shape of what it replaces: lengths inside a message stay
right, and an account stays one. It is the same throughout a recording.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from fake_ib_gateway.protocol import wire
from fake_ib_gateway.protocol.protobuf import session_pb2
from fake_ib_gateway.replay.recording import opened

SHORTEST = 3
"""A shorter word would be found inside others."""

ACCOUNT = re.compile(rb"(?:D[UFI][A-Z]?|FA|[UFI])(\d{4,9})", re.ASCII)
"""What an account looks like, the one definition of it here: live `U1234567`, advisor's `F1234567`,
broker's `I1234567`; paper `DU1234567`, `DF1234567`, `DI1234567` and with a letter more `DUM123456`.
"""
_IN_TEXT = re.compile(rb"(?<![0-9A-Za-z])" + ACCOUNT.pattern + rb"(?![0-9]|[A-Za-z][0-9A-Za-z])")
"""One letter may follow: `F1234567A` are all accounts of an advisor."""

MANAGED_ACCOUNTS = 15
SUBMITTERS = {11: -1, 5: -2, 101: -1}
"""The text field, counted from the last one, in which an execution, an open order (from server
version 199 on) and a completed one carry the user name."""
SUBMITTERS_IN_PROTOBUF = {11: (3, 20), 5: (3, 137), 101: (2, 137)}
"""The same in protobuf: fields, from the message inwards."""

LENGTH_DELIMITED = 2
DEEPEST = 16


class Identities:
    """Learned from what a gateway says; `words` are known from the start."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.knows_accounts = False
        self._stand_ins: dict[bytes, bytes] = {}
        self._taken: set[bytes] = set()
        self._lengths: set[int] = set()
        self._pattern = re.compile(rb"(?!)")
        self._know(form for word in words for form in (word.encode("utf-8"), wire.escape(word)))

    def learn(self, payload: bytes, version: int) -> None:
        """Learns from a message of either side, at this server version."""
        number, body, is_protobuf = opened(payload)
        words = [
            found[0] for text in _texts(body, is_protobuf) for found in _IN_TEXT.finditer(text)
        ]
        if number == MANAGED_ACCOUNTS:
            self.knows_accounts = True
            listed = _inner(body, (1,)) if is_protobuf else body.split(b"\0")[1:2]
            words += (name.strip() for text in listed for name in text.split(b","))
        elif is_protobuf and number in SUBMITTERS_IN_PROTOBUF:
            words += _inner(body, SUBMITTERS_IN_PROTOBUF[number])
        elif number in SUBMITTERS and version >= 199:
            words += body.split(b"\0")[:-1][SUBMITTERS[number] :][:1]
        self._know(words)

    def replaced(self, payload: bytes) -> bytes:
        """The payload without anything that has been learned."""
        return self._pattern.sub(lambda found: self._stand_ins[found[0].lower()], payload)

    def _know(self, words: Iterable[bytes]) -> None:
        unknown = {word.lower(): word for word in words if len(word) >= SHORTEST}
        unknown = {key: word for key, word in unknown.items() if key not in self._stand_ins}
        if not unknown:
            return
        self._taken |= unknown.keys()
        self._lengths |= {len(word) for word in unknown}
        for key, word in unknown.items():
            candidates = _candidates(word, 1 + len(self._stand_ins))
            free = (each for each in candidates if not self._is_taken(each.lower()))
            stand_in = next(free, b"x" * len(word))
            self._stand_ins[key] = stand_in
            self._taken.add(stand_in.lower())
        longest_first = sorted(self._stand_ins, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def _is_taken(self, candidate: bytes) -> bool:
        """Whether a known word, or what stands in for one, is found in it."""
        return any(
            candidate[start : start + length] in self._taken
            for length in self._lengths
            for start in range(len(candidate) - length + 1)
        )


def _candidates(word: bytes, number: int) -> Iterator[bytes]:
    """Words of the same length: `U00000001` in place of an account, `xxxxxxx2` of another word."""
    account = ACCOUNT.fullmatch(word)
    kept = word[: account.start(1)] if account else b""
    length = len(word) - len(kept)
    for each in range(number, number + 1000):
        for filler in b"0123456789" if account else b"xyzqwvkjabcdefghilmnoprstu":
            yield kept + str(each).encode().rjust(length, bytes([filler]))[-length:]


def _texts(body: bytes, is_protobuf: bool) -> Iterator[bytes]:
    return _strings(body) if is_protobuf else iter(body.split(b"\0"))


def _strings(body: bytes, depth: int = 0) -> Iterator[bytes]:
    """The texts in a protobuf message, whatever its class; raw bytes where it is none."""
    for _, data in _parts(body):
        is_text = all(byte >= 0x20 for byte in data)
        inner = [] if is_text or depth == DEEPEST else list(_strings(data, depth + 1))
        yield from inner or [data]


def _parts(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and data of the length-delimited fields of a message; of none where it is not one."""
    try:
        fields: Any = UnknownFieldSet(session_pb2.Empty.FromString(body))
    except DecodeError:
        return
    for field in fields:
        if field.wire_type == LENGTH_DELIMITED:
            yield field.field_number, field.data


def _inner(body: bytes, path: tuple[int, ...]) -> list[bytes]:
    """The texts at a path of field numbers."""
    found = [body]
    for number in path:
        found = [data for message in found for each, data in _parts(message) if each == number]
    return found
