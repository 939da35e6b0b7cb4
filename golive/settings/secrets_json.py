"""Reading secrets.json, and saying in one line what is wrong with it, where, and what to do."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from golive.kit import project, typed
from golive.kit.text import counted, printable
from golive.settings.model import Settings

MAX_BYTES = 1_000_000
EXAMPLE = "secrets.example.json"

_NOT_JSON = re.compile(r"//|/\*|#|←|<-|<=|\.\.\.|…")
_TOKEN = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"(?P<is_key>\s*:)?|[{}]')


class SettingsError(Exception):
    """The settings are wrong. `lines` has a line for each mistake: where, what, what to do.

    They are fit to be shown: no value is quoted. As text it is the first, with how many more.
    """

    def __init__(self, *lines: str) -> None:
        self.lines = tuple(map(printable, lines))
        more = counted(len(lines) - 1, "more mistake")
        super().__init__(self.lines[0] + (f" (and {more})" if len(lines) > 1 else ""))


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """Settings, and the file they were read from."""

    path: Path
    settings: Settings
    fingerprint: str
    """sha256 of the file's bytes."""
    written: Settings | None = None
    """As they stand in the file, where they were aimed elsewhere since."""

    @property
    def primary(self) -> Settings:
        """Aimed at the endpoint that the file names first."""
        return self.written or self.settings

    def on_fallback(self) -> SettingsFile:
        """The same file, aimed at the fallback it names."""
        return replace(self, settings=self.settings.on_fallback(), written=self.primary)

    @property
    def is_unchanged(self) -> bool:
        """Whether the file still holds what was read from it."""
        try:
            return _fingerprint(self.path.read_bytes()) == self.fingerprint
        except OSError:
            return False


def read(path: Path, on_fallback: bool = False) -> SettingsFile:
    """The settings in a file, aimed at its fallback if asked. Raises SettingsError."""
    data = _bytes(path)
    text = _text(path, data)
    document = _document(path, text)
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        raise SettingsError(_first_problem(path, text, error)) from None
    file = SettingsFile(path, settings, _fingerprint(data))
    return file.on_fallback() if on_fallback else file


def document(path: Path) -> dict[str, Any]:
    """All that stands in a file, other programs' sections too. Raises SettingsError."""
    return _document(path, _text(path, _bytes(path)))


