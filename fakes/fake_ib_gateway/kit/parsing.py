"""How the two commands read their options: one line for a mistake, help of 80 columns."""

from __future__ import annotations

import argparse
import shutil
from typing import Any, NoReturn

USAGE = 4
"""The exit code of whatever it cannot start with: a bad option, a taken port, a damaged file."""
COLUMNS = 80


class Narrow(argparse.HelpFormatter):
    """At most 80 columns, however wide the terminal is; a text keeps its lines."""

    def __init__(self, prog: str, **more: Any) -> None:
        more["width"] = min(shutil.get_terminal_size().columns, COLUMNS) - 2
        super().__init__(prog, **more)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = text.splitlines()
        return "\n".join(super(Narrow, self)._fill_text(line, width, indent) for line in lines)


class Parser(argparse.ArgumentParser):
    """A mistake gets one line and exit code 4."""

    def __init__(self, prog: str, description: str, epilog: str, usage: str | None = None) -> None:
        super().__init__(
            prog,
            usage,
            description,
            epilog,
            formatter_class=Narrow,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message}\n")
