"""The commands and their options, as their own parsers have them: what a text may name."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, NoReturn

from golive.cli.screen import COMMANDS
from golive.plugin import command_line
from tests.support.projects import ROOT

FAKE = "fake-ib-gateway"
OTHERS = {FAKE: "fake_ib_gateway.options", f"{FAKE} record": "fake_ib_gateway.record.command"}


class _Parsed(BaseException):
    """Thrown by the parser where a command asks it to read its words."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


@cache
def parsers() -> dict[str, argparse.ArgumentParser]:
    """By what is typed: `golive report verify`. A command without one is not among them."""
    found: dict[str, argparse.ArgumentParser] = {}
    for name in COMMANDS:
        if parser := _caught(f"golive.cli.{name}"):
            found |= dict(_with_inner(f"golive {name}", parser))
    for name, module in OTHERS.items():
        found[name] = importlib.import_module(module).parser()
    return found


@cache
def options() -> dict[str, frozenset[str]]:
    """The options of each command; those of `golive` itself and of pytest as well."""
    found = {name: frozenset(_of(parser)) for name, parser in parsers().items()}
    for name in COMMANDS:  # of a command that hands its words on, those of pytest
        found.setdefault(f"golive {name}", pytests())
    return found | {"golive": frozenset({"--help", "-h", "--version"}), "pytest": pytests()}


@cache
def pytests() -> frozenset[str]:
    """Pytest's own, and those of its plugins here, of which one is the procedure's."""
    asked = [sys.executable, "-m", "pytest", "--help"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    return frozenset({*re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", done.stdout), "--junitxml"})


def helps() -> list[tuple[str, str]]:
    """The plugin's options, with their help."""
    group = _Group()
    command_line.add_options(group)
    return group.found


class _Group:
    """Stands for pytest's parser while options are added."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def getgroup(self, *_: str) -> _Group:
        return self

    def addoption(self, *names: str, **told: Any) -> None:
        self.found += [(name, str(told.get("help", ""))) for name in names]


def _with_inner(
    title: str, parser: argparse.ArgumentParser
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield title, parser
    for each in parser._actions:
        if isinstance(each, argparse._SubParsersAction):
            for name, inner in each.choices.items():
                yield from _with_inner(f"{title} {name}", inner)


def _of(parser: argparse.ArgumentParser) -> Iterator[str]:
    for each in parser._actions:
        yield from each.option_strings


def _caught(module: str) -> argparse.ArgumentParser | None:
    """The parser that a command makes; None where it makes none."""

    def thrown(parser: argparse.ArgumentParser, *_: Any, **__: Any) -> NoReturn:
        raise _Parsed(parser)

    reads = argparse.ArgumentParser.parse_args
    argparse.ArgumentParser.parse_args = thrown  # type: ignore[assignment]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            importlib.import_module(module).main(["--help"])
    except _Parsed as found:
        return found.parser
    finally:
        argparse.ArgumentParser.parse_args = reads  # type: ignore[method-assign]
    return None
