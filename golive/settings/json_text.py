"""JSON as people write it: read on behind each mistake, so that all of them are named at once.

`json` is what reads a right file. This is for a wrong one, and for the lines of its keys.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from golive.settings import json_pieces
from golive.settings.json_pieces import NOTHING, OPENING, Piece

Path = tuple[str, ...]
"""Of a key: `("IBKRCredentials", "Port")`."""

_BLANKS = re.compile(r"[ \t\r\n]+")
_INVISIBLE = re.compile(r"[^\S \t\r\n]|[\u200b-\u200d\u2060\ufeff]")
_REMARK = re.compile(
    r"(?P<comment>/\*.*?(?:\*/|\Z)|(?://|#|--(?!>))[^\r\n]*)"
    r"|(?P<arrow>(?:←|→|<-|<=|-+>|=>)[^\r\n]*)"
    r"|(?P<dots>\.{2,}|…)",
    re.DOTALL,
)
_REMARKS = {
    "comment": "a comment; JSON has none, remove it",
    "arrow": "an arrow; JSON has none, remove it and the text after it",
    "dots": "dots in place of a line; JSON has none, remove them",
}
_COLON = re.compile(r"\s*(:|=>|->|=)")

MOST_MISTAKES = 50
"""What has more is no settings file."""

TOO_EARLY = "the file ends too early; is it cut off, or a bracket missing?"


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a line, and what to do. `path` is the key's at which it stands, if any."""

    line: int
    what: str
    path: Path = ()
    is_of_a_key: bool = False
    """Whether a key is misspelt or missing: so it is, whatever is wrong with a value there."""


class _Lost(Exception):
    """What follows cannot be told apart."""


