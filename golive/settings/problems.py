"""What is wrong with a document as settings: each mistake with its line and its cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from golive.settings.json_text import MOST_MISTAKES, JsonText, Mistake, Path
from golive.settings.model import EXPECTED, Settings

_SECTIONS = {str(field.alias): field for field in Settings.model_fields.values()}
CREDENTIALS, GOLIVE = _SECTIONS

_LINES = {
    "Host": '"Host": "127.0.0.1"',
    "Port": '"Port": 4001',
    "ClientId": '"ClientId": 10',
    "IsPaperTrading": '"IsPaperTrading": false',
    "ExpectedPositions": '"ExpectedPositions": N',
}
"""What to add, where it is missing."""

_COUNT = " (N: how many positions are open)"

_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "string_type": "text in double quotes",
    "list_type": "a list in square brackets",
    "model_type": "an object in braces",
    "model_attributes_type": "an object in braces",
    "string_too_short": "text that is not empty",
    "too_short": "a list that is not empty",
}


class Problems:
    """The mistakes of one text, by their lines. Raises RecursionError for endless nesting."""

    def __init__(self, text: str) -> None:
        self._read = JsonText.read(text, known=_every_key())
        self.mistakes = self._read.mistakes
        self._is_json = not self.mistakes

    def settings(self, document: Mapping[str, Any], is_to_go_live: bool) -> Settings | None:
        """The settings; None where `mistakes` says why there are none."""
        found: Settings | None = None
        self.mistakes += self._misspelt_sections(document)
        try:
            found = Settings.model_validate(document)
        except ValidationError as error:
            self.mistakes += self._told(error, document)
        if is_to_go_live:
            self.mistakes += self._nothing_expected(document)
        self._sort()
        return None if self.mistakes else found

    def look_on(self, is_to_go_live: bool) -> None:
        """At what can be relied on in a text that is no JSON.

        A misread value is not told to be wrong as well.
        """
        document = self._read.document
        if self._read.is_whole and isinstance(document, dict):
            before = list(self.mistakes)
            self.settings(document, is_to_go_live)
            more = [each for each in self.mistakes if each not in before]
            self.mistakes[:] = before + [each for each in more if self._is_sure(each)]
        self._sort()

    def _is_sure(self, mistake: Mistake) -> bool:
        return mistake.is_of_a_key or mistake.line not in self._read.misread

    def _sort(self) -> None:
        self.mistakes.sort(key=lambda each: each.line)

    def _line(self, path: Path) -> int:
        """Of a key, or of the nearest that holds it."""
        while path and path not in self._read.lines:
            path = path[:-1]
        return self._read.lines.get(path, 0)

    def _misspelt_sections(self, document: Mapping[str, Any]) -> Iterator[Mistake]:
        """A section almost named like one of ours is a misspelling, not another program's."""
        for name in document:
            near = _nearest(name, list(_SECTIONS))
            if name not in _SECTIONS and near and near not in document:
                what = f"unknown section {name}; did you mean {near}?"
                yield Mistake(self._line((name,)), what, is_of_a_key=True)

    def _told(self, error: ValidationError, document: Mapping[str, Any]) -> Iterator[Mistake]:
        found = error.errors(include_url=False)[:MOST_MISTAKES]
        paths = {tuple(map(str, each["loc"])): each for each in found}
        for path, each in paths.items():
            if each["type"] == "missing":
                if not _is_misspelt(path, document):
                    yield Mistake(self._line(path), _missing(path), is_of_a_key=True)
            elif each["type"] == "extra_forbidden":
                yield from self._unknown(path)
            else:
                yield Mistake(self._line(path), f"{'.'.join(path)} {_wrong(each)}")

    def _unknown(self, path: Path) -> Iterator[Mistake]:
        """In a text that is no JSON it may be a value in the wrong place: only if it is near."""
        known = _aliases(path[:-1])
        near = _nearest(path[-1], known)
        advice = f"did you mean {near}?" if near else f"known: {', '.join(known)}"
        if near or self._is_json:
            what = f"unknown key {'.'.join(path)}; {advice}"
            yield Mistake(self._line(path), what, is_of_a_key=True)

    def _nothing_expected(self, document: Mapping[str, Any]) -> Iterator[Mistake]:
        """What is compared with what the gateway tells must stand there."""
        golive = document.get(GOLIVE, {})
        if not isinstance(golive, dict) or _is_misspelt((GOLIVE,), document):
            return
        if GOLIVE not in document:
            lines = ", ".join(_line_of(key, _is_paper(document)) for key in EXPECTED)
            yield Mistake(0, f'{GOLIVE} is missing; add "{GOLIVE}": {{{lines}}}{_COUNT}')
            return
        for key in EXPECTED:
            if key not in golive and not _is_misspelt((GOLIVE, key), document):
                what = _missing((GOLIVE, key), _is_paper(document))
                yield Mistake(self._line((GOLIVE,)), what, is_of_a_key=True)


