"""Text from elsewhere, made fit to be read and to be shown."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Any

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)")


def printable(text: str) -> str:
    """Control and bidirectional characters become `?`: they could repaint what is shown."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else "?" for each in text)


def by_lines(show: Callable[[str], None]) -> Callable[[str], None]:
    """Shows each line of a text by itself: a gateway's could repaint the terminal."""

    def write(text: str) -> None:
        for line in text.split("\n"):
            show(printable(line))

    return write


def shortened(text: str, longest: int) -> str:
    """Printable, and of so many characters at most; `...` stands for what is left out."""
    text = printable(text)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 zombie`, `2 zombies`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def with_weakened(lines: Sequence[str]) -> str:
    """`with 5 weakened checks`, as it stands behind a GO; "" where there are none."""
    return f"with {counted(len(lines), 'weakened check')}" if lines else ""


def text_of(data: bytes) -> str:
    """Text of any encoding. What it is looked through for is ASCII, which all of them hold."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", "replace")
    return data.decode("utf-8-sig", "replace")


def in_words(value: Any, zone: tzinfo | None = None) -> str:
    """Plain data of the evidence as a person reads it: what is there, times as the wall clock's.

    `zone` is that of the wall clock; None is this machine's.
    """
    match value:
        case _ if value in _NONE:
            return "none"
        case list():
            separator = "; " if any(isinstance(each, dict) for each in value) else ", "
            return separator.join(in_words(each, zone) for each in value)
        case {"local_port": _}:  # a socket: a row as netstat has it
            row = [each for key, each in value.items() if key not in _NOT_IN_A_ROW]
            return " ".join(in_words(each, zone) for each in row if each not in _NOTHING)
        case dict():
            there = {key: each for key, each in value.items() if each not in _NOTHING}
            return ", ".join(
                f"{_spaced(key)} {in_words(each, zone)}" for key, each in there.items()
            )
        case str() if _UTC.fullmatch(value):
            return _local(value, zone)
        case _:
            return str(value)


def _local(moment: str, zone: tzinfo | None) -> str:
    """As it is where there is no such time, or not there."""
    try:
        return f"{datetime.fromisoformat(moment).astimezone(zone):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        return moment


_NONE: tuple[object, ...] = (None, "", [], {})
_NOTHING: tuple[object, ...] = (*_NONE, 0)
_NOT_IN_A_ROW = ("uid", "inode")
_WHY = ("stopped", "reason")


def _spaced(key: str) -> str:
    return key.replace("_", " ")


def told(observed: dict[str, Any], zone: tzinfo | None = None) -> list[str]:
    """What a step observed, a line each; `none` where something was looked for and not there.

    Where it says why it came to nothing, that is said, and not all that there is none of therefore.
    """
    is_explained = any(observed.get(each) for each in _WHY)
    there = {k: each for k, each in observed.items() if not (is_explained and each in _NONE)}
    return [f"{_spaced(key)}: {in_words(each, zone)}" for key, each in there.items()]


def as_sentence(words: str) -> str:
    """`nothing listens there` as `Nothing listens there.`; empty stays empty."""
    whole = words[:1].upper() + words[1:]
    return whole if not whole or whole[-1] in ".!?" else f"{whole}."
