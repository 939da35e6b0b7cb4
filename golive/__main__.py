"""`python -m golive`. Only the standard library is imported until a command needs the rest."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from golive import __version__, bootstrap

SETTINGS_ERROR, INTERRUPTED = 4, 130


class _Parser(argparse.ArgumentParser):
    """Bad input gets one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(SETTINGS_ERROR, f"golive: {message}; see {self.prog} --help\n")


def main(arguments: list[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console may know fewer characters than we do
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if options.command in bootstrap.TASKS:
        return bootstrap.run(options.command, rest)
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        return COMMANDS[options.command](options)
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
    from golive import schema

    if options.file is None:
        print(schema.text(), end="", flush=True)
        return 0
    return _write(options.file, lambda path: path.write_bytes(schema.text().encode("ascii")))


def _write(name: str, write: Callable[[Path], object]) -> int:
    """Says where it is, or in one line why it is not."""
    path = Path(name).absolute()
    try:
        write(path)
    except OSError as error:
        print(f"golive: {path}: {error.strerror or error}", file=sys.stderr)
        return SETTINGS_ERROR
    print(f"written: {path}", flush=True)
    return 0


def _smoke(options: argparse.Namespace) -> int:
    from golive.smoke import smoke

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.override is not None and not options.override.strip():
        print('golive: --override needs a reason: --override "why it is safe now"', file=sys.stderr)
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


COMMANDS = {"smoke": _smoke, "schema": _schema}


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m golive", description="Go-live checks for IBKR gateways.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    smoke = commands.add_parser("smoke", help="the standalone handshake test, against the gateway")
    smoke.add_argument(
        "--secrets",
        metavar="PATH",
        help="settings to use instead of secrets.json (also GOLIVE_SECRETS)",
    )
    smoke.add_argument(
        "--fallback", action="store_true", help="on the fallback endpoint of the settings"
    )
    smoke.add_argument(
        "--override",
        metavar="REASON",
        help="let the rules about earlier attempts pass, for this reason, which is kept",
    )
    schema = commands.add_parser("schema", help="the JSON schema of secrets.json, for editors")
    schema.add_argument("file", nargs="?", metavar="FILE", help="written there, not printed")
    for name, task in bootstrap.TASKS.items():
        commands.add_parser(name, help=f"{task.help}; more words are passed on to pytest")
    return parser


if __name__ == "__main__":
    sys.exit(main())
