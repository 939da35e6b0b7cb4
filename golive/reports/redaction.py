"""The evidence as it may leave the machine: without accounts, user names and machine names.

An account becomes a pseudonym, the same everywhere: `U***1`, `DU***2`. A name becomes `***`. When
in doubt, too much is masked: accounts, and names of five characters or more, also inside longer
words; shorter names as words of their own; all of them also as JSON, XML and URLs write them, even
in part. Each part of the operator's name counts as a name, except words that the procedure uses
itself. Passwords, tokens and users of URLs are always masked. The procedure's own words are kept.

Values from which an account or a name could be found by trying are masked, too: fingerprints of
files, and the gateway's folder, which is named after the user.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any
from urllib.parse import quote, quote_plus

from golive.diagnosis.decision_tree import TREE
from golive.evidence.record import Evidence, Record
from golive.kit import accounts, written
from golive.kit.masking import MASK, without_credentials
from golive.kit.text import printable
from golive.procedure import steps

KEPT = frozenset(
    {"schema_", "run_id", "started", "ended", "target", "verdict", "digest", "kind", "version"}
    | {"id", "stage", "title", "outcome", "blocked_by", "step", "code", "procedure"}
)
"""Fields of records with the procedure's own words. Observations of a step are never kept."""

LONG = 5
"""From this many characters on, a name is also masked inside longer words."""
MOST = 100
"""Most words to look for one by one. Accounts are also found by their look."""

_IS_ACCOUNT = re.compile(accounts.ANYWHERE, re.I)
_HASHED = r"(?<![^\W_])(?:[0-9a-f]{12,}|[a-p]{32,40})(?![^\W_])"
_SLASH = r"(?:[\\/]|%(?:25)*(?:2f|5c))"
"""Between folders, also as a URL has it, or a URL within a URL."""
_SPACE = r"(?: |\+|%(?:25)*20)"
_HOME = (
    rf"{_SLASH}+(?:home|users|documents{_SPACE}and{_SPACE}settings){_SLASH}+"
    rf"(?P<user>(?:(?!{_SLASH})[^\r\n\"':;,|<>*?])+(?={_SLASH})|(?:(?!{_SLASH})[^\s\"':;,])+)"
    r"|(?<![^\s\"'=:;,(])~(?P<of>[a-z_][\w.\-]*)"
)
"""A home folder: `/home/anna`, `C:\\Users\\Anna Smith\\`, `~anna`."""
SHORTEST = 3
"""Fewest characters of a part of a name: shorter ones are initials, or words like `de`."""


def redacted(found: Evidence, secrets: Iterable[str] = ()) -> Evidence:
    """The same without these words and the names and accounts it holds itself.

    Its digest stays that of the evidence it was made from.
    """
    of, secrets = found.circumstances, tuple(secrets)
    names = (*secrets, of.operator, of.machine, *_parts(of.operator))
    masked: Evidence = Redaction(names, _accounts(found.document())).plain(found)
    return masked


class Redaction:
    """Masks these names and accounts, and everything that looks like an account."""

    def __init__(self, names: Iterable[str], told: Iterable[str] = ()) -> None:
        """`told` are accounts, even if they do not look like one."""
        self._pseudonyms: dict[str, str] = {}
        self._masks: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        for account in islice(dict.fromkeys(filter(None, told)), MOST):
            self._know(account, self._pseudonym(account))
        for name in names:
            self._know(name, self._pseudonym(name) if _IS_ACCOUNT.fullmatch(name) else MASK)
        known = map(_pattern, sorted(self._masks, key=len, reverse=True))
        self._secret = re.compile("|".join([_HOME, *known, _HASHED, accounts.ANYWHERE]), re.I)

    def _know(self, word: str, mask: str) -> None:
        for form in filter(str.strip, _forms(word)):
            self._masks.setdefault(form.lower(), mask)

    def _pseudonym(self, account: str) -> str:
        number = f"{MASK}{len(self._pseudonyms) + 1}"
        return self._pseudonyms.setdefault(account.upper(), accounts.kind(account) + number)

    def plain(self, value: Any, key: str = "") -> Any:
        """Records and plain data. The value of `account` is always an account."""
        match value:
            case str():
                is_account = "account" in key.lower() and value.strip()
                return self._pseudonym(value) if is_account else self.text(value)
            case list():
                return [self.plain(each, key) for each in value]
            case dict():
                return {self.text(name): self.plain(each, name) for name, each in value.items()}
            case Record():
                fields = {name: each for name, each in value if name not in KEPT}
                masked = {name: self.plain(each, name) for name, each in fields.items()}
                return value.model_copy(update=masked)
            case _:
                return value

    def text(self, text: str) -> str:
        """Without any of them."""
        if text not in self._texts:
            shown = written.replaced(self._secret, self._mask, text)
            self._texts[text] = without_credentials(shown)
        return self._texts[text]

    def _mask(self, found: re.Match[str]) -> str | None:
        word = found[0]
        if known := self._masks.get(word.lower()):
            return known
        if user := found["user"] or found["of"]:
            return None if user == MASK else word.removesuffix(user) + MASK
        return self._pseudonym(word) if _IS_ACCOUNT.fullmatch(word) else MASK


def _accounts(document: Any, key: str = "") -> Iterator[str]:
    """All values of keys that name accounts."""
    match document:
        case dict():
            for name, each in document.items():
                yield from _accounts(each, name)
        case list():
            for each in document:
                yield from _accounts(each, key)
        case str() if "account" in key.lower() and _could_be_one(document):
            yield document


def _could_be_one(account: str) -> bool:
    return len(account.strip()) >= LONG or any(each.isdigit() for each in account)


def _parts(name: str) -> Iterator[str]:
    """`Anna` and `Smith`; none that a report needs for its own words."""
    for part in re.findall(r"[^\W_]+", name):
        looked_for = part.casefold() if len(part) >= LONG else f" {part.casefold()} "
        if len(part) >= SHORTEST and looked_for not in _own_words():
            yield part


@cache
def _own_words() -> str:
    """Those of the steps and of the diagnoses, with a space before and behind each."""
    claims = (f"{each.id} {each.title} {each.section}" for each in steps.STEPS)
    causes = (" ".join((each.code, each.cause, *each.next_steps, *each.otherwise)) for each in TREE)
    words = re.findall(r"[^\W_]+", " ".join([*claims, *causes]).casefold())
    return f" {' '.join(words)} "


def _forms(word: str) -> Iterator[str]:
    """A word as it may be written; of an account also its number alone."""
    yield from (
        word,
        printable(word),
        json.dumps(word)[1:-1],
        html.escape(word),
        quote(word, errors="replace"),
        quote(word, safe="", errors="replace"),
        quote_plus(word, errors="replace"),
        unicodedata.normalize("NFC", word),
        unicodedata.normalize("NFD", word),
    )
    yield from re.findall(r"\d{5,}", word)


def _pattern(word: str) -> str:
    alone = len(word) < LONG
    return rf"(?<![^\W_]){re.escape(word)}(?![^\W_])" if alone else re.escape(word)
