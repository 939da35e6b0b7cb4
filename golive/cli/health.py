"""`golive health`: one line and one of four exit codes, as Nagios' plugins have them.

Asks the running Monitor's /readyz; no connection to the gateway is made. Only the standard library
is imported, since this runs every few seconds. The form of the line and of its figures:
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

from golive.kit import typed
from golive.kit.text import printable
from golive.monitor.health_check.answer import Answer
from golive.monitor.health_check.readyz import START, NoAnswer, asked
from golive.monitor.health_check.whom import Wanted, wanted
from golive.settings import which

SECONDS = 4.0
"""After so long there is an answer, if only that there was none."""
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
    """Prints the line; returns the exit code. Within `SECONDS`, whatever does not answer."""
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
    """The exit code says it as well, so nothing is lost where nobody reads the line."""
    try:
        print(result.line, flush=True)
    except OSError:  # a closed pipe, a full disk: it would be tried, and fail, once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"{typed.GOLIVE} health",
        description="Asks the running Monitor whether all is well: exit 0 OK, 1 WARNING,"
        " 2 CRITICAL, 3 UNKNOWN.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--secrets",
        metavar="PATH",
        help="settings to use instead of secrets.json (also GOLIVE_SECRETS)",
    )
    parser.add_argument(
        "--fallback", action="store_true", help="of a Monitor on the settings' fallback"
    )
    parser.add_argument(
        "--url",
        metavar="URL",
        help="where it answers, if not where the settings say: http://127.0.0.1:9410",
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
    except Exception as error:  # a check that breaks says so, and is never silent
        return Result(Status.UNKNOWN, f"{type(error).__name__}: {error}")


def _start(options: argparse.Namespace) -> str:
    """The Monitor that was asked for, to be started."""
    fallback = " --fallback" if options.fallback else ""
    return (
        f'{START}{fallback} --secrets "{options.secrets}"' if options.secrets else START + fallback
    )


def judged(status: int, body: Mapping[str, Any], goal: Wanted, now: datetime) -> Result:
    """What an answer of /readyz means. Raises NoAnswer for one that cannot be relied on."""
    answer = Answer(body)
    answer.must_be_meant(goal, now)
    if (status, answer.status) == (503, "not-ready"):
        return Result(Status.CRITICAL, answer.diagnosis, answer.figures)
    if (status, answer.status) != (200, "ready"):
        raise NoAnswer(f"no answer of a Monitor: HTTP status {status} says {answer.status}")
    answer.must_be_fresh(now)
    answer.must_agree()
    if warnings := answer.warnings(goal):
        text = f"{'; '.join(warnings)}; {answer.summary}"
        return Result(Status.WARNING, text, answer.figures)
    return Result(Status.OK, answer.summary, answer.figures)


def _plain(text: str) -> str:
    """One line; a bar would begin the figures."""
    shown = printable(text).replace("|", "?")
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."
