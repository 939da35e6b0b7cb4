"""`golive health`: one line and one of four exit codes, like a Nagios plugin.

Asks the running Monitor's /readyz and never connects to the gateway. Imports only the standard
library, since it runs every few seconds. The format of the line and its figures:
https://nagios-plugins.org/doc/guidelines.html
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn

from golive.cli.help_text import Narrow, epilog
from golive.kit import typed
from golive.kit.text import printable
from golive.monitor.health_check.answer import Answer
from golive.monitor.health_check.readyz import START, NoAnswer, asked
from golive.monitor.health_check.wanted import Wanted, wanted
from golive.settings import which

SECONDS = 4.0
"""There is a result after this long at the latest, even if no answer came."""
LONGEST = 300


class Status(IntEnum):
    """The four states; the value is the exit code."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Result:
    status: Status
    text: str
    figures: Mapping[str, str] = field(default_factory=dict)

    @property
    def line(self) -> str:
        told = f"GOLIVE {self.status.name} - {_plain(self.text)}"
        figures = " ".join(f"{name}={value}" for name, value in self.figures.items())
        return f"{told} | {figures}" if figures else told


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        _say(Result(Status.UNKNOWN, f"{message}; see {self.prog} --help"))
        self.exit(Status.UNKNOWN)


def _settings_path(options: argparse.Namespace) -> Path:
    return which.file(options.secrets).path


def main(
    arguments: list[str], settings_path: Callable[[argparse.Namespace], Path] = _settings_path
) -> int:
    """Prints the line and returns the exit code, within `SECONDS` whatever happens."""
    options = _parser().parse_args(arguments)
    results: list[Result] = []
    checking = threading.Thread(
        target=lambda: results.append(_checked(options, settings_path(options))), daemon=True
    )
    checking.start()
    checking.join(SECONDS)
    silent = Result(Status.UNKNOWN, f"no answer within {SECONDS:.0f} s")
    result = results[0] if results else silent
    _say(result)
    return result.status


def _say(result: Result) -> None:
    """If nobody can read the line, the exit code still tells."""
    try:
        print(result.line, flush=True)
    except OSError:  # a closed pipe, a full disk; Python would try, and fail, again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"{typed.GOLIVE} health",
        description="Asks the running Monitor whether all is well, and prints one line.",
        epilog=f"Exit code 0: OK, 1: WARNING, 2: CRITICAL, 3: UNKNOWN.\n{epilog('health')}",
        formatter_class=Narrow,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--secrets",
        metavar="PATH",
        help="settings file (default: secrets.json here; also GOLIVE_SECRETS)",
    )
    parser.add_argument(
        "--fallback", action="store_true", help="ask the Monitor of the fallback endpoint"
    )
    parser.add_argument(
        "--url",
        metavar="URL",
        help="address of the Monitor (default: the one in the settings)",
    )
    return parser


def _checked(options: argparse.Namespace, path: Path) -> Result:
    is_named = options.secrets is not None or bool(os.environ.get("GOLIVE_SECRETS"))
    try:
        if options.url is not None and not is_named and not path.exists():
            goal = Wanted(options.url)
        else:
            goal = wanted(path, options.fallback, options.url)
        return judged(*asked(goal.url), goal, datetime.now(UTC))
    except NoAnswer as none:
        return Result(Status.UNKNOWN, str(none).replace(START, _start(options)))
    except Exception as error:  # a check that fails must say so
        return Result(Status.UNKNOWN, f"{type(error).__name__}: {error}")


def _start(options: argparse.Namespace) -> str:
    """The command that starts the Monitor that was asked for."""
    fallback = " --fallback" if options.fallback else ""
    return (
        f'{START}{fallback} --secrets "{options.secrets}"' if options.secrets else START + fallback
    )


def judged(status: int, body: Mapping[str, Any], goal: Wanted, now: datetime) -> Result:
    """What an answer of /readyz means. Raises NoAnswer if it cannot be trusted."""
    answer = Answer(body)
    answer.must_be_meant(goal, now)
    if (status, answer.status) == (503, "not-ready"):
        return Result(Status.CRITICAL, answer.diagnosis, answer.figures)
    if (status, answer.status) != (200, "ready"):
        raise NoAnswer(f"not a Monitor's answer: HTTP status {status} with {answer.status}")
    answer.must_be_fresh(now)
    answer.must_agree()
    if warnings := answer.warnings(goal):
        text = f"{'; '.join(warnings)}; {answer.summary}"
        return Result(Status.WARNING, text, answer.figures)
    return Result(Status.OK, answer.summary, answer.figures)


def _plain(text: str) -> str:
    """One line, without a bar: that would begin the figures."""
    shown = printable(text).replace("|", "?")
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."
