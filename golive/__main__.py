"""`python -m golive`. Only the standard library is imported until a command needs the rest."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from golive import __version__
from golive.cli import bootstrap

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from golive.monitor.holding.requests import Source
    from golive.settings.secrets_json import SettingsFile

SETTINGS_ERROR, INTERRUPTED = 4, 130


class _Parser(argparse.ArgumentParser):
    """Bad input gets one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(SETTINGS_ERROR, f"golive: {message}; see {self.prog} --help\n")


def main(arguments: list[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a console may know few characters
    try:
        return _performed(arguments)
    except KeyboardInterrupt:  # before the command itself listens: it is still being imported
        print("golive: interrupted", file=sys.stderr)
        return INTERRUPTED


def _performed(arguments: list[str] | None) -> int:
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if options.command in bootstrap.TASKS:
        return bootstrap.run(options.command, rest)
    if options.command == "health":
        from golive.cli import health

        return health.main(rest, _settings_path)
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        return COMMANDS[options.command](options)
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] in ("golive", "reports"):
            raise
        parser.error(
            f"{error.name} is not installed for {sys.executable}; activate the environment of this"
            " project, or make it: python3 -m golive rehearse"
        )
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on
        return INTERRUPTED


def _settings_path(options: argparse.Namespace) -> Path:
    """--secrets, else GOLIVE_SECRETS, else secrets.json."""
    chosen = options.secrets
    if chosen is None:
        chosen = os.environ.get("GOLIVE_SECRETS") or "secrets.json"
    return Path(chosen).absolute()


def _schema(options: argparse.Namespace) -> int:
    from golive.settings import schema

    if options.file is None:
        print(schema.text(), end="", flush=True)
        return 0
    text = schema.text().encode("ascii")
    return _write(options.file, schema.MARK.encode("ascii"), lambda path: path.write_bytes(text))


def _card(options: argparse.Namespace) -> int:
    from golive.reports import card, card_text
    from golive.settings import secrets_json

    try:
        file = secrets_json.read(_settings_path(options), options.fallback)
        made = card.of(
            file, datetime.now(UTC), on_fallback=options.fallback, secrets=options.secrets
        )
    except (secrets_json.SettingsError, card.NoCard) as error:
        print(f"golive: settings: {error}", file=sys.stderr)
        return SETTINGS_ERROR
    if options.html is None:
        print(card_text.text(made), end="", flush=True)
        return 0
    page = importlib.import_module("golive.reports.card_page")
    return _write(
        options.html, page.MARK.encode("ascii"), lambda path: page.write(asdict(made), path)
    )


def _write(name: str, mark: bytes, write: Callable[[Path], object]) -> int:
    """Says where it is, or in one line why it is not. Nothing but its like is written over."""
    path = Path(name).absolute()
    try:
        if path.exists() and mark not in path.read_bytes():
            raise FileExistsError(errno.EEXIST, "there is another file already; name a new one")
        write(path)
    except OSError as error:
        print(f"golive: {path}: {error.strerror or error}", file=sys.stderr)
        return SETTINGS_ERROR
    print(f"written: {path}", flush=True)
    return 0


def _smoke(options: argparse.Namespace) -> int:
    from golive.run.smoke import smoke

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not _has_reason(options):
        return SETTINGS_ERROR
    try:
        return smoke(
            _settings_path(options),
            lambda line: print(line, flush=True),
            on_fallback=options.fallback,
            override=options.override,
            secrets=options.secrets,
        )
    except KeyboardInterrupt:
        print("interrupted; no connection is left", file=sys.stderr)
        return INTERRUPTED


def _monitor(options: argparse.Namespace) -> int:
    from golive.monitor.monitor import monitor
    from golive.monitor.printing import Printer
    from golive.monitor.stopping import Stop

    if not _has_reason(options):
        return SETTINGS_ERROR
    printer, stop = Printer(lambda line: print(line, flush=True)), Stop()
    try:
        with stop.by_signals(is_last=True):
            return monitor(
                _settings_path(options),
                printer.write,
                stop,
                on_fallback=options.fallback,
                override=options.override,
                secrets=options.secrets,
                beside=_mcp_tools,
            )
    except KeyboardInterrupt:
        printer.write("interrupted; no connection is left")
        return INTERRUPTED
    finally:
        printer.close()


def _mcp_tools(source: Source, file: SettingsFile) -> Starlette:
    from golive.mcp.server import http_app  # slow to import: who serves nothing does without

    return http_app(source, file)


def _has_reason(options: argparse.Namespace) -> bool:
    """Whether --override says why, where it is given."""
    if options.override is None or options.override.strip():
        return True
    print('golive: --override needs a reason: --override "why it is safe now"', file=sys.stderr)
    return False


def _service(options: argparse.Namespace) -> int:
    from golive.discipline.earlier_attempts import NoMemory
    from golive.monitor.service.making import made
    from golive.monitor.service.started import NoService
    from golive.settings import secrets_json

    try:
        service = made(options.kind, _settings_path(options), options.fallback)
    except (secrets_json.SettingsError, NoMemory, NoService) as error:
        print(f"golive: settings: {error}", file=sys.stderr)
        return SETTINGS_ERROR
    if options.file is None:
        print(service.text, end="", flush=True)
        return 0
    return _write(options.file, service.mark, lambda path: path.write_bytes(service.data))


def _mcp(options: argparse.Namespace) -> int:
    if not _has_reason(options):
        return SETTINGS_ERROR
    try:
        from golive.mcp import stdio
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in ("mcp", "mcp_types", "httpx2"):
            raise
        print(
            f"golive: the MCP SDK is not installed for {sys.executable}; install it with:"
            " python -m pip install -e '.[mcp]', or in an environment of its own 'golive[mcp]'",
            file=sys.stderr,
        )
        return SETTINGS_ERROR
    return stdio.serve(
        _settings_path(options),
        on_fallback=options.fallback,
        override=options.override,
        secrets=options.secrets,
    )


COMMANDS = {
    "smoke": _smoke,
    "monitor": _monitor,
    "mcp": _mcp,
    "card": _card,
    "schema": _schema,
    "service": _service,
}


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m golive", description="Go-live checks for IBKR gateways.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    smoke = commands.add_parser("smoke", help="the standalone handshake test, against the gateway")
    card = commands.add_parser("card", help="the quick reference card for these settings")
    monitor = commands.add_parser("monitor", help="keeps the one connection, until it is stopped")
    mcp = commands.add_parser("mcp", help="the MCP server on stdin and stdout, for an assistant")
    service = commands.add_parser("service", help="a systemd unit for the Monitor, and its like")
    for command in (smoke, monitor, mcp, card, service):
        command.add_argument(
            "--secrets",
            metavar="PATH",
            help="settings to use instead of secrets.json (also GOLIVE_SECRETS)",
        )
        command.add_argument(
            "--fallback", action="store_true", help="on the fallback endpoint of the settings"
        )
    for command in (smoke, monitor, mcp):
        command.add_argument(
            "--override",
            metavar="REASON",
            help="let the rules about earlier attempts pass, for this reason, which is kept",
        )
    card.add_argument(
        "--html",
        nargs="?",
        const="card.html",
        metavar="FILE",
        help="a page for the printer instead, written to card.html or FILE",
    )
    schema = commands.add_parser("schema", help="the JSON schema of secrets.json, for editors")
    schema.add_argument("file", nargs="?", metavar="FILE", help="written there, not printed")
    kinds = service.add_mutually_exclusive_group()
    for kind, what in {
        "windows": "a scheduled task for Windows",
        "docker": "an example for a gateway in a container, with the health check",
        "prometheus": "alerts for Prometheus",
    }.items():
        kinds.add_argument(
            f"--{kind}", dest="kind", action="store_const", const=kind, default="systemd", help=what
        )
    service.add_argument("file", nargs="?", metavar="FILE", help="written there, not printed")
    commands.add_parser(
        "health", help="asks the running Monitor whether all is well", add_help=False
    )
    for name, task in bootstrap.TASKS.items():
        commands.add_parser(name, help=f"{task.help}; more words are passed on to pytest")
    return parser


if __name__ == "__main__":
    sys.exit(main())
