"""Questions on a terminal, each asked until its answer is one."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from typing import TypeVar

from golive.settings.writing import OWN, Program

Answer = TypeVar("Answer")

OWN_WORD, NONE_WORD = "own", "none"


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


def program(answer: str) -> Program:
    """A command as a line; `own` and `none` are no commands. Raises ValueError."""
    if answer in ("", OWN_WORD):
        return OWN
    if answer == NONE_WORD:
        return None
    try:
        if os.name == "nt":  # backslashes are a path's
            return tuple(each.strip('"') for each in shlex.split(answer, posix=False))
        return tuple(shlex.split(answer))
    except ValueError:
        raise ValueError("a quote is not closed") from None
