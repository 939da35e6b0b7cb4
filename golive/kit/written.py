"""Text however it is written: percent-encoded, as an entity or as an escape, also in part only."""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

DEEPEST = 4
"""How often a text may be encoded on top of another encoding."""

_BYTE = re.compile(r"%(?:25)*([0-9a-f]{2})", re.I)
_ENCODED = re.compile(
    rf"(?:{_BYTE.pattern})+"
    r"|\\u(?P<u>[0-9a-f]{4})|\\x(?P<x>[0-9a-f]{2})"
    r"|(?P<entity>&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]\w{1,31});)",
    re.I,
)

Piece = tuple[str, int, int]
"""What is meant, and from where to where it is written."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a text means, and where each character of that is written."""

    text: str
    starts: list[int]
    ends: list[int]

    def span(self, found: re.Match[str]) -> tuple[int, int]:
        """From where to where what was found is written. It is not empty."""
        return self.starts[found.start()], self.ends[found.end() - 1]


def replaced(
    pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str | None], text: str
) -> str:
    """The text with what is found replaced, also where only its meaning has it.

    `replace` gives None for what is to stay. What is empty is not found.
    """
    text = pattern.sub(lambda found: _or_itself(replace, found), text)
    if not _ENCODED.search(text):
        return text
    opened, done, kept = opened_of(text), 0, []
    for found in pattern.finditer(opened.text):
        start, end = opened.span(found) if found[0] else (0, 0)
        other = replace(found) if end > start >= done else None
        if other is not None and other != found[0]:
            kept += [text[done:start], other]
            done = end
    return "".join([*kept, text[done:]])


def opened_of(text: str) -> Opened:
    """Its meaning, in as many layers as it was encoded in."""
    opened = Opened(text, list(range(len(text))), list(range(1, len(text) + 1)))
    for _ in range(DEEPEST):
        if not _ENCODED.search(opened.text):
            break
        pieces = list(_pieces(opened.text))
        opened = Opened(
            "".join(each for each, _, _ in pieces),
            [opened.starts[start] for each, start, _ in pieces for _ in each],
            [opened.ends[end - 1] for each, _, end in pieces for _ in each],
        )
    return opened


def _or_itself(replace: Callable[[re.Match[str]], str | None], found: re.Match[str]) -> str:
    other = replace(found)
    return found[0] if other is None else other


def _pieces(text: str) -> Iterator[Piece]:
    done = 0
    for found in _ENCODED.finditer(text):
        yield from ((text[at], at, at + 1) for at in range(done, found.start()))
        done = found.end()
        if code := found["u"] or found["x"]:
            yield chr(int(code, 16)), found.start(), done
        elif found["entity"]:
            yield html.unescape(found[0]), found.start(), done
        else:
            yield from _of_bytes(text, found)
    yield from ((text[at], at, at + 1) for at in range(done, len(text)))


def _of_bytes(text: str, run: re.Match[str]) -> Iterator[Piece]:
    """The characters of a run of percent-encoded bytes."""
    decoder, start = codecs.getincrementaldecoder("utf-8")("replace"), run.start()
    for each in _BYTE.finditer(text, run.start(), run.end()):
        if meant := decoder.decode(bytes([int(each[1], 16)])):
            yield meant, start, each.end()
            start = each.end()
    if rest := decoder.decode(b"", final=True):
        yield rest, start, run.end()
