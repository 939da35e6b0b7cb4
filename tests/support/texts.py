"""Every text that a person reads, with its kind and where it stands: listed from the code itself.

`python -m tests.support.texts` prints them all, a line each, to be read in one go.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

from fake_ib_gateway.faults.shared import named
from golive.diagnosis.decision_tree import TREE
from golive.diagnosis.diagnose import diagnose
from golive.mcp.tools import listed
from golive.procedure import steps
from golive.settings.schema import schema
from tests.support import commands
from tests.support.generated import causes, examples
from tests.support.projects import ROOT

Kind = Literal["sentence", "help", "error", "label", "paragraph", "any"]

SOURCES = ("golive", "fakes/fake_ib_gateway", "acceptance")
DOCS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**/*.md", "acceptance/*.md",
        "fakes/README.md", "reports/README.md", "benchmarks/README.md")  # fmt: skip
HOLE = "{}"
"""What a running program fills in."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text. `place` is a file and line, or what it belongs to."""

    kind: Kind
    text: str
    place: str

    def __str__(self) -> str:
        return f"{self.place}: {self.kind}: {self.text}"


@cache
def everywhere() -> tuple[Text, ...]:
    return (*of_options(), *of_causes(), *of_steps(), *of_settings(), *of_tools(), *of_faults(),
            *of_errors(), *of_pages())  # fmt: skip


# options and commands


def of_options() -> Iterator[Text]:
    for name, parser in commands.parsers().items():
        if parser.description:
            yield Text("sentence", parser.description, name)
        for action in parser._actions:
            yield from _of_an_action(action, name)
    for name, told in commands.helps():
        yield Text("help", told, f"pytest {name}")


def _of_an_action(action: argparse.Action, name: str) -> Iterator[Text]:
    what = "/".join(action.option_strings) or action.dest
    if action.help and action.help != argparse.SUPPRESS:
        yield Text("help", action.help, f"{name} {what}")
    if isinstance(action, argparse._SubParsersAction):
        for each in action._choices_actions:
            yield Text("help", each.help or "", f"{name} {each.dest}")


# the decision tree, the procedure, the settings


def of_causes() -> Iterator[Text]:
    """As a person reads them: filled in."""
    for branch in TREE:
        found = diagnose(examples.seen(branch.code), causes.NEXT)
        yield Text("sentence", found.cause, branch.code)
        yield Text("label", branch.when, f"{branch.code} when")
        for each in (*found.next_steps, *found.if_that_fails, *found.contacts):
            yield Text("sentence", each, branch.code)


def of_steps() -> Iterator[Text]:
    for step in steps.STEPS:
        yield Text("label", step.title, step.id)


def of_settings() -> Iterator[Text]:
    for name, section in schema()["$defs"].items():
        for key, declared in section["properties"].items():
            if told := declared.get("description"):
                yield Text("sentence", told, f"{name}.{key}")


def of_tools() -> Iterator[Text]:
    for tool in vars(listed).values():
        if isinstance(tool, listed.Tool):
            yield Text("sentence", tool.about, f"MCP {tool.name}")


def of_faults() -> Iterator[Text]:
    for line in named.listed().splitlines():
        name, _, told = line.strip().partition("  ")
        if told.strip():
            yield Text("label", told.strip(), f"fault {name}")


# what stands in the source


@cache
def of_errors() -> tuple[Text, ...]:
    """What the project's own exceptions say, and refusals on the command line."""
    found = []
    for path in _sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_told(node) and node.args:
                text = _text(node.args[-1] if _name(node) == "exit" else node.args[0])
                if text and " " in text:
                    found.append(Text("error", text, _place(path, node)))
    return tuple(found)


def _is_told(call: ast.Call) -> bool:
    return _name(call) in _exceptions() | {"refused", "error"}


def _name(call: ast.Call) -> str:
    at = call.func
    return at.attr if isinstance(at, ast.Attribute) else at.id if isinstance(at, ast.Name) else ""


@cache
def _exceptions() -> frozenset[str]:
    found = {"ValueError"}
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any(
                isinstance(base, ast.Name) and base.id.endswith(("Error", "Exception"))
                for base in node.bases
            ):
                found.add(node.name)
    return frozenset(found)


@cache
def literals() -> tuple[Text, ...]:
    """Every text in the source that is no docstring, in whatever way it is shown."""
    found = []
    for path in _sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documented = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
        inner = {id(part) for each in ast.walk(tree) if isinstance(each, ast.JoinedStr)
                 for part in ast.walk(each) if part is not each}  # fmt: skip
        for node in ast.walk(tree):
            if id(node) in documented | inner or not isinstance(node, ast.Constant | ast.JoinedStr):
                continue
            if (text := _text(node)) and " " in text:
                found.append(Text("any", text, _place(path, node)))
    return tuple(found)


def _text(node: ast.expr) -> str:
    """With `{}` for what is filled in; "" where it is no text."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) or HOLE for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return (_text(left) or HOLE) + (_text(right) or HOLE)
    return ""


def _place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT).as_posix()} line {getattr(node, 'lineno', 0)}"


@cache
def _sources() -> tuple[Path, ...]:
    found = (path for part in SOURCES for path in sorted((ROOT / part).rglob("*.py")))
    return tuple(path for path in found if "_pb2" not in path.name)


# pages


@cache
def of_pages() -> tuple[Text, ...]:
    """The paragraphs and headings of the templates, with `{}` for what is filled in."""
    found: list[Text] = []
    for path in templates():
        reader = _Page(path.relative_to(ROOT).as_posix())
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
        text = re.sub(r"\{%.*?%\}", " ", text, flags=re.DOTALL)
        reader.feed(re.sub(r"\{\{.*?\}\}", HOLE, text, flags=re.DOTALL))
        found += reader.found
    return tuple(found)


KINDS: dict[str, Kind] = {
    "p": "paragraph", "li": "paragraph", "h1": "label", "h2": "label", "h3": "label", "th": "label",
    "dt": "label", "button": "label", "caption": "label", "figcaption": "any",
}  # fmt: skip


class _Page(HTMLParser):
    def __init__(self, place: str) -> None:
        super().__init__()
        self._place, self._open = place, ""
        self._text: list[str] = []
        self.found: list[Text] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in KINDS:
            self._open, self._text = tag, []

    def handle_data(self, data: str) -> None:
        if self._open:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            text = " ".join("".join(self._text).split())
            if text.replace(HOLE, "").strip():
                line, _ = self.getpos()
                self.found.append(Text(KINDS[tag], text, f"{self._place} line {line}"))
            self._open = ""


def templates() -> list[Path]:
    return sorted((ROOT / "golive").rglob("templates/*.html"))


def documents() -> list[Path]:
    """What is read beside the program."""
    return sorted({path for pattern in DOCS for path in ROOT.glob(pattern)})


if __name__ == "__main__":
    for each in everywhere():
        sys.stdout.write(f"{each}\n")
