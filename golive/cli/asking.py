"""Questions on a terminal, each asked until its answer is one."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from typing import TypeVar

from golive.kit import programs_here
from golive.kit.text import shortened
from golive.settings.writing import OWN, Program

Answer = TypeVar("Answer")

OWN_WORDS, NONE_WORDS = ("own", "y", "yes"), ("none", "n", "no")
MEANINGS = """own or yes (or Enter): golive's own; none or no: none;
or the command that starts yours"""


class NoAnswer(Exception):
    """The input has ended before all was answered."""


def ask(question: str, check: Callable[[str], Answer], default: str = "") -> Answer:
    """`check` raises ValueError with what is wrong. Raises NoAnswer, and KeyboardInterrupt."""
    shown = f"{question} [{default}]: " if default else f"{question}: "
    while True:
        try:
            return check(input(shown).strip() or default)
        except EOFError:
            raise NoAnswer from None
        except ValueError as error:
            print(f"  {error}", flush=True)


def or_none(check: Callable[[str], Answer]) -> Callable[[str], Answer | None]:
    """The same, where nothing, none and no are answers as well."""
    return lambda told: None if told.lower() in ("", *NONE_WORDS) else check(told)


def program(answer: str) -> Program:
    """A command as a line; `own` and `none` are no commands. Raises ValueError.

    So it does for a command whose program is not here.
    """
    word = answer.strip().lower()
    if word in ("", *OWN_WORDS):
        return OWN
    if word in NONE_WORDS:
        return None
    words = _words(answer)
    if not words or not words[0]:
        raise ValueError("type a command, own or none")
    if missing := programs_here.missing(words):
        named = shortened(missing, 100)
        raise ValueError(f"the program {named} cannot be found; give its full path, own or none")
    return words


def _words(answer: str) -> tuple[str, ...]:
    try:
        if os.name == "nt":  # backslashes are a path's
            return tuple(each.strip('"') for each in shlex.split(answer, posix=False))
        return tuple(shlex.split(answer))
    except ValueError:
        raise ValueError("a quote is not closed") from None
