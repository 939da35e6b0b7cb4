"""How each command's --help looks: at most 80 columns, and an example at its end.

Only the standard library is imported: the health check uses it too.
"""

from __future__ import annotations

import argparse
import shutil
from typing import Any

COLUMNS, EXAMPLE = 80, "Example: "

EXAMPLES = {
    "init": "--account U1234567 --positions 24 --yes",
    "look": "--json",
    "rehearse": "silent",
    "check": "--operator operator",
    "smoke": "--secrets paper.json",
    "soak": "--fallback",
    "card": "--html card.html",
    "monitor": "--secrets paper.json",
    "health": "--url http://127.0.0.1:9410",
    "mcp": "--secrets paper.json",
    "service": "golive.service",
    "report": "open",
    "report open": "20261201T091402Z-live",
    "report verify": "20261201T091402Z-live",
    "report write": "20261201T091402Z-live",
    "report index": "--reports reports",
    "report summary": "--reports reports",
    "schema": "secrets.schema.json",
    "selftest": "tests/cli -x",
}
"""By command, what may stand behind it."""


class Narrow(argparse.HelpFormatter):
    """No wider than 80 columns, however wide the terminal is; a text keeps its lines."""

    def __init__(self, prog: str, **more: Any) -> None:
        more["width"] = min(shutil.get_terminal_size().columns, COLUMNS) - 2
        super().__init__(prog, **more)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Line by line; an example is a command, and stays in one piece."""
        return "\n".join(
            line
            if line.startswith(EXAMPLE)
            else super(Narrow, self)._fill_text(line, width, indent)
            for line in text.splitlines()
        )


def epilog(command: str) -> str:
    """The example of a command, `smoke` or `report open`; "" where it has none."""
    words = EXAMPLES.get(command)
    return f"{EXAMPLE}%(prog)s {words}" if words else ""