@dataclass
class JsonText:
    """A text that has been read as far as it can be understood.

    `is_whole`: to its end, so that what is missing in `document` is missing in the text.
    """

    text: str
    known: frozenset[str] = frozenset()
    """Keys that may be named; any other may be a value in the wrong place, and so a secret."""
    document: Any = None
    mistakes: list[Mistake] = field(default_factory=list)
    lines: dict[Path, int] = field(default_factory=dict)
    is_whole: bool = False
    misread: set[int] = field(default_factory=set)
    """Lines with a value that may not be what was meant."""
    _ends: list[int] = field(default_factory=list)
    """Of its lines."""
    _at: int = 0
    _key: Path = ()
    _has_comma: bool = False
    """Whether a comma was the last of a remark, where it stood in its way."""

    @classmethod
    def read(cls, text: str, known: Iterable[str] = ()) -> JsonText:
        """Raises RecursionError for what is nested too deeply."""
        found = cls(text, frozenset(known))
        found._ends = [each.start() for each in re.finditer("\n", text)]
        try:
            value = found._value(())
            found.document = None if value is NOTHING else value
            found._finish()
            found.is_whole = True
        except _Lost:
            pass
        return found

    def _line(self, at: int | None = None) -> int:
        return bisect_right(self._ends, (self._at if at is None else at) - 1) + 1

    def _say(self, what: str, line: int | None = None) -> None:
        """Once for a line: what is wrong there once more is often the same."""
        mistake = Mistake(line or self._line(), what, self._named())
        if (mistake.line, what) not in [(each.line, each.what) for each in self.mistakes]:
            self.mistakes.append(mistake)
        if len(self.mistakes) >= MOST_MISTAKES:
            raise _Lost

    def _misread(self, what: str, line: int | None = None) -> None:
        """A mistake that leaves in doubt which value is meant."""
        self.misread.add(line or self._line())
        self._say(what, line)

    def _named(self) -> Path:
        """As much of the last key's path as is known."""
        path = self._key
        while path and not set(path) <= self.known:
            path = path[:-1]
        return path

    def _lose(self, what: str) -> _Lost:
        self._say(what)
        return _Lost()

    def _next(self) -> str:
        """The next character that means anything; what stands before it is passed by."""
        while self._at < len(self.text):
            if found := _BLANKS.match(self.text, self._at):
                self._at = found.end()
            elif found := _INVISIBLE.match(self.text, self._at):
                self._say(f"an invisible character (U+{ord(found[0]):04X}); remove it")
                self._at = found.end()
            elif found := _REMARK.match(self.text, self._at):
                self._say(_REMARKS[found.lastgroup or "comment"])
                self._has_comma = found[0].rstrip().endswith(",")
                self._at = found.end()
            else:
                return self.text[self._at]
        return ""

    def _value(self, path: Path) -> Any:
        first = self._next()
        if first == "{":
            return self._object(path)
        if first == "[":
            return self._list(path)
        if not first:
            raise self._lose(TOO_EARLY)
        if first in OPENING:
            return self._string()
        if first in (",", "}", "]"):
            self._misread("a value is missing; write one")
            return NOTHING
        return self._take(json_pieces.bare(self.text, self._at))

    def _take(self, piece: Piece) -> Any:
        for what in piece.mistakes:
            self._misread(what)
        self._at = piece.end
        return piece.value

    def _string(self) -> str:
        piece = json_pieces.quoted(self.text, self._at)
        if piece is None:
            raise self._lose("a quote that JSON does not know, and no closing one; use double ones")
        return str(self._take(piece))

    def _object(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._at += 1
        comma: int | None = None
        while (first := self._next()) != "}":
            if first == ",":
                self._say("an extra comma; remove it")
                self._at += 1
                continue
            line = self._line()
            self._key = path
            key = self._a_key(first)
            self._key = here = (*path, key)
            if key in found:
                name = "this key" if key in self.known else "a key"
                self._misread(f"{name} appears twice; keep one", line)
            self.lines.setdefault(here, line)
            self._colon()
            value = self._value(here)
            self._key = here
            found.setdefault(key, None if value is NOTHING else value)
            comma = self._comma()
        self._close(comma)
        return found

    def _a_key(self, first: str) -> str:
        if not first:
            raise self._lose(TOO_EARLY)
        if first in OPENING:
            return self._string()
        if piece := json_pieces.key(self.text, self._at):
            return str(self._take(piece))
        if first == "]":
            raise self._lose("a ] where a } belongs; is a bracket missing?")
        raise self._lose("not a key in double quotes; is a comma or a bracket in the wrong place?")

    def _colon(self) -> None:
        found = _COLON.match(self.text, self._at)
        if found is None:
            self._misread("a colon is missing after the key; add it")
        else:
            if found[1] != ":":
                self._say(f"{found[1]} after a key; JSON has a colon there")
            self._at = found.end()

    def _list(self, path: Path) -> list[Any]:
        found: list[Any] = []
        self._at += 1
        comma: int | None = None
        while (first := self._next()) != "]":
            if first == ",":
                self._say("an extra comma; remove it")
                self._at += 1
                continue
            if first == "}":
                raise self._lose("a } where a ] belongs; is a bracket missing?")
            self.lines[(*path, str(len(found)))] = self._line()
            value = self._value((*path, str(len(found))))
            found.append(None if value is NOTHING else value)
            comma = self._comma()
        self._close(comma)
        return found

    def _comma(self) -> int | None:
        """Where the comma behind a value stands, if there is one."""
        line, self._has_comma = self._line(), False
        first = self._next()
        if first in (",", ";"):
            if first == ";":
                self._say("a semicolon; JSON has a comma there")
            self._at += 1
            return self._at - 1
        if first not in ("}", "]", "") and not self._has_comma:
            self._say("a comma is missing after the value; add it", line)
        return None

    def _close(self, comma: int | None) -> None:
        if comma is not None:
            self._say("a comma before a closing bracket; remove it", self._line(comma))
        self._at += 1

    def _finish(self) -> None:
        self._key = ()
        if first := self._next():
            is_bracket = first in "}]"
            self._say(
                "an extra closing bracket; remove it"
                if is_bracket
                else "more text after the last bracket; remove it"
            )
