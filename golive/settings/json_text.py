"""JSON as people write it: read on behind each mistake, so that all of them are named at once.

`json` is what reads a right file. This is for a wrong one, and for the lines of its keys.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str, ...]
"""Of a key: `("IBKRCredentials", "Port")`."""

QUOTES = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb"
"""Those of word processors, of any language."""
_SINGLE = "'`"
_BEHIND = r"(?=\s*(?:[,:;}\]#/←→<=]|$))"
"""What may stand behind a closing quote."""

_BLANKS = re.compile(r"[ \t\r\n]+")
_INVISIBLE = re.compile(r"[^\S \t\r\n]|[\u200b-\u200d\u2060\ufeff]")
_REMARK = re.compile(
    r"/\*.*?(?:\*/|\Z)|(?:\.{2,}|…)|(?://|#|←|→|<-|<=|->|=>|--)[^\r\n]*", re.DOTALL
)
_STRAIGHT = re.compile(r'"((?:[^"\\\r\n]|\\.)*)"')
_OTHER = re.compile(rf"""[{QUOTES}{_SINGLE}]([^\r\n]*?)[{QUOTES}{_SINGLE}"]{_BEHIND}""", re.M)
_CURLY_END = re.compile(rf"[{QUOTES}]{_BEHIND}", re.M)
_FOLDER = re.compile(rf'"((?:[A-Za-z]:|\\)[^"\r\n]*\\)"{_BEHIND}', re.M)
"""A Windows folder; its last backslash, where it is a single one, hides the quote from JSON."""
_ESCAPED = re.compile(r'(?:[^\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_WORD = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_LIKE_A_NUMBER = re.compile(r"[-+.\d][\w.+-]*")
_BARE = re.compile(r"[^,}\]\r\n]+")
_COLON = re.compile(r"\s*(:|=>|->|=)")

_CONSTANTS = {"true": True, "false": False, "null": None}
_MEANT = {"none": "null", "nil": "null", "undefined": "null", **{k: k for k in _CONSTANTS}}
_NO_NUMBERS = ("nan", "infinity", "inf")
_NOTHING = object()

BACKSLASH = "a single backslash; JSON wants each one twice: C:\\\\Jts"
TOO_EARLY = "the file ends too early; is it cut off, or a bracket missing?"


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a line, and what to do. `path` is the key's at which it stands, if any."""

    line: int
    what: str
    path: Path = ()


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
            found.document = None if value is _NOTHING else value
            found._finish()
            found.is_whole = True
        except _Lost:
            pass
        return found

    _ends: list[int] = field(default_factory=list)

    def _line(self, at: int | None = None) -> int:
        return bisect_right(self._ends, (self._at if at is None else at) - 1) + 1

    def _say(self, what: str, line: int | None = None) -> None:
        """Once for a line: what is wrong there once more is often the same."""
        mistake = Mistake(line or self._line(), what, self._named())
        if (mistake.line, what) not in [(each.line, each.what) for each in self.mistakes]:
            self.mistakes.append(mistake)

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
                self._say("a comment, an arrow or dots; JSON has none, remove it")
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
        if first == '"' or (first and first in QUOTES + _SINGLE):
            return self._string()
        if first in (",", "}", "]"):
            self._say("a value is missing; write one")
            return _NOTHING
        if not first:
            raise self._lose(TOO_EARLY)
        return self._plain()

    def _plain(self) -> Any:
        """A number, or one of the three words that JSON knows."""
        if found := _WORD.match(self.text, self._at):
            return self._word(found)
        found = _LIKE_A_NUMBER.match(self.text, self._at)
        if found and _NUMBER.fullmatch(found[0]):
            self._at = found.end()
            return json.loads(found[0])
        if found and found[0].lower().strip("+-") in _NO_NUMBERS:
            self._say("not a JSON value; write a number")
        elif found and re.fullmatch(r"[-+]?0+\d+", found[0]):
            self._say("a number that begins with 0; remove the zero")
        else:
            self._say("neither a number nor text in quotes; put text in double quotes")
        return self._bare()

    def _word(self, found: re.Match[str]) -> Any:
        word = found[0]
        behind = self.text[found.end() : found.end() + 1]
        if behind and not re.match(r"[\s,}\]/#←;]", behind):
            word = ""
        if word in _CONSTANTS:
            self._at = found.end()
            return _CONSTANTS[word]
        if meant := _MEANT.get(word.lower()):
            self._say(f"{word}; JSON writes {meant}")
            self._at = found.end()
            return _CONSTANTS[meant]
        if word.lower() in _NO_NUMBERS:
            self._say(f"{word} is not a JSON value; write a number")
        else:
            self._say("text without quotes; put it in double quotes")
        return self._bare()

    def _bare(self) -> Any:
        found = _BARE.match(self.text, self._at)
        assert found
        self._at = found.end()
        return _NOTHING

    def _string(self) -> str:
        if self.text[self._at] != '"':
            return self._otherwise_quoted()
        found = _FOLDER.match(self.text, self._at) or _STRAIGHT.match(self.text, self._at)
        line_end = self.text.find("\n", self._at)
        whole = found[0] if found else self.text[self._at : None if line_end < 0 else line_end]
        if end := _CURLY_END.search(self.text, self._at, self._at + len(whole)):
            self._say("curly quotes; write straight ones")
            text = self.text[self._at + 1 : end.start()]
            self._at = end.end()
            return self._meant(text)
        if found:
            self._at = found.end()
            return self._meant(found[1])
        self._say("the closing quote is missing; add it")
        self._at += len(whole.rstrip().rstrip(",}]").rstrip())
        return ""

    def _otherwise_quoted(self) -> str:
        found = _OTHER.match(self.text, self._at)
        if found is None:
            raise self._lose("a quote that JSON does not know, and no closing one; use double ones")
        is_single = self.text[self._at] in _SINGLE
        self._say(
            'single quotes; JSON takes double ones: "..."'
            if is_single
            else "curly quotes; write straight ones"
        )
        self._at = found.end()
        return self._meant(found[1])

    def _meant(self, raw: str) -> str:
        """What the inside of a string stands for."""
        if re.search(r"[\x00-\x1f]", raw):
            self._say("a tab or another control character inside quotes; remove it")
            raw = re.sub(r"[\x00-\x1f]", " ", raw)
        if _ESCAPED.fullmatch(raw) is None:
            self._say(BACKSLASH)
            return raw
        return str(json.loads(f'"{raw}"')) if '"' not in re.sub(r"\\.", "", raw) else raw

    def _object(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._at += 1
        comma: int | None = None
        while (first := self._next()) != "}":
            if first == ",":
                self._say("a comma too many; remove it")
                self._at += 1
                continue
            line = self._line()
            key = self._a_key(first)
            self._key = here = (*path, key)
            if key in found:
                name = "this key" if key in self.known else "a key"
                self._say(f"{name} stands twice; keep one", line)
            self.lines.setdefault(here, line)
            self._colon()
            value = self._value(here)
            self._key = here
            found.setdefault(key, None if value is _NOTHING else value)
            comma = self._comma()
        self._close(comma)
        return found

    def _a_key(self, first: str) -> str:
        if first == '"' or (first and first in QUOTES + _SINGLE):
            return self._string()
        if found := _WORD.match(self.text, self._at):
            self._say("a key without quotes; put it in double quotes")
            self._at = found.end()
            return found[0]
        if not first:
            raise self._lose(TOO_EARLY)
        if first == "]":
            raise self._lose("a ] where a } belongs; is a bracket missing?")
        raise self._lose("not a key in double quotes; is a comma or a bracket in the wrong place?")

    def _colon(self) -> None:
        found = _COLON.match(self.text, self._at)
        if found is None:
            self._say("a colon is missing behind the key; add it")
        else:
            if found[1] != ":":
                self._say(f"{found[1]} behind a key; JSON has a colon there")
            self._at = found.end()

    def _list(self, path: Path) -> list[Any]:
        found: list[Any] = []
        self._at += 1
        comma: int | None = None
        while (first := self._next()) != "]":
            if first == ",":
                self._say("a comma too many; remove it")
                self._at += 1
                continue
            if first == "}":
                raise self._lose("a } where a ] belongs; is a bracket missing?")
            self.lines[(*path, str(len(found)))] = self._line()
            value = self._value((*path, str(len(found))))
            found.append(None if value is _NOTHING else value)
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
            self._say("a comma is missing behind the value; add it", line)
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
                "a closing bracket too many; remove it"
                if is_bracket
                else "more text behind the last bracket; remove it"
            )
