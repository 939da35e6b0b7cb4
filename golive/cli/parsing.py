"""What the commands' options have in common: bad usage gets one line and exit code 4."""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TextIO

from golive.cli.help_text import Narrow, epilog
from golive.kit import typed
from golive.settings import which

USAGE, INTERRUPTED = 4, 130


def refused(why: str) -> int:
    """One line on stderr; the exit code of bad usage."""
    print(f"golive: {why}", file=sys.stderr)
    return USAGE


def settings_refused(error: Exception) -> int:
    """A line on stderr for each mistake of the settings; the exit code of bad usage."""
    for line in getattr(error, "lines", (str(error),)):
        refused(f"settings: {line}")
    return USAGE


class Parser(argparse.ArgumentParser):
    """Of one command: `Parser("smoke", "what it does")`."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(
            prog=f"{typed.GOLIVE} {command}",
            description=description,
            epilog=epilog(command),
            formatter_class=Narrow,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"golive: {message}; see {self.prog} --help\n")

    def takes_settings(self) -> None:
        """--secrets and --fallback."""
        self.add_argument(
            "--secrets",
            metavar="PATH",
            help="settings file (default: secrets.json here; also GOLIVE_SECRETS)",
        )
        self.add_argument(
            "--fallback", action="store_true", help="use the fallback endpoint of the settings"
        )

    def takes_override(self) -> None:
        self.add_argument(
            "--override",
            metavar="REASON",
            help="override the rules about earlier attempts; the reason is recorded",
        )

    def takes_reports(self) -> None:
        self.add_argument(
            "--reports",
            metavar="DIR",
            help="folder of reports (default: reports/ beside the settings; also GOLIVE_REPORTS)",
        )

    def checked(self, words: list[str]) -> argparse.Namespace:
        """The options; --override must say why where it is given."""
        options = self.parse_args(words)
        override = getattr(options, "override", None)
        if override is not None and not override.strip():
            self.exit(
                USAGE,
                'golive: --override needs a reason: --override "why it is safe now"\n',
            )
        return options


def settings(options: argparse.Namespace) -> which.Which:
    """Which settings file these options mean."""
    return which.file(options.secrets)


def say_which(found: which.Which, stream: TextIO) -> None:
    """First of all; where there is no such file, the line that says so names it."""
    if found.path.exists():
        print(found.line, file=stream, flush=True)


def write(name: str, mark: bytes, write: Callable[[Path], object]) -> int:
    """Says where it is, or in one line why it is not. Nothing but its like is written over."""
    path = Path(name).absolute()
    try:
        if path.exists() and mark not in path.read_bytes():
            raise FileExistsError(errno.EEXIST, "another file already exists; name a new one")
        write(path)
    except OSError as error:
        return refused(f"{path}: {error.strerror or error}")
    print(f"Written: {path}", flush=True)
    return 0
