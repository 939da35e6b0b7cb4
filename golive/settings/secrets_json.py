"""Reading secrets.json, and saying of each mistake in a line where it is, and what to do."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from golive.kit import typed
from golive.kit.text import counted, printable
from golive.settings.json_text import Mistake
from golive.settings.model import Settings
from golive.settings.problems import Problems

MAX_BYTES = 1_000_000
EXAMPLE = "secrets.example.json"


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


def read(path: Path, on_fallback: bool = False, *, is_to_go_live: bool = True) -> SettingsFile:
    """The settings in a file, aimed at its fallback if asked. Raises SettingsError.

    `is_to_go_live`: they must say which account and how many positions are expected.
    """
    data = _bytes(path)
    settings = _settings(path, _text(path, data), is_to_go_live)
    file = SettingsFile(path, settings, _fingerprint(data))
    return file.on_fallback() if on_fallback else file


def check(path: Path, text: str) -> Settings:
    """The settings that a text of this file would be. Raises SettingsError."""
    return _settings(path, text, is_to_go_live=True)


def _settings(path: Path, text: str, is_to_go_live: bool) -> Settings:
    document = _document(path, text, is_to_go_live)
    problems = Problems(text)
    found = problems.settings(document, is_to_go_live)
    if found is None:
        raise SettingsError(*(_told(path, each) for each in problems.mistakes))
    return found


def _told(path: Path, mistake: Mistake) -> str:
    """`PATH line 4: what is wrong; what to do`."""
    where = f"{path} line {mistake.line}" if mistake.line else str(path)
    place = f"{'.'.join(mistake.path)}: " if mistake.path else ""
    return f"{where}: {place}{mistake.what}"


def document(path: Path) -> dict[str, Any]:
    """All that stands in a file, other programs' sections too. Raises SettingsError."""
    return _document(path, _text(path, _bytes(path)))


def _fingerprint(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        advice = f"; write one: {typed.GOLIVE} init; or rehearse without: {typed.REHEARSE}"
        is_example = path.name == EXAMPLE
        raise SettingsError(f"{path}: no such file" + ("" if is_example else advice)) from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise SettingsError(f"{path}: {len(data)} bytes; this is not a secrets.json")
    return data


def _text(path: Path, data: bytes) -> str:
    """With or without a byte order mark, UTF-8 or what an older editor saves as Unicode."""
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SettingsError(f"{path} line {line}: not UTF-8 text; save the file as UTF-8") from None


def _document(path: Path, text: str, is_to_go_live: bool = False) -> dict[str, Any]:
    """Raises SettingsError."""
    if not text.strip():
        raise SettingsError(f"{path}: empty; remove it, then write a new one: {typed.GOLIVE} init")
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise SettingsError(f"{path}: nested too deeply; this is not a secrets.json") from None
    except (json.JSONDecodeError, _NotJson) as error:
        raise _not_json(path, text, error, is_to_go_live) from None
    if not isinstance(document, dict):
        raise SettingsError(f'{path}: must be an object: {{"IBKRCredentials": {{...}}}}')
    return document


def _not_json(path: Path, text: str, error: Exception, is_to_go_live: bool) -> SettingsError:
    """Every mistake of a text that is no JSON, and those in the rest of it."""
    try:
        problems = Problems(text)
    except RecursionError:
        return SettingsError(f"{path}: nested too deeply; this is not a secrets.json")
    problems.look_on(is_to_go_live)
    if not problems.mistakes:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 0
        problems.mistakes.append(Mistake(line, f"not JSON: {str(error).lower()}"))
    return SettingsError(*(_told(path, each) for each in problems.mistakes))


class _NotJson(Exception):
    """What Python's reader would take: a key that stands twice, NaN."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise _NotJson("a key appears twice")
        result[key] = value
    return result


def _no_constant(name: str) -> float:
    raise _NotJson(f"{name} is not a JSON value")
