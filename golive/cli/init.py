"""`golive init`: writes secrets.json from what it finds here, and asks for the rest."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from golive.cli import asking, init_answers, parsing
from golive.cli.init_answers import Given, Refused
from golive.cli.parsing import INTERRUPTED
from golive.machine.gateways_here import GatewaysHere
from golive.settings import writing
from golive.settings.writing import Answers

KEPT = "golive init never overwrites a file; remove it, or name another: --secrets PATH"
COMMAND = "command as one line; own (default) or yes: golive's own; none or no: there is none"


def main(words: list[str]) -> int:
    """0 once it is written, 4 usage, 130 interrupted. No connection is opened."""
    options = _parser().checked(words)
    path = parsing.settings(options).path
    try:
        return _written(options, path)
    except Refused as error:
        return parsing.refused(f"init: {error}")
    except asking.NoAnswer:
        print()
        return parsing.refused(
            "init: the input ended before every question was answered; nothing was written"
        )
    except KeyboardInterrupt:
        print("\ngolive: interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED


def _parser() -> parsing.Parser:
    parser = parsing.Parser(
        "init",
        "Writes secrets.json from what it finds on this machine, and asks for the rest."
        " It connects to nothing, and never overwrites a file.",
    )
    parser.add_argument(
        "--secrets",
        metavar="PATH",
        help="file to write instead of secrets.json here (also GOLIVE_SECRETS)",
    )
    parser.add_argument("--account", metavar="U...", help="account whose positions must arrive")
    parser.add_argument("--positions", metavar="N", help="number of positions open in it")
    parser.add_argument(
        "--host", default="127.0.0.1", help="the gateway's host (default: %(default)s)"
    )
    parser.add_argument("--port", metavar="N", help="its API port (default: the one that listens)")
    parser.add_argument(
        "--client-id", metavar="N", default="10", help="client id (default: %(default)s)"
    )
    parser.add_argument(
        "--fallback-account", metavar="DU...", help="TWS paper account to fall back to"
    )
    parser.add_argument(
        "--fallback-positions", metavar="N", help="number of positions open in that account"
    )
    parser.add_argument("--monitor", metavar="COMMAND", help=f"your own Monitor's {COMMAND}")
    parser.add_argument("--mcp", metavar="COMMAND", help=f"your own MCP server's {COMMAND}")
    parser.add_argument("-y", "--yes", action="store_true", help="ask no questions")
    return parser


def _written(options: argparse.Namespace, path: Path) -> int:
    """Raises Refused, NoAnswer and KeyboardInterrupt, before anything is written."""
    _must_be_new(path)
    given = Given(options)
    _must_be_askable(options, given)
    seen = _seen(options.host)
    _show(seen, may_ask=given.may_ask)
    answers = _with_the_api(init_answers.answers(given, seen))
    text = _checked(path, answers)
    try:
        has_schema = writing.write(path, text)
    except FileExistsError:
        raise Refused(f"{path}: already exists; {KEPT}") from None
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from None
    _tell(path, has_schema, seen, answers, options.secrets)
    return 0


def _must_be_new(path: Path) -> None:
    if os.path.lexists(path):
        raise Refused(f"{path}: already exists; {KEPT}")
    if not path.parent.is_dir():
        raise Refused(f"{path.parent}: no such folder; make it first")


def _must_be_askable(options: argparse.Namespace, given: Given) -> None:
    """Nothing is asked where nobody can answer."""
    lacking = given.lacking
    if not options.yes and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused(f"no terminal to ask on; add {' '.join(['--yes', *lacking])}")
    if options.yes and lacking:
        raise Refused(f"--yes asks nothing; add {' '.join(lacking)}")


def _is_here(host: str) -> bool:
    from golive.machine import sockets

    return sockets.are_here(sockets.addresses(host))


def _seen(host: str) -> GatewaysHere:
    from golive.machine import gateways_here

    if _is_here(host):
        return gateways_here.look()
    return GatewaysHere(hidden=f"{host} is another machine")


def _show(seen: GatewaysHere, *, may_ask: bool) -> None:
    from golive.cli import init_screen

    print("golive init: looks at this machine, and connects to nothing\n")
    print("\n".join(init_screen.rows(seen)), end="\n\n" if may_ask else "\n", flush=True)


def _with_the_api(answers: Answers) -> Answers:
    """Another ibapi than the written procedure's has to be named, or every run is refused."""
    from golive.machine import installed
    from golive.settings.model import GoLive

    version = installed.read().version or ""
    return answers if version == GoLive().api_version else replace(answers, api_version=version)


def _checked(path: Path, answers: Answers) -> str:
    """The text, once it has been read as it will be read. Raises Refused."""
    from golive.settings import secrets_json

    text = writing.text(answers)
    try:
        settings = secrets_json.check(path, text)
    except secrets_json.SettingsError as error:
        raise Refused(str(error)) from None
    if settings.disagreements:
        raise Refused("; ".join(settings.disagreements))
    return text


def _tell(
    path: Path, has_schema: bool, seen: GatewaysHere, answers: Answers, secrets: str | None
) -> None:
    from golive.cli import init_screen

    by_whom = "with the permissions of its folder" if os.name == "nt" else "readable by you alone"
    print(f"\nWritten: {path} ({by_whom})")
    if has_schema:
        print(f"Written: {path.with_name(writing.SCHEMA_NAME)} (for editors)")
    follows = [*init_screen.follows(seen, answers.port, answers.client_id)]
    follows += init_screen.of_the_api(answers.api_version)
    if follows:
        print("\nBefore golive check:")
    for line in follows:
        print(f"  {line}")
    print()
    for line in init_screen.end(secrets):
        print(line)
    sys.stdout.flush()
