"""`golive init`: writes secrets.json from what is seen here, and asks for the rest."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from golive.cli import asking, parsing
from golive.cli.parsing import INTERRUPTED
from golive.machine.gateways_here import GatewaysHere
from golive.settings import writing
from golive.settings.writing import OWN, Answers, Program

Value = TypeVar("Value")

EXAMPLE = "--account U21146542 --positions 24 --port 4001 --yes"
KEPT = "golive init never overwrites one; remove it, or name another: --secrets PATH"
COMMAND = "command line; own: golive's own, the default; none: there is none"


class Refused(Exception):
    """It cannot be written. One line that says why, and what to do."""


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
        return parsing.refused("init: the input ended before all was answered; nothing was written")
    except KeyboardInterrupt:
        print("\ngolive: interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED


def _parser() -> parsing.Parser:
    parser = parsing.Parser(
        "init",
        "Writes secrets.json from what is seen on this machine, and asks for the rest."
        " It connects to nothing, and never writes over a file.",
    )
    parser.epilog = f"Example for a script: {parser.prog} {EXAMPLE}"
    parser.add_argument(
        "--secrets",
        metavar="PATH",
        help="file to write instead of secrets.json here (also GOLIVE_SECRETS)",
    )
    parser.add_argument("--account", metavar="U...", help="account whose positions must arrive")
    parser.add_argument("--positions", metavar="N", help="how many positions are open in it")
    parser.add_argument("--host", default="127.0.0.1", help="where the gateway runs (%(default)s)")
    parser.add_argument("--port", metavar="N", help="its API port, instead of the one that is seen")
    parser.add_argument("--client-id", metavar="N", default="10", help="client id (%(default)s)")
    parser.add_argument("--monitor", metavar="COMMAND", help=f"your own Monitor's {COMMAND}")
    parser.add_argument("--mcp", metavar="COMMAND", help=f"your own MCP server's {COMMAND}")
    parser.add_argument("-y", "--yes", action="store_true", help="ask nothing")
    return parser


def _written(options: argparse.Namespace, path: Path) -> int:
    """Raises Refused, NoAnswer and KeyboardInterrupt, before anything is written."""
    _must_be_new(path)
    given = _Given(options)
    _must_be_askable(options, given)
    seen = _seen(options.host)
    _show(seen, may_ask=given.may_ask)
    answers = _answers(given, seen)
    text = _checked(path, answers)
    try:
        has_schema = writing.write(path, text)
    except FileExistsError:
        raise Refused(f"{path}: there is a file already; {KEPT}") from None
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from None
    _tell(path, has_schema, seen, answers, options.secrets)
    return 0


class _Given:
    """The options, each of them checked. Raises Refused."""

    def __init__(self, options: argparse.Namespace) -> None:
        def checked(name: str, check: Callable[[str], Value]) -> Value | None:
            told = getattr(options, name)
            try:
                return None if told is None else check(told)
            except ValueError as error:
                raise Refused(f"--{name.replace('_', '-')}: {error}") from None

        self.host: str = options.host
        self.client_id = checked("client_id", writing.client_id) or 0
        self.port = checked("port", writing.port)
        self.positions = checked("positions", writing.positions)
        self.account = checked("account", lambda told: writing.account(told, self.port or 0))
        self.may_ask: bool = not options.yes
        self.monitor, self.mcp = options.monitor, options.mcp
        for name in ("monitor", "mcp"):
            checked(name, asking.program)

    @property
    def lacking(self) -> list[str]:
        """What nobody sees, and what is not told."""
        told = {"--account U...": self.account, "--positions N": self.positions}
        return [option for option, value in told.items() if value is None]


def _must_be_new(path: Path) -> None:
    if os.path.lexists(path):
        raise Refused(f"{path}: there is a file already; {KEPT}")
    if not path.parent.is_dir():
        raise Refused(f"{path.parent}: no such folder; make it first")


def _must_be_askable(options: argparse.Namespace, given: _Given) -> None:
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


def _answers(given: _Given, seen: GatewaysHere) -> Answers:
    port = given.port or _port(given, seen)
    account = given.account or asking.ask(
        "Account whose positions must arrive (U..., paper DU...)",
        lambda told: writing.account(told, port),
    )
    account = _of_the_port(account, port)
    positions = given.positions
    if positions is None:
        positions = asking.ask("How many positions are open in it", writing.positions)
    there = seen.on(port)
    return Answers(
        host=given.host,
        port=port,
        client_id=given.client_id,
        is_paper=writing.is_paper(port, account),
        account=account,
        positions=positions,
        monitor=_program(given, "Monitor", given.monitor),
        mcp=_program(given, "MCP server", given.mcp),
        gateway_path=there.program if there else "",
        gateway_folder=there.folder if there else "",
    )


def _of_the_port(account: str, port: int) -> str:
    """Raises Refused where the options contradict what is seen."""
    try:
        return writing.account(account, port)
    except ValueError as error:
        raise Refused(f"--account: {error}") from None


def _port(given: _Given, seen: GatewaysHere) -> int:
    """The only one that is seen, or the one that is answered."""
    ports = [each.port for each in seen.listening]
    if len(ports) == 1:
        return ports[0]
    if not given.may_ask:
        why = "more than one gateway listens" if ports else "no gateway is seen to listen"
        choice = "|".join(map(str, ports)) or "4001"
        raise Refused(f"{why}; add --port {choice}")
    choice = f" ({' or '.join(map(str, ports))})" if ports else ""
    return asking.ask(
        f"API port of the gateway{choice}",
        writing.port,
        default="" if ports else "4001",
    )


def _program(given: _Given, what: str, told: str | None) -> Program:
    if told is not None:
        return asking.program(told)
    if not given.may_ask:
        return OWN
    question = f"Your own {what}'s command (own: golive's, none: there is none)"
    return asking.ask(question, asking.program, default=asking.OWN_WORD)


def _checked(path: Path, answers: Answers) -> str:
    """The text, once it has been read as it will be read. Raises Refused."""
    from golive.machine import installed
    from golive.settings import secrets_json
    from golive.settings.model import GoLive

    version = installed.read().version or ""
    if version != GoLive().api_version:
        answers = replace(answers, api_version=version)
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

    print(f"\nWritten: {path}{'' if os.name == 'nt' else ' (readable by you alone)'}")
    if has_schema:
        print(f"Written: {path.with_name(writing.SCHEMA_NAME)} (for editors)")
    for title, lines in _parts(init_screen.follows(seen, answers.port, answers.client_id)):
        print(f"\n{title}")
        for line in lines:
            print(f"  {line}")
    print()
    for line in init_screen.end(secrets):
        print(line)
    sys.stdout.flush()


def _parts(follows: Iterator[str]) -> Iterator[tuple[str, list[str]]]:
    if lines := list(follows):
        yield "Before golive check:", lines
