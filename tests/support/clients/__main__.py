"""`python -m tests.support.clients [NAME ...]`: builds the clients' environments."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from tests.support.clients import environments
from tests.support.clients.environments import SetUpFailed

FAILED, INTERRUPTED = 1, 130


class _Parser(argparse.ArgumentParser):
    """Bad input gets one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"clients: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Exit 0 when all are built, 1 when one cannot be, 2 for bad input."""
    parser = _Parser(
        prog="python -m tests.support.clients",
        description="Builds a virtual environment for each client, and prints its interpreter.",
    )
    parser.add_argument(
        "name", nargs="*", type=_name, help=f"default: all of {', '.join(environments.NAMES)}"
    )
    names = parser.parse_args(arguments).name or environments.NAMES
    try:
        for name in names:
            print(f"{name}: {environments.python(name)}", flush=True)
    except SetUpFailed as error:
        print(f"clients: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _name(text: str) -> str:
    if text not in environments.NAMES:
        known = ", ".join(environments.NAMES)
        raise argparse.ArgumentTypeError(f"no client {text!r}; there are: {known}")
    return text


if __name__ == "__main__":
    sys.exit(main())
