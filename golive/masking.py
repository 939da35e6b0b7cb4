"""Command lines and log lines as they may be shown: what could be a secret in them is masked.

Rather too much is masked than too little. In a command line, what follows the name of a password,
token, key, user or account is masked however it is written: `--password x`, `--password=x`,
`/pw:x`, `IB_PASSWORD=x`, `Password=x;`, `{"password": "x"}`; so are the user of a URL, and every
word that is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from golive.text import shortened

MASK = "***"
LONGEST = 300
"""Characters of a command line that are shown."""

_LONGEST_WORD = 2000

_NAME = (
    r"(?:[\w.\-]*(?:pass|pwd|secret|token|key|user|login|account|acct|cred|auth)[\w.\-]*"
    r"|pw|pin|pat|uid)"
)
_BARE_OPTION = re.compile(rf"(?:-{{1,2}}|/){_NAME}", re.I)
_ASSIGNMENT = re.compile(rf"([-/]*{_NAME}[=:]).+", re.I | re.S)
_USER_OF_A_URL = re.compile(r"(\w://)[^/\s@]+@")
_WITHIN = re.compile(
    rf"((?<![\w.\-]){_NAME}[\"']?\s*[=:]\s*|(?<![\w.\-])--?{_NAME}\s+)"
    r"(\"[^\"]*\"|'[^']*'|[^\s;&,}]+)",
    re.I,
)
ACCOUNT = r"\b(?:D?[UF]|DI|I)\d{4,}\w*"
"""What looks like an account: U and F live, DU and DF paper, I and DI an advisor's."""
_LOGIN_PAIR = {"-u", "-p"}
_IBC = re.compile(r"(ibcalpha\.ibc|ibcontroller)\.\w+", re.I)
"""IBC's main classes take user and password as plain words: `IbcGateway config.ini user password`.

So its resources/scripts/ibcstart.sh called them, before it passed them in the environment.
"""


def masked(words: Sequence[str], secrets: Iterable[str] = ()) -> str:
    """The words of a command line in one printable line of at most `LONGEST` characters."""
    shown: list[str] = []
    hide_next = hide_rest = False
    has_pair = set(words) >= _LOGIN_PAIR
    for word in (word[:_LONGEST_WORD] for word in words):
        if sum(map(len, shown)) + len(shown) > LONGEST:
            break
        hidden = (hide_next or hide_rest) and bool(shown)
        shown.append(MASK if hidden else _known(_word(word), secrets))
        hide_next = bool(_BARE_OPTION.fullmatch(word)) or (has_pair and word in _LOGIN_PAIR)
        hide_rest = hide_rest or bool(_IBC.fullmatch(word))
    return shortened(" ".join(f'"{word}"' if " " in word else word for word in shown), LONGEST)


def without(secrets: Iterable[str], line: str) -> str:
    """A log's line without these words, wherever they stand, nor what looks like an account."""
    known = [re.escape(each) for each in secrets if each]
    return re.sub("|".join([*known, ACCOUNT]), MASK, line, flags=re.I)


def _word(word: str) -> str:
    if found := _ASSIGNMENT.fullmatch(word):
        return found[1] + MASK
    return _WITHIN.sub(rf"\g<1>{MASK}", _USER_OF_A_URL.sub(rf"\1{MASK}@", word))


def _known(word: str, secrets: Iterable[str]) -> str:
    """Without the secrets, where they stand as words of their own: `Rev`, but not in `AutoRev`."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        word = re.sub(rf"(?<![^\W_]){re.escape(secret)}(?![^\W_])", MASK, word, flags=re.I)
    return word
