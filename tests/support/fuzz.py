"""What no client would send: the official client's sessions, mutated. One seed, one sequence."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.support.official import NEW, Codec

VERSIONS = (100, 157, 176, 200, 203, 210, 226)
TEXT = 201
"""Asked as at this version, almost all is text still; a gateway reads that at newer ones too."""
CLIENTS = 8
"""So many client ids take turns: sessions that follow each other have different ones."""
MOST_FRAMES = 60

UNNUMBERED: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("reqIds", (1,)),
    ("reqManagedAccts", ()),
    ("reqCurrentTime", ()),
    ("reqCurrentTimeInMillis", ()),
    ("reqPositions", ()),
    ("cancelPositions", ()),
    ("reqAccountUpdates", (True, "U21146542")),
    ("reqAccountUpdates", (False, "")),
    ("reqOpenOrders", ()),
    ("reqAllOpenOrders", ()),
    ("reqAutoOpenOrders", (True,)),
    ("reqCompletedOrders", (False,)),
    ("setServerLogLevel", (3,)),
    ("reqMarketDataType", (1,)),
)
"""What the official client asks without an id."""

LENGTHS = (0, 1, 3, 2**24 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
FIELDS = (
    b"", b"-1", b"2147483648", b"-2147483649", b"4294967295", b"99999999999", b"9" * 400, b"1e309",
    b"nan", b"\xd9\xa3", b"\xff\xfe",
)  # fmt: skip
"""What no number should be."""
SIZES = (100,) * 40 + (10_000,) * 8 + (1_000_000,)
"""Of what is huge, seldom very."""
HELLOS = (
    b"", b"API", b"47\0", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00",
    b"API\0\x7f\xff\xff\xff", b"API\0\0\0\0\0", b"API\0\0\0\0\x05v9..9", b"API\0\0\0\0\x02v0",
    b"API\0\0\0\0\x0bv999..99999", b"API\0\0\0\0\x0av226..100 ", b"API\0\0\0\0\x07v100..\xff",
)  # fmt: skip


@dataclass(frozen=True)
class Corpus:
    """What the official client sends, by server version: payloads without their length."""

    starts: dict[int, list[bytes]]
    requests: dict[int, list[bytes]]


def recorded() -> Corpus:
    """START_API for each client id, and every request there is."""
    starts, requests = {}, {}
    with Codec(NEW) as codec:
        in_text = _asked(codec, TEXT)
        for version in VERSIONS:
            start = codec.encode(*((version, "startApi", (id_, "")) for id_ in range(CLIENTS)))
            starts[version] = [frame[4:] for frame in start]
            requests[version] = _asked(codec, version) + (in_text if version > TEXT else [])
    return Corpus(starts, requests)


def _asked(codec: Codec, version: int) -> list[bytes]:
    plain = codec.encode(*((version, *asking) for asking in UNNUMBERED))
    (numbered,) = codec.ask("numbered", [(version, 9)])
    return [frame[4:] for frame in (*plain, *map(bytes.fromhex, numbered.values())) if frame]


@dataclass(frozen=True)
class Session:
    """What one connection sends, piece by piece, and how it ends."""

    pieces: list[bytes]
    mutated: int
    """How many frames of it are."""
    is_rude: bool
    """It leaves by a reset, without reading."""


def sessions(corpus: Corpus, seed: int) -> Iterator[Session]:
    """Without end."""
    random = Random(seed)
    for client_id in itertools.cycle(range(CLIENTS)):
        yield _session(random, corpus, client_id)


def framed(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload


def _session(random: Random, corpus: Corpus, client_id: int) -> Session:
    version = random.choice(VERSIONS)
    frames = [_hello(random, version), framed(corpus.starts[version][client_id])]
    mutated = random.randint(1, MOST_FRAMES)
    for _ in range(mutated):
        frames.append(framed(_mutated(random, random.choice(corpus.requests[version]))))
    if random.random() < 0.1:  # the start at the end, or not at all
        start = frames.pop(1)
        frames += random.choice(([], [start], [start, start]))
    if random.random() < 0.3:
        frames.append(random.choice(ENDINGS)(random, random.choice(corpus.requests[version])))
    return Session(_cut(random, b"".join(frames)), mutated, random.random() < 0.04)


def _hello(random: Random, version: int) -> bytes:
    hello = b"API\0" + framed(b"v100..%d" % version)
    if random.random() < 0.96:
        return hello
    return random.choice((*HELLOS, _bits(random, hello), hello * 2, hello + random.randbytes(9)))


def _mutated(random: Random, payload: bytes) -> bytes:
    """Mostly behind the number, since a message without one ends the session."""
    number, body = _parted(payload)
    if random.random() < 0.005:
        number, body = b"", payload
    elif random.random() < 0.1:
        number = _numbered_like(number, random.randrange(320))
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        body = random.choice(MUTATIONS)(random, body)
    return number + body


def _parted(payload: bytes) -> tuple[bytes, bytes]:
    at = 4 if payload[:1] == b"\0" else payload.index(b"\0") + 1
    return payload[:at], payload[at:]


def _numbered_like(number: bytes, other: int) -> bytes:
    return other.to_bytes(4, "big") if number[:1] == b"\0" else b"%d\0" % other


def _cut(random: Random, data: bytes) -> list[bytes]:
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.choice((0, 1, 2, 9))))
    return [data[a:b] for a, b in itertools.pairwise((0, *cuts, len(data)))]


def _bits(random: Random, payload: bytes) -> bytes:
    changed = bytearray(payload)
    for _ in range(min(len(changed), random.randint(1, 4))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _bytes(random: Random, payload: bytes) -> bytes:
    at = random.randrange(len(payload) + 1)
    return payload[:at] + random.randbytes(random.randint(0, 8)) + payload[at + 1 :]


def _truncated(random: Random, payload: bytes) -> bytes:
    return payload[: random.randrange(len(payload) + 1)]


def _fields(random: Random, payload: bytes) -> bytes:
    """One dropped, doubled, replaced, swapped with another."""
    fields = payload.split(b"\0")
    a, b = random.randrange(len(fields)), random.randrange(len(fields))
    fields[a : a + 1] = random.choice(
        ([], [fields[a]] * 2, [fields[a]] * 300, [random.choice(FIELDS)], [fields[b]])
    )
    return b"\0".join(fields)


def _huge(random: Random, payload: bytes) -> bytes:
    at = random.randrange(len(payload) + 1)
    byte = random.choice((b"x", b"\0", b"\xff", b"7"))
    return payload[:at] + byte * random.choice(SIZES) + payload[at:]


def _garbage(random: Random, payload: bytes) -> bytes:
    return random.randbytes(random.randint(0, 60))


def _length(random: Random, payload: bytes) -> bytes:
    """A length that is not that of the payload."""
    length = random.choice((*LENGTHS, len(payload) + 1, max(0, len(payload) - 1)))
    return length.to_bytes(4, "big") + payload


def _unframed(random: Random, payload: bytes) -> bytes:
    return random.randbytes(random.randint(1, 200)) + framed(payload)


def _half(random: Random, payload: bytes) -> bytes:
    return framed(payload)[: random.randrange(len(payload) + 4)]


Mutation = Callable[[Random, bytes], bytes]
MUTATIONS: tuple[Mutation, ...] = (
    _bits, _bytes, _truncated, _fields, _fields, _huge, _garbage,
)  # fmt: skip
"""The stream stays in step."""
ENDINGS: tuple[Mutation, ...] = (_length, _unframed, _half)
"""It does not."""
