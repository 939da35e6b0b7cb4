"""The pieces of JSON as people write them: text in any quotes, numbers, words.

A piece that is wrong is read as what was meant, as far as that can be told.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

QUOTES = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb"
"""Those of word processors, of any language."""
_SINGLE = "'`"
OPENING = f'"{QUOTES}{_SINGLE}'
_BEHIND = r"(?=\s*(?:[,:;}\]#/←→<=]|$))"
"""What may stand behind a closing quote."""

_STRAIGHT = re.compile(r'"((?:[^"\\\r\n]|\\.)*)"')
_OTHER = re.compile(rf"""[{QUOTES}{_SINGLE}]([^\r\n]*?)[{QUOTES}{_SINGLE}"]{_BEHIND}""", re.M)
_CURLY_END = re.compile(rf"[{QUOTES}]{_BEHIND}", re.M)
_FOLDER = re.compile(rf'"((?:[A-Za-z]:|\\)[^"\r\n]*\\)"{_BEHIND}', re.M)
"""A Windows folder. If its last backslash is a single one, JSON does not see the closing quote."""
_ESCAPED = re.compile(r'(?:[^\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_CONTROLS = re.compile(r"[\x00-\x1f]")
_LINE = re.compile(r"[^\r\n]*")

_WORD = re.compile(r"[^\W\d]\w*(?=[\s,}\]/#←;]|$)")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_LIKE_A_NUMBER = re.compile(r"[-+.\d][\w.+-]*")
_BARE = re.compile(r"[^,}\]\r\n]+")

_CONSTANTS = {"true": True, "false": False, "null": None}
_MEANT = {"none": "null", "nil": "null", "undefined": "null", **{k: k for k in _CONSTANTS}}
_NO_NUMBERS = ("nan", "infinity", "inf")

NOTHING = object()
"""The value of a piece whose meaning cannot be told."""

BACKSLASH = "a single backslash; JSON needs each backslash twice: C:\\\\Jts"
CURLY = "curly quotes; write straight ones"
SINGLE = 'single quotes; JSON needs double ones: "..."'


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands there, where it ends, and what is wrong with it."""

    value: Any
    end: int
    mistakes: tuple[str, ...] = ()


def quoted(text: str, at: int) -> Piece | None:
    """The text in quotes that begins there; None where nobody can tell where it ends."""
    if text[at] != '"':
        found = _OTHER.match(text, at)
        what = SINGLE if text[at] in _SINGLE else CURLY
        return _piece(found[1], found.end(), what) if found else None
    found = _FOLDER.match(text, at) or _STRAIGHT.match(text, at)
    whole = found[0] if found else text[at : _end_of_line(text, at)]
    if curly := _CURLY_END.search(text, at, at + len(whole)):
        return _piece(text[at + 1 : curly.start()], curly.end(), CURLY)
    if found:
        return _piece(found[1], found.end())
    end = at + len(whole.rstrip().rstrip(",}]").rstrip())
    return Piece("", end, ("the closing quote is missing; add it",))


def _end_of_line(text: str, at: int) -> int:
    found = _LINE.match(text, at)
    return found.end() if found else len(text)


def _piece(raw: str, end: int, *mistakes: str) -> Piece:
    """`raw` is what stands between the quotes."""
    if _CONTROLS.search(raw):
        mistakes += ("a tab or another control character inside quotes; remove it",)
        raw = _CONTROLS.sub(" ", raw)
    if _ESCAPED.fullmatch(raw) is None:
        return Piece(raw, end, (*mistakes, BACKSLASH))
    has_quote = '"' in re.sub(r"\\.", "", raw)
    return Piece(raw if has_quote else json.loads(f'"{raw}"'), end, mistakes)


def key(text: str, at: int) -> Piece | None:
    """The word that begins there, as a key without its quotes."""
    found = re.compile(r"[^\W\d]\w*").match(text, at)
    return (
        Piece(found[0], found.end(), ("a key without quotes; put it in double quotes",))
        if found
        else None
    )


def bare(text: str, at: int) -> Piece:
    """The number or the word that begins there."""
    if found := _WORD.match(text, at):
        return _word(text, found)
    found = _LIKE_A_NUMBER.match(text, at)
    if found and _NUMBER.fullmatch(found[0]):
        return Piece(json.loads(found[0]), found.end())
    if found and found[0].lower().strip("+-") in _NO_NUMBERS:
        return _meaningless(text, at, "not a JSON value; write a number")
    if found and re.fullmatch(r"[-+]?0+\d+", found[0]):
        return _meaningless(text, at, "a number that begins with 0; remove the zero")
    return _meaningless(text, at, "neither a number nor text in quotes; put text in double quotes")


def _word(text: str, found: re.Match[str]) -> Piece:
    word = found[0]
    if word in _CONSTANTS:
        return Piece(_CONSTANTS[word], found.end())
    if meant := _MEANT.get(word.lower()):
        return Piece(_CONSTANTS[meant], found.end(), (f"{word}; JSON writes {meant}",))
    if word.lower() in _NO_NUMBERS:
        return _meaningless(text, found.start(), f"{word} is not a JSON value; write a number")
    return _meaningless(text, found.start(), "text without quotes; put it in double quotes")


def _meaningless(text: str, at: int, what: str) -> Piece:
    found = _BARE.match(text, at)
    return Piece(NOTHING, found.end() if found else at + 1, (what,))
