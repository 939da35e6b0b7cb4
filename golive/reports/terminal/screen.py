"""Where a run is told: marks, colours and lines that fit. Colour only repeats shape and word."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from typing import Any, Protocol

from golive.kit.text import printable

KINDS = ("passed", "failed", "blocked", "not-configured", "not-observable")
SHAPES = dict(zip(KINDS, "√×––?" if sys.platform == "win32" else "✓✗––?", strict=True))  # noqa: RUF001
"""A tick, a cross, a dash; on Windows those that the fonts of its console have."""
MARKS = dict(zip(KINDS, ("ok", "FAIL", "-", "-", "?"), strict=True))
"""The same where shapes cannot be shown."""
WORDS = {
    "passed": "ok",
    "failed": "FAILED",
    "blocked": "not run",
    "not-configured": "not configured",
    "not-observable": "not observed",
}
COLOURS: dict[str, dict[str, bool]] = {
    "passed": {"green": True},
    "failed": {"red": True, "bold": True},
    "blocked": {"yellow": True},
    "not-configured": {"cyan": True},
    "not-observable": {"yellow": True, "bold": True},
    "GO": {"green": True, "bold": True},
    "NO-GO": {"red": True, "bold": True},
    "live": {"bold": True},
    "fallback": {"yellow": True, "bold": True},
    "fake": {"cyan": True, "bold": True},
}


class Screen(Protocol):
    """What lines are written to; see golive.plugin.console."""

    @property
    def is_live(self) -> bool: ...
    @property
    def width(self) -> int | None: ...
    def shows(self, text: str) -> bool: ...
    def coloured(self, text: str, **how: bool) -> str: ...
    def write(self, line: str) -> None: ...
    def write_again(self, line: str, **how: bool) -> None: ...


class Lines:
    """Writes lines to a screen, each as wide as that is."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.rows = 0
        """So many rows of the screen have been filled."""
        self._is_apart = True
        """Whether a blank line would be the first one, or a second."""

    @property
    def has_shapes(self) -> bool:
        return self.screen.shows("".join(SHAPES.values()) + "…")

    @property
    def margin(self) -> int:
        """Columns before the name of a stage."""
        return 2 if self.has_shapes else 5

    def mark(self, outcome: str) -> str:
        """The shape of an outcome in its colour, or its word, as wide as the margin."""
        mark = (SHAPES if self.has_shapes else MARKS).get(outcome, "")
        blank = " " * (self.margin - len(mark))
        return self.screen.coloured(mark, **COLOURS.get(outcome, {})) + blank

    def plain(self, line: str = "", columns: int | None = None) -> None:
        """As it is, but no blank line at first or twice. `columns` is how wide it shows."""
        if self._is_apart and not line:
            return
        self._is_apart = not line
        self.rows += self.rows_of(len(line) if columns is None else columns)
        self.screen.write(line)

    def rows_of(self, columns: int) -> int:
        """The rows of a line that long; the terminal wraps it."""
        width = self.screen.width
        return 1 if width is None else max(1, -(-columns // (width + 1)))

    def command(self, line: str, indent: int) -> None:
        """Whole, on a line of its own, however long it is: it is there to be copied."""
        line, margin = printable(line), " " * indent
        self.plain(margin + self.screen.coloured(line, bold=True), len(margin + line))

    def text(self, text: str, indent: int = 0, hang: int = 2, **how: Any) -> None:
        """As many lines as it needs. Words are never broken: a path stays whole."""
        for line in self.wrapped(text, indent, hang):
            self.plain(self.screen.coloured(line, **how) if how else line, len(line))

    def wrapped(self, text: str, indent: int = 0, hang: int = 2) -> list[str]:
        text, margin = printable(text), " " * indent
        width = self.screen.width
        if width is None or len(margin + text) <= width:
            return [margin + text]
        return textwrap.wrap(
            text,
            max(width, indent + hang + 10),
            initial_indent=margin,
            subsequent_indent=margin + " " * hang,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def parts(self, parts: Sequence[str], between: str = "  ") -> list[str]:
        """Side by side, and on as many lines as they need."""
        width = self.screen.width or 1_000_000
        lines: list[str] = []
        for part in (printable(each) for each in parts if each):
            if lines and len(lines[-1] + between + part) <= width:
                lines[-1] += between + part
            else:
                lines.append(("  " if lines else "") + part)
        return lines
