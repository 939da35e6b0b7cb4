"""Command lines and log lines as they may be shown: what could be a secret in them is masked.

Rather too much is masked than too little. In a command line, what follows the name of a password,
token, key, user or account is masked however it is written: `--password x`, `--password=x`,
`/pw:x`, `IB_PASSWORD=x`, `Password=x;`, `{"password": "x"}`, `sshpass -px`, also in a command
within a word (`sh -c "..."`); so are the user of a URL, an account, and every word that is given.
Which names and options those are stands in `golive.kit.secret_options`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from golive.kit import accounts, written
from golive.kit.secret_options import (
    BARE_OPTION,
    BARE_WORDS,
    DEFAULT,
    HARMLESS_HEADERS,
    HEADER,
    HEADER_OPTIONS,
    INTERPRETERS,
    NAME,
    ONLY_A_NUMBER,
    SECRET_TO_THE_END,
    TAKES,
    grown_on,
    program,
)
from golive.kit.text import shortened

MASK = "***"
LONGEST = 300
"""Characters of a command line that are shown."""

_LONGEST_WORD = 2000
UNLESS_A_NUMBER = "secret unless a number"
_DEEPEST = 3
"""Commands within a word of a command."""

_ASSIGNMENT = re.compile(rf"([-/]*{NAME}[=:]).+", re.I | re.S)
_VALUE = r"(?:\"[^\"]*\"|'[^']*'|[^\s;&,}]+)"
_WITHIN = re.compile(
    rf"((?<![\w.\-]){NAME}[\"']?\s*[=:]\s*|(?<![\w.\-])--?{NAME}\s+){_VALUE}", re.I
)
_WORDS = re.compile(r"(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\"'])+|[\"']", re.S)
"""As a shell has them, in a text that may be a command."""

_PAIR = re.compile(r"(?<![^\s\"'=(])[^\s:/@\"'=(]{1,100}[:/][^\s@/]{1,100}@(?=[\w.\[])")
"""`user:password@host`, `user/password@database`."""

_IN_LINES = re.compile(
    r"(?P<url>\w://)(?:[^\s/@]{0,300}:\S{0,300}|[^\s/@]{1,300})@"
    r"|(?P<header>(?<![\w\-])(?:(?:proxy-)?authorization|(?:set-)?cookie)[\"']?\s*[:=]\s*)[^\r\n\"']+"
    r"|(?P<name>(?<![\w.\-])[\w.\-]{0,100}(?:password|passwd|passphrase|passcode|pwd|secret|token"
    rf"|api[_\-]?key|otp)(?:\s*=|[\"']\s*:)\s*){_VALUE}",
    re.I,
)
"""What is a secret beyond doubt, in a line that is no command."""


def masked(words: Sequence[str], secrets: Iterable[str] = ()) -> str:
    """The words of a command line in one printable line of at most `LONGEST` characters."""
    known, shown, length = _known(secrets), list[str](), 0
    for word in _command([word[:_LONGEST_WORD] for word in words[:LONGEST]]):
        if length > LONGEST:
            break
        shown.append(written.replaced(known, lambda _: MASK, word))
        length += len(shown[-1]) + 1
    return shortened(" ".join(f'"{word}"' if " " in word else word for word in shown), LONGEST)


def without(secrets: Iterable[str], line: str) -> str:
    """A log's line without these words, wherever they stand, nor what looks like an account."""
    words = [re.escape(each) for each in secrets if each]
    known = re.compile("|".join([*words, accounts.IN_TEXT]), re.I)
    return written.replaced(known, lambda _: MASK, without_credentials(line))


def without_credentials(text: str) -> str:
    """Without what is a password, a token or a cookie in any text, and the users of URLs."""
    return written.replaced(_IN_LINES, _without_credential, text)


def _without_credential(found: re.Match[str]) -> str:
    if url := found["url"]:
        return f"{url}{MASK}@"
    return f"{found['header'] or found['name']}{MASK}"


def _command(words: Sequence[str], depth: int = 0) -> Iterator[str]:
    """Each word as it may be shown, but for the secrets that are known."""
    so_far = _SoFar(has_pair=_has_pair(words))
    for word in words:
        hidden = so_far.hidden(word)
        yield _word(word, so_far, depth) if hidden is None else hidden
        if hidden is None:
            so_far.hear(word)


