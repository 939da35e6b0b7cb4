"""Which command is meant; what holds for all of them."""

from __future__ import annotations

import importlib
import os
import sys

from golive.cli import screen
from golive.cli.parsing import INTERRUPTED, refused
from golive.cli.screen import COMMANDS

QUICK = "health"
"""Runs every few seconds, and needs nothing but Python, whichever it is."""

HELP = ("-h", "--help", "help")


def main(arguments: list[str] | None = None) -> int:
    """Exit code of the command; 4 where there is none of that name."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a console may know few characters
    words = sys.argv[1:] if arguments is None else arguments
    try:
        return _performed(words)
    except KeyboardInterrupt:  # before the command itself listens: it is still being imported
        print("golive: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on
        return INTERRUPTED


def _performed(words: list[str]) -> int:
    if not words or words[0] in HELP:
        print(screen.text(), flush=True)
        return 0
    name, rest = words[0], words[1:]
    if name == "--version":
        name = "version"
    elif name not in COMMANDS:
        return refused(screen.unknown(name))
    if name != QUICK:
        from golive.cli import bootstrap

        if clone := bootstrap.bare_clone():
            return bootstrap.run(clone, name, words)
    try:
        return int(importlib.import_module(f"golive.cli.{name}").main(rest))
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] == "golive":
            raise
        return refused(
            f"{error.name} is not installed for {sys.executable}; reinstall golive,"
            " or let golive make its own environment: python3 -m golive rehearse"
        )
