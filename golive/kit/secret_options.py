"""How command lines carry secrets: the names, the programs and the short options that do."""

from __future__ import annotations

import re
from pathlib import PureWindowsPath

_PART = r"otp|totp|pin|pat|pw|psw|psk|uid|sid|mfa|2fa|tan|jwt|enc"
"""Short names: they count alone, or as a part of their own, as in `--card-pin`."""
NAME = (
    r"(?:[\w.\-]*(?:pass|pwd|secret|token|key|user|login|account|acct|cred|auth|cookie|bearer"
    rf"|session|encodedcommand|signature)[\w.\-]*|(?:[\w.\-]*[._\-])?(?:{_PART})(?:[._\-][\w.\-]*)?)"
)
"""Of an option, a variable or a field whose value is not shown."""
BARE_OPTION = re.compile(rf"(?:-{{1,2}}|/){NAME}", re.I)
BARE_WORDS = frozenset({"password", "passphrase", "token", "secret", "otp", "bearer"})
"""What such a word is followed by is one: `nmcli ... password hunter2`."""

DEFAULT = "pPuU"
"""Of a program that is not known: password and user, but for what can only be a port or a uid."""
TAKES: dict[str, str] = {
    **dict.fromkeys(("sshpass", "7z", "7za", "7zz", "rar", "unrar"), "p"),
    **dict.fromkeys(("mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump"), "pu"),
    **dict.fromkeys(("mongo", "mongosh", "mongodump", "rdesktop", "psexec"), "pu"),
    **dict.fromkeys(("ldapsearch", "ldapmodify", "ldapadd", "ldapwhoami"), "wD"),
    **dict.fromkeys(("mosquitto_pub", "mosquitto_sub"), "Pu"),
    **dict.fromkeys(("sqlcmd", "bcp", "isql", "ipmitool", "osql"), "PU"),
    **dict.fromkeys(("zip", "unzip"), "P"),
    **dict.fromkeys(("snmpwalk", "snmpget", "snmpset"), "cAXu"),
    **dict.fromkeys(("http", "https", "redis-cli"), "a"),
    **dict.fromkeys(("smbclient", "rpcclient"), "U"),
    "curl": "uUbE",
    "openssl": "kK",
    "lftp": "u",
}
"""One-letter options that these take a secret with, apart from it or grown on to it."""
INTERPRETERS = re.compile(r"(?:python|pypy)[\d.]*w?|py")
"""`python -u` takes nothing; what it runs is the program."""
SECRET_TO_THE_END = re.compile(r"(?:ibcalpha\.ibc|ibcontroller)\.\w+|oathtool", re.I)
"""These take secrets as plain words.

IBC's main classes user and password, `IbcGateway config.ini user password`, as its
resources/scripts/ibcstart.sh called them before it passed them in the environment.
"""

ONLY_A_NUMBER = re.compile(r"\d{1,5}(?::\d{1,5})*(?:/(?:tcp|udp))?")
"""A port, ports that are mapped, a uid."""
_PROPERTY = re.compile(r"[A-Za-z.]+=.*", re.S)
"""`/p:Configuration=Release`; whether its value is a secret its name tells."""
LONG_OPTIONS = frozenset({
    "page", "pages", "pair", "pairs", "paper", "parallel", "param", "params", "parent", "path",
    "pause", "pedantic", "period", "pid", "pipe", "platform", "plugin", "poll", "pool", "port",
    "portfolio", "ports", "position", "positions", "prefix", "preset", "pretty", "print",
    "priority", "process", "processes", "prod", "production", "profile", "progress", "project",
    "properties", "protocol", "proxy", "pthread", "public", "publish", "unbuffered", "unsafe",
    "update", "upgrade", "uri", "url", "usage", "use", "utf",
})  # fmt: skip
"""Behind one dash these are options of their own, and no secret that is grown on to `-p`."""
HEADER_OPTIONS = ("-H", "--header", "--proxy-header")
HARMLESS_HEADERS = frozenset({"accept", "content-type", "host", "user-agent", "content-length"})
HEADER = re.compile(r"([\w\-]+:(?!//)\s*)(.+)", re.S)


def program(word: str) -> str:
    """A program's bare name; "" of an option."""
    if word.startswith("-"):
        return ""
    return PureWindowsPath(word.strip()).name.casefold().removesuffix(".exe")


def grown_on(word: str, flags: str, *, is_known: bool) -> str | None:
    """What is shown of an option with its secret grown on to it (`-pPW`); None if it is none."""
    if len(word) < 3 or word[0] not in "-/" or word[1] not in flags:
        return None
    if word[0] == "/" and word[2] not in ":=":
        return None
    sign = word[2] if word[2] in ":=" else ""
    value = word[2 + len(sign) :]
    if not is_known and _is_something_else(word, sign, value):
        return None
    return word[:2] + sign


def _is_something_else(word: str, sign: str, value: str) -> bool:
    """A port, a property, or `-port`, `-project=x`: an option of several letters."""
    if ONLY_A_NUMBER.fullmatch(value) or (sign == ":" and _PROPERTY.fullmatch(value)):
        return True
    long = re.match(r"[/-]([A-Za-z]+)(?![^\W_])", word)
    return not sign and long is not None and long[1].casefold() in LONG_OPTIONS
