"""What check, rehearse and soak have in common."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from golive.cli import parsing

HEALTHY = "healthy"


def parser(command: str, description: str) -> parsing.Parser:
    """With the options that the procedure's run has, whatever it is aimed at."""
    made = parsing.Parser(command, description)
    made.epilog = f"Exit code 0: GO, 1: NO-GO, 2: interrupted, 4: usage or settings.\n{made.epilog}"
    made.takes_settings()
    made.takes_reports()
    made.takes_override()
    made.add_argument(
        "--kill-stale",
        action="store_true",
        help="end stale client processes instead of failing on them",
    )
    made.add_argument(
        "--operator",
        metavar="NAME",
        help="person responsible, shown on the sign-off (default: login name)",
    )
    made.add_argument(
        "-q",
        "--quiet",
        action="count",
        default=0,
        help="show only the verdict, the cause and the first thing to do",
    )
    made.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="show every step and what it observed; -vv: pytest's own output",
    )
    return made


def takes_fake(made: parsing.Parser) -> None:
    made.add_argument(
        "--fake",
        nargs="?",
        const=HEALTHY,
        metavar="FAULT",
        help="rehearse against a fake gateway: healthy, or with this fault",
    )


def perform(options: argparse.Namespace, plan: str) -> int:
    """The procedure, as pytest performs it in a clone."""
    from golive.plugin import performing
    from golive.run import rehearsal

    fault = options.fake
    if fault not in (None, HEALTHY) and (why := rehearsal.no_such_fault(fault)):
        return parsing.refused(why)
    return performing.perform(plan, list(_words(options)))


def _words(options: argparse.Namespace) -> Iterator[str]:
    """These options as the plugin has them."""
    for name in ("fake", "secrets", "reports", "override", "operator"):
        if (value := getattr(options, name)) is not None:
            yield f"--{name}={value}"
    for name in ("fallback", "kill_stale"):
        if getattr(options, name):
            yield f"--{name.replace('_', '-')}"
    yield from ["-q"] * options.quiet
    yield from ["-v"] * options.verbose