def _fingerprint(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        advice = (
            f"; copy {project.example()} to {path.name} and edit it, or rehearse: {typed.REHEARSE}"
        )
        is_example = path.name == EXAMPLE
        raise SettingsError(f"{path}: no such file" + ("" if is_example else advice)) from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise SettingsError(f"{path}: {len(data)} bytes; this is no secrets.json")
    return data


def _text(path: Path, data: bytes) -> str:
    """With or without a byte order mark, UTF-8 or what an older editor saves as Unicode."""
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SettingsError(f"{path} line {line}: not UTF-8 text; save the file as UTF-8") from None


def _document(path: Path, text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise SettingsError(_syntax_problem(path, error)) from None
    except RecursionError:
        raise SettingsError(f"{path}: nested too deeply; this is no secrets.json") from None
    except _Twice as twice:
        key = twice.args[0]
        line = _line_of(text, [key], last=True)
        raise SettingsError(f"{path}{line}: the key {key} stands twice; keep one") from None
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from None
    if not isinstance(document, dict):
        raise SettingsError(f'{path}: must be an object: {{"IBKRCredentials": {{...}}}}')
    _check_sections(path, text, document)
    return document


class _Twice(Exception):
    """A key stands twice in one object; JSON readers would silently take the last."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise _Twice(key)
        result[key] = value
    return result


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON value; write a number")


def _check_sections(path: Path, text: str, document: dict[str, Any]) -> None:
    """A section almost named like one of ours is a misspelling, not another program's."""
    ours = [str(field.alias) for field in Settings.model_fields.values()]
    for name in document:
        near = _nearest(name, ours)
        if name not in ours and near and near not in document:
            line = _line_of(text, [name])
            raise SettingsError(f"{path}{line}: unknown section {name}; did you mean {near}?")


def _syntax_problem(path: Path, error: json.JSONDecodeError) -> str:
    """What a person most likely did to make this JSON invalid."""
    text, position = error.doc, error.pos
    place = _place_at(text, position)
    at = f"{path} line {error.lineno}" + (f", at or after {place}" if place else "")
    rest = text[position:].splitlines()[0].lstrip(", \t") if text[position:].strip() else ""
    if not text.strip():
        return f"{path}: empty; copy {project.example()} over it and edit it"
    if _NOT_JSON.match(rest):
        return f"{at}: a comment, an arrow or dots; JSON has none, remove it"
    behind = position + (text[position : position + 1] == ",")  # newer Pythons point at the comma
    if text[:behind].rstrip().endswith(",") and text[behind:].lstrip()[:1] in ("}", "]"):
        return f"{at}: a comma before a closing bracket; remove it"
    if not rest:
        return f"{at}: the file ends too early; is it cut off, or a bracket missing?"
    return f"{at}: not JSON: {error.msg.lower()} (column {error.colno})"


def _place_at(text: str, position: int) -> str:
    """The path of the last key before a position: `IBKRCredentials.ClientId`."""
    path, key = [], ""
    for token in _TOKEN.finditer(text, 0, position):
        if token["is_key"]:
            key = token["text"]
        elif token[0] == "{":
            path.append(key)
        elif token[0] == "}" and path:
            key = path.pop()
    return ".".join(filter(None, [*path, key]))


def _first_problem(path: Path, text: str, error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)
    # a misspelt key is both unknown and missing: the unknown one says more
    problem = min(problems, key=lambda each: each["type"] != "extra_forbidden")
    keys = [str(part) for part in problem["loc"]]
    place = ".".join(keys)
    match problem["type"]:
        case "extra_forbidden":
            near = _nearest(keys[-1], _aliases(keys[:-1]))
            advice = f"did you mean {near}?" if near else f"known: {', '.join(_aliases(keys[:-1]))}"
            return f"{path}{_line_of(text, keys)}: unknown key {place}; {advice}"
        case "missing":
            line = _line_of(text, keys[:-1]) if keys[:-1] else ""
            return f"{path}{line}: {place} is missing; {EXAMPLE} shows it"
        case "value_error":  # in our own words
            return f"{path}{_line_of(text, keys)}: {place} {problem['ctx']['error']}"
    wanted = problem["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    wanted = wanted.replace("True", "true")  # as JSON has it
    return f"{path}{_line_of(text, keys)}: {place} must be {wanted}"


def _aliases(keys: list[str]) -> list[str]:
    """The keys a section may have, found by its path."""
    model: type[BaseModel] = Settings
    for key in keys:
        fields = model.model_fields.values()
        kinds = [f.annotation for f in fields if f.alias == key]
        inner = [k for kind in kinds for k in (kind, *get_args(kind)) if isinstance(k, type)]
        model = next((k for k in inner if issubclass(k, BaseModel)), model)
    return [str(field.alias) for field in model.model_fields.values()]


def _nearest(word: str, known: list[str]) -> str | None:
    folded = {each.casefold(): each for each in known}
    found = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.7)
    return folded[found[0]] if found else None


def _line_of(text: str, keys: list[str], *, last: bool = False) -> str:
    """` line N` of a key, found by walking its path through the text; empty where it is not."""
    position = 0
    for key in keys:
        pattern = re.compile(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:")
        found = list(pattern.finditer(text, position))
        if not found:
            return "" if position == 0 else f" line {text.count(chr(10), 0, position) + 1}"
        position = found[-1 if last else 0].start()
    return f" line {text.count(chr(10), 0, position) + 1}"
