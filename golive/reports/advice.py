"""Advice in two parts: the words, and the command at their end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Advice(NamedTuple):
    """`words` end with a colon where a command follows; `command` is "" where there is none."""

    words: str
    command: str = ""


def of(text: str) -> Advice:
    """`Start it: golive check`; what follows the colon is prose where it ends as a sentence."""
    words, colon, rest = text.partition(": ")
    if not colon or not rest or rest.endswith("."):
        return Advice(text)
    return Advice(f"{words}:", rest)


def without(contacts: Iterable[str], lines: Iterable[str]) -> list[str]:
    """The lines that do not begin with one of the contacts, which are shown on their own."""
    starts = tuple(filter(None, contacts))
    return [each for each in lines if not each.startswith(starts)]
