"""Options in PYTEST_ADDOPTS or addopts that would turn a go-live run into something else.

Whoever types `pytest acceptance -m golive` does not see them, and would take exit 0 for GO. What is
typed is meant, and counts instead of the same option there. Read without importing pytest.
"""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golive.plugin import command_line
from golive.plugin.refused_options import ORDER, PART

VARIABLE = "PYTEST_ADDOPTS"

LISTS = "lists something and performs nothing"
STANDING = {
    "collectonly": ("--collect-only", LISTS),
    "help": ("--help", LISTS),
    "version": ("--version", LISTS),
    "markers": ("--markers", LISTS),
    "cacheshow": ("--cache-show", LISTS),
    "showfixtures": ("--fixtures", LISTS),
    "show_fixtures_per_test": ("--fixtures-per-test", LISTS),
    "fake": ("--fake", "rehearses instead of trying the gateway"),
    "fallback": ("--fallback", "tries TWS paper instead of the gateway"),
    "override": ("--override", "would let the rules about earlier attempts pass in every run"),
    "kill_stale": ("--kill-stale", "would end programs in every run"),
    "markexpr": ("-m", "chooses what is performed"),
    "keyword": ("-k", PART),
    "deselect": ("--deselect", PART),
    "ignore": ("--ignore", PART),
    "ignore_glob": ("--ignore-glob", PART),
    "lf": ("--last-failed", PART),
    "stepwise": ("--stepwise", PART),
    "failedfirst": ("--failed-first", ORDER),
    "newfirst": ("--new-first", ORDER),
}
"""By the name under which pytest keeps it: the option, and why it is refused there."""

HARMLESS = {"markexpr": "golive"}
"""Values that change nothing."""


@dataclass(frozen=True, slots=True)
class Source:
    """Words that pytest reads besides those that were typed, and where they stand."""

    where: str
    words: Sequence[str]


def refused(config: Any) -> list[str]:
    """A line for each option that may only be typed, naming where it stands."""
    typed = command_line.typed(config)
    lines = [line for each in _sources(config, typed) for line in _refused(config, each, typed)]
    if not lines and command_line.only_lists(config) and not command_line.lists(typed):
        lines.append("a plugin makes pytest list something and perform nothing: leave it out")
    return lines


def _refused(config: Any, source: Source, typed: argparse.Namespace) -> Iterator[str]:
    nothing, there = command_line.parsed(config, []), command_line.parsed(config, source.words)
    if there is None or nothing is None:
        yield f"{source.where} cannot be read as options by itself: leave it out"
        return
    for name, (option, why) in STANDING.items():
        default, value = getattr(nothing, name, None), getattr(there, name, None)
        is_typed = getattr(typed, name, default) != default
        if value != default and not is_typed and value != HARMLESS.get(name, default):
            yield f"{option} in {source.where} {why}: leave it out there"


def _sources(config: Any, typed: argparse.Namespace) -> Iterator[Source]:
    variable = shlex.split(os.environ.get(VARIABLE, ""))
    if variable:
        yield Source(VARIABLE, variable)
    if words := list(config.getini("addopts")):
        yield Source(_of_addopts(config, typed, variable), words)


def _of_addopts(config: Any, typed: argparse.Namespace, variable: Sequence[str]) -> str:
    """Which of them pytest has found: that of `-o`, else that of its ini file."""
    if _sets_addopts(typed):
        return "-o addopts"
    if _sets_addopts(command_line.parsed(config, variable)):
        return f"-o addopts in {VARIABLE}"
    return f"addopts of {_shown(config)}"


def _sets_addopts(options: argparse.Namespace | None) -> bool:
    set_there = getattr(options, "override_ini", None) or ()
    return any(str(each).partition("=")[0].strip() == "addopts" for each in set_there)


def _shown(config: Any) -> str:
    path, start = config.inipath, Path(config.invocation_params.dir)
    if path is None:
        return "the ini file"
    return str(path.relative_to(start) if path.is_relative_to(start) else path)