def _has_pair(words: Sequence[str]) -> bool:
    """Whether user and password are given by letters; `python -u` and a uid are no user."""
    if "-u" not in words or "-p" not in words:
        return False
    at = words.index("-u")
    of = next((each for each in reversed(words[:at]) if not each.startswith("-")), "")
    is_a_number = ONLY_A_NUMBER.fullmatch("".join(words[at + 1 : at + 2]))
    return not is_a_number and not INTERPRETERS.fullmatch(program(of))


class _SoFar:
    """What the words so far say of the next one. `has_pair`: of user and password, both hidden."""

    def __init__(self, *, has_pair: bool) -> None:
        self._has_pair = has_pair
        self._is_begun = self._is_interpreter = False
        self._next = ""
        """What the next word is: "header", "secret", "secret unless a number", "all" from it on."""
        self._take(DEFAULT, is_known=has_pair)

    def _take(self, flags: str, *, is_known: bool) -> None:
        self._flags, self._is_known = flags, is_known

    def grown_on(self, word: str) -> str | None:
        """What is shown of an option with its secret grown on to it; None if it is none."""
        return grown_on(word, self._flags, is_known=self._is_known)

    def hidden(self, word: str) -> str | None:
        """What is shown of a word that is a secret for what stands before it; None if it is not."""
        what = self._next
        self._next = "all" if what == "all" else ""
        if what == "header":
            return _of_a_header(word)
        if not what or (what == UNLESS_A_NUMBER and ONLY_A_NUMBER.fullmatch(word)):
            return None
        return MASK

    def hear(self, word: str) -> None:
        self._hear_program(word)
        if SECRET_TO_THE_END.fullmatch(program(word)):
            self._next = "all"
        elif word in HEADER_OPTIONS:
            self._next = "header"
        elif BARE_OPTION.fullmatch(word) or (self._is_begun and word.casefold() in BARE_WORDS):
            self._next = "secret"
        elif len(word) == 2 and word[0] in "-/" and word[1] in self._flags:
            self._next = "secret" if self._is_known else UNLESS_A_NUMBER
        self._is_begun = True

    def _hear_program(self, word: str) -> None:
        name = program(word)
        if INTERPRETERS.fullmatch(name):
            self._take("", is_known=False)
            self._is_interpreter = True
        elif name in TAKES or (self._is_interpreter and name):
            self._take(TAKES.get(name, DEFAULT), is_known=name in TAKES or self._has_pair)
            self._is_interpreter = False


def _word(word: str, so_far: _SoFar, depth: int = 0) -> str:
    if found := _ASSIGNMENT.fullmatch(word):
        return found[1] + MASK
    if (shown := so_far.grown_on(word)) is not None:
        return shown + MASK
    if word.startswith("-H") and HEADER.fullmatch(word[2:]):
        return "-H" + _of_a_header(word[2:])
    if depth < _DEEPEST and re.search(r"\s", word):
        word = _within_a_word(word, depth + 1)
    word = _PAIR.sub(f"{MASK}@", without_credentials(word))
    return written.replaced(_WITHIN, lambda found: found[1] + MASK, word)


def _within_a_word(text: str, depth: int) -> str:
    """A text that may be a command, word by word; what stands between them stays."""
    found = [(each, _unquoted(each[0])) for each in _WORDS.finditer(text)]
    shown, done = [], 0
    for (each, plain), masked_word in zip(
        found, _command([plain for _, plain in found], depth), strict=True
    ):
        shown += [text[done : each.start()], each[0] if masked_word == plain else masked_word]
        done = each.end()
    return "".join([*shown, text[done:]])


def _unquoted(word: str) -> str:
    is_quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "\"'"
    return word[1:-1] if is_quoted else word


def _of_a_header(word: str) -> str:
    """Its name, and its value where that is nobody's."""
    found = HEADER.fullmatch(word)
    if found is None:
        return MASK
    is_harmless = found[1].strip(": ").casefold() in HARMLESS_HEADERS
    return word if is_harmless else found[1] + MASK


def _known(secrets: Iterable[str]) -> re.Pattern[str]:
    """The secrets where they stand as words of their own, `Rev`, but not in `AutoRev`; accounts."""
    longest_first = sorted(filter(None, secrets), key=len, reverse=True)
    words = [rf"(?<![^\W_]){re.escape(each)}(?![^\W_])" for each in longest_first]
    return re.compile("|".join([*words, accounts.IN_TEXT]), re.I)