def _is_paper(document: Mapping[str, Any]) -> bool:
    credentials = document.get(CREDENTIALS)
    return isinstance(credentials, dict) and credentials.get("IsPaperTrading") is True


def _missing(path: Path, is_paper: bool = False) -> str:
    *section, key = path
    if not section:
        return f'{key} is missing; add "{key}": {{...}}'
    line = _line_of(key, is_paper)
    behind = _COUNT if line.endswith(" N") else ""
    return f"{'.'.join(path)} is missing; add {line} to {'.'.join(section)}{behind}"


def _line_of(key: str, is_paper: bool) -> str:
    if key == "ExpectedAccount":
        return f'"{key}": "{"D" if is_paper else ""}U..."'
    return _LINES.get(key, f'"{key}": ...')


def _is_misspelt(path: Path, document: Mapping[str, Any]) -> bool:
    """Whether a key stands there that is named as the one that is missing: that says more."""
    section: Any = document
    for key in path[:-1]:
        section = section.get(key) if isinstance(section, dict) else None
    known = _aliases(path[:-1])
    there = section if isinstance(section, dict) else {}
    return any(_nearest(each, known) == path[-1] for each in there if each not in known)


def _wrong(found: ErrorDetails) -> str:
    kind, value = found["type"], found["input"]
    if kind == "value_error":  # in our own words
        return str(found["ctx"]["error"])
    limits = {"greater_than_equal": "ge", "less_than_equal": "le"}
    if limit := limits.get(kind):
        told = str(found["ctx"][limit]).removesuffix(".0")
        return f"must be {told} or {'more' if limit == 'ge' else 'less'}"
    wanted = found["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    told = f"must be {_WANTED.get(kind, wanted.replace('True', 'true'))}"  # as JSON has it
    return told + _cure(kind, value)


def _cure(kind: str, value: Any) -> str:
    is_text = isinstance(value, str)
    if is_text and kind in ("int_type", "float_type", "bool_type"):
        return ", without quotes" if _is_plain(value, kind) else ", not text"
    if value is None:
        return ", not null"
    if kind == "string_type" and not isinstance(value, dict | list):
        return "; add the quotes"
    if kind in ("int_type", "float_type") and isinstance(value, bool):
        return ", not true or false"
    if kind in ("int_type", "int_from_float") and isinstance(value, float):
        return ", without a decimal point"
    return ""


def _is_plain(value: str, kind: str) -> bool:
    """Whether it would be right without its quotes."""
    bare = value.strip().lower()
    if kind == "bool_type":
        return bare in ("true", "false")
    return bare.replace(".", "", 1).removeprefix("-").isdecimal()


def _every_key() -> set[str]:
    found = set(_SECTIONS)
    sections: list[tuple[str, ...]] = [(name,) for name in _SECTIONS]
    while sections:
        section = sections.pop()
        for alias, field in _model(section).model_fields.items():
            found.add(str(field.alias or alias))
            if _inner(field.annotation):
                sections.append((*section, str(field.alias)))
    return found


def _inner(annotation: Any) -> type[BaseModel] | None:
    kinds = (annotation, *get_args(annotation))
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)


def _model(path: Path) -> type[BaseModel]:
    """The section that stands there."""
    model: type[BaseModel] = Settings
    for key in path:
        field = next((f for f in model.model_fields.values() if f.alias == key), None)
        model = (_inner(field.annotation) if field else None) or model
    return model


def _aliases(path: Path) -> list[str]:
    """The keys a section may have, found by its path."""
    return [str(field.alias) for field in _model(path).model_fields.values()]


def _nearest(word: str, known: list[str]) -> str | None:
    folded = {each.casefold(): each for each in known}
    found = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.7)
    return folded[found[0]] if found else None
