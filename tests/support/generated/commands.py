"""The commands, from the parsers that read them."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import inspect
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from golive.cli.screen import GROUPS
from tests.support.generated import markdown

WITHOUT_PARSER = {"version"}
NO_HELP = argparse.SUPPRESS
FOOT = "[All commands](index.md) · [All exit codes](../exit-codes.md)"
OTHERS = {
    "fake-ib-gateway": ("fake_ib_gateway.options", "fake_ib_gateway.__main__"),
    "fake-ib-gateway record": ("fake_ib_gateway.record.command", "fake_ib_gateway.record.command"),
}
"""Each with the module that makes its parser and the one whose `main` has its exit codes."""


class Parsed(BaseException):
    """Thrown by the parser itself where a command asks it to read its words."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


def pages() -> dict[str, str]:
    made = {f"reference/{name}.md": _of_golive(name) for name in _names()}
    for name, (makes, tells) in OTHERS.items():
        parser = importlib.import_module(makes).parser()
        main = importlib.import_module(tells).main
        made[f"reference/{name.replace(' ', '-')}.md"] = _page(name, parser, main)
    return made | {"reference/index.md": _index()}


def _names() -> list[str]:
    return [name for group in GROUPS.values() for name in group]


def _of_golive(name: str) -> str:
    main = importlib.import_module(f"golive.cli.{name}").main
    return _page(f"golive {name}", _parser(main), main)


def _parser(main: Callable[[list[str]], int]) -> argparse.ArgumentParser | str:
    """The command's own; or what it says of itself, where it has none."""

    def thrown(parser: argparse.ArgumentParser, *_: Any, **__: Any) -> NoReturn:
        raise Parsed(parser)

    said = io.StringIO()
    reads = argparse.ArgumentParser.parse_args
    argparse.ArgumentParser.parse_args = thrown  # type: ignore[assignment]
    try:
        with contextlib.redirect_stdout(said):
            main(["--help"])
    except Parsed as found:
        return found.parser
    finally:
        argparse.ArgumentParser.parse_args = reads  # type: ignore[method-assign]
    return said.getvalue()


def _page(title: str, parser: argparse.ArgumentParser | str, main: Callable[..., int]) -> str:
    if isinstance(parser, str):
        usage, _, rest = parser.removeprefix("usage: ").partition("\n")
        said = (markdown.block([usage]), _epilog(rest), *_codes(main, parser))
        return markdown.page(f"`{title}`", *said, FOOT)
    inner = _subcommands(parser)
    return markdown.page(
        f"`{title}`",
        markdown.sentence(parser.description or ""),
        *_described(parser, title, "##"),
        *(
            part
            for name, (each, told) in inner.items()
            for part in (
                f"## `{title} {name}`",
                markdown.sentence(each.description or told),
                *_described(each, f"{title} {name}", "###"),
            )
        ),
        *_codes(main, parser),
        FOOT,
    )


def _described(parser: argparse.ArgumentParser, title: str, level: str) -> Iterator[str]:
    yield markdown.block([_usage(parser, title)])
    if rows := list(_options(parser)):
        yield markdown.table(("option", "meaning"), rows)
    if parser.epilog:
        yield _epilog(parser.epilog.replace("%(prog)s", title))


def _usage(parser: argparse.ArgumentParser, title: str) -> str:
    """On one line; that of argparse depends on its version and on the terminal's width."""
    has_options = any(each.option_strings for each in _actions(parser))
    words = [title, *(["[OPTIONS]"] if has_options else [])]
    for each in _actions(parser):
        if not each.option_strings:
            words.append(_positional(each))
        elif each.required:
            words.append(f"{each.option_strings[-1]} {_value(each)}")
    return " ".join(words)


def _positional(action: argparse.Action) -> str:
    name = _value(action)
    return {"?": f"[{name}]", "*": f"[{name} ...]", "+": f"{name} [{name} ...]"}.get(
        str(action.nargs), name
    )


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [each for each in parser._actions if each.help != NO_HELP]


def _options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    for each in _actions(parser):
        if isinstance(each, argparse._HelpAction | argparse._SubParsersAction):
            continue
        names = [f"{name}{_taken(each)}" for name in each.option_strings] or [_value(each)]
        yield ", ".join(map(markdown.code, names)), markdown.plain(_help(each, parser))


def _help(action: argparse.Action, parser: argparse.ArgumentParser) -> str:
    """As argparse fills it in."""
    values = {"prog": parser.prog, **vars(action)}
    if isinstance(action.choices, dict | list | tuple):
        values["choices"] = ", ".join(map(str, action.choices))
    return (action.help or "") % values


def _taken(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    value = _value(action)
    return f"[={value}]" if action.nargs == "?" else f" {value}"


def _value(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper() if action.option_strings else action.dest


def _subcommands(
    parser: argparse.ArgumentParser,
) -> dict[str, tuple[argparse.ArgumentParser, str]]:
    for each in parser._actions:
        if isinstance(each, argparse._SubParsersAction):
            told = {choice.dest: choice.help or "" for choice in each._choices_actions}
            return {name: (inner, told.get(name, "")) for name, inner in each.choices.items()}
    return {}


EXAMPLE = re.compile(r"^(?:(Example[^:]*): )?((?:golive|fake-ib-gateway|pytest) .*?)\.?$")
LISTED = re.compile(r"\b(\d{1,3}):? ([^,;.\d][^,;.]*)")
CODES = re.compile(r"[Ee]xit(?:s with)?(?: codes?)?:? \d")


def _epilog(text: str) -> str:
    """Its examples as commands, the rest as text; exit codes have a part of their own."""
    parts: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        found = EXAMPLE.match(line)
        if found:
            parts.append(f"{found[1] or 'Example'}:\n\n{markdown.block([found[2]])}")
        elif not CODES.match(line) and line not in ("Example:", "Examples:"):
            parts.append(markdown.sentence(line))
    return "\n\n".join(parts)


def _codes(main: Callable[..., int], parser: argparse.ArgumentParser | str) -> Sequence[str]:
    """As the help tells them, else as the command's function documents them."""
    described = parser if isinstance(parser, str) else f"{parser.description}\n{parser.epilog}"
    told = [line.strip() for line in described.splitlines() if CODES.search(line)]
    text = told[0] if told else " ".join((inspect.getdoc(main) or "").split())
    if not re.search(r"\b[01]\b", text):
        return ()
    listed = LISTED.findall(text)
    if not told or len(listed) < 2:
        return ("## Exit codes", markdown.sentence(text))
    rows = [(code, markdown.sentence(meaning)) for code, meaning in listed]
    return ("## Exit codes", markdown.table(("code", "meaning"), rows))


def _index() -> str:
    parts = []
    for title, commands in GROUPS.items():
        rows = [
            (f"[golive {name}]({name}.md)", markdown.plain(what)) for name, what in commands.items()
        ]
        parts += [f"## {title}", markdown.table(("command", "what it does"), rows)]
    others = [
        ("[fake-ib-gateway](fake-ib-gateway.md)", "the fake gateway alone"),
        ("[fake-ib-gateway record](fake-ib-gateway-record.md)", "record a gateway's bytes"),
    ]
    return markdown.page(
        "Commands",
        "`golive` alone lists these; `golive --version` lists versions.",
        *parts,
        "## The fake gateway",
        markdown.table(("command", "what it does"), others),
    )
