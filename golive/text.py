"""Text from elsewhere, made fit to be read and to be shown."""

from __future__ import annotations

import codecs
import re
from datetime import datetime
from typing import Any

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)")


def printable(text: str) -> str:
    """Control and bidirectional characters become `?`: they could repaint what is shown."""
    return "".join(each if each.isprintable() else "?" for each in text)


def text_of(data: bytes) -> str:
    """Text of any encoding. What it is looked through for is ASCII, which all of them hold."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", "replace")
    return data.decode("utf-8-sig", "replace")


def in_words(value: Any) -> str:
    """Plain data of the evidence as a person reads it: what is there, times as the wall clock's."""
    match value:
        case None | "" | []:
            return "none"
        case list():
            separator = "; " if any(isinstance(each, dict) for each in value) else ", "
            return separator.join(map(in_words, value))
        case {"local_port": _}:  # a socket: a row as netstat has it
            return " ".join(in_words(each) for each in value.values() if each not in _NOTHING)
        case dict():
            there = {key: each for key, each in value.items() if each not in _NOTHING}
            return ", ".join(f"{_spaced(key)} {in_words(each)}" for key, each in there.items())
        case str() if _UTC.fullmatch(value):
            return f"{datetime.fromisoformat(value).astimezone():%Y-%m-%d %H:%M:%S}"
        case _:
            return str(value)


_NOTHING: tuple[object, ...] = (None, "", 0, [])


def _spaced(key: str) -> str:
    return key.replace("_", " ")


def told(observed: dict[str, Any]) -> list[str]:
    """What a step observed, a line each; `none` where something was looked for and not there."""
    return [f"{_spaced(key)}: {in_words(each)}" for key, each in observed.items()]
