"""What an account of Interactive Brokers looks like: the one definition of it.

Live: `U1234567`, an advisor's `F1234567`, a broker's `I1234567`. Paper begins with a D:
`DU1234567`, `DF1234567`, `DI1234567`, and with one letter more `DUM123456`. A letter behind it
(`F1234567A`) means all accounts of an advisor.
"""

from __future__ import annotations

import re

PREFIX = r"(?:D[UFI][A-Z]?|FA|[UFI])"
SHORTEST = 4
"""Digits of an account; fewer are a number behind a letter."""

ANYWHERE = rf"{PREFIX}\d{{{SHORTEST},}}\w*"
"""Anywhere, with the letters and digits attached to it: for masking, where too much is better."""
IN_TEXT = rf"(?<![^\W_]){ANYWHERE}"
"""The same where it begins a word."""

_WHOLE = re.compile(rf"{PREFIX}\d{{{SHORTEST},9}}[A-Z]?", re.ASCII)
_PREFIX = re.compile(rf"{PREFIX}(?=\d)", re.ASCII)


def is_one(word: str) -> bool:
    """Whether a word has the form of an account."""
    return _WHOLE.fullmatch(word.upper()) is not None


def is_as_written(account: str) -> bool:
    """Whether it is more than blanks, and no account's name but for blanks and small letters."""
    bare = "".join(account.split()).upper()
    return bare != "" and (account == bare or not is_one(bare))


def kind(account: str) -> str:
    """The letters it begins with: `DUM`; "" where it is none of these kinds."""
    found = _PREFIX.match(account.strip().upper())
    return found[0] if found else ""


def is_paper(account: str) -> bool:
    """Paper accounts begin with D, live ones do not."""
    return account.strip().upper().startswith("D")
