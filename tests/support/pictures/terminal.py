"""What a command shows on a terminal, and that terminal as a page.

It knows as much of terminals as the commands use: lines that are written over, colours, and bold.
"""

from __future__ import annotations

import html
import os
import re
import select
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROWS = 60
SECONDS = 120.0
CONTROL = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b\][^\x07]*\x07|\x1b[()].|(.)", re.DOTALL)
COLOURS = {
    30: "#24292f", 31: "#ff8a80", 32: "#7ee787", 33: "#f2cc60", 34: "#79c0ff", 35: "#d2a8ff",
    36: "#76e3ea", 37: "#e6edf3", 90: "#8b949e", 91: "#ffa198", 92: "#7ee787", 93: "#f2cc60",
    94: "#79c0ff", 95: "#d2a8ff", 96: "#76e3ea", 97: "#ffffff",
}  # fmt: skip
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #0d1117; }}
pre {{ margin: 0; padding: 18px 22px; display: inline-block; width: {columns}ch; color: #e6edf3;
  font: 15px/1.45 "DejaVu Sans Mono", "Menlo", "Consolas", monospace; white-space: pre; }}
</style><pre>{text}</pre>"""


def written(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], columns: int
) -> str:
    """All that a command writes to a terminal with so many columns."""
    if sys.platform == "win32":
        raise OSError("there is none")
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        try:
            return b"".join(iter(lambda: _read(ours), b"")).decode("utf-8", "replace")
        finally:
            process.kill()
            os.close(ours)


def _read(descriptor: int) -> bytes:
    """What comes; nothing once the other side has closed. Raises TimeoutError."""
    if not select.select([descriptor], [], [], SECONDS)[0]:
        raise TimeoutError("the command wrote nothing for too long")
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


@dataclass(slots=True)
class Screen:
    """Lines of characters, each with the style that it was written in."""

    columns: int
    lines: list[list[tuple[str, str]]] = field(default_factory=lambda: [[]])
    _row: int = 0
    _column: int = 0
    _codes: set[int] = field(default_factory=set)

    def write(self, text: str) -> None:
        for found in CONTROL.finditer(text):
            numbers, command, character = found[1], found[2], found[3]
            if character is not None:
                self._put(character)
            elif command is not None:
                self._obey(command, [int(each) for each in re.findall(r"\d+", numbers)])

    def page(self, prompt: str) -> str:
        """As HTML, below the command that was typed."""
        while len(self.lines) > 1 and not self.lines[-1]:
            self.lines.pop()
        text = "\n".join([html.escape(prompt), *map(_as_html, self.lines)])
        return PAGE.format(columns=self.columns, text=text)

    @property
    def text(self) -> str:
        return "\n".join("".join(each for each, _ in line).rstrip() for line in self.lines)

    def _put(self, character: str) -> None:
        match character:
            case "\n":
                self._row += 1
                while len(self.lines) <= self._row:
                    self.lines.append([])
            case "\r":
                self._column = 0
            case "\x08":
                self._column = max(0, self._column - 1)
            case _ if character >= " ":
                if self._column >= self.columns:
                    self._put("\n")
                    self._column = 0
                line = self.lines[self._row]
                line += [(" ", "")] * (self._column + 1 - len(line))
                line[self._column] = (character, self._style)
                self._column += 1

    def _obey(self, command: str, numbers: list[int]) -> None:
        first = numbers[0] if numbers else 0
        match command:
            case "A":
                self._row = max(0, self._row - (first or 1))
            case "K":
                line = self.lines[self._row]
                del line[0 if first == 2 else self._column :]
            case "J":
                del self.lines[self._row + 1 :]
                del self.lines[self._row][self._column :]
            case "G":
                self._column = max(0, (first or 1) - 1)
            case "m":
                self._dress(numbers or [0])

    def _dress(self, numbers: list[int]) -> None:
        for each in numbers:
            if each == 0:
                self._codes.clear()
            elif each in (22, 39):
                self._codes -= {1, 2} if each == 22 else set(COLOURS)
            else:
                self._codes -= set(COLOURS) if each in COLOURS else set()
                self._codes.add(each)

    @property
    def _style(self) -> str:
        """As CSS."""
        told = [f"color:{COLOURS[each]}" for each in self._codes if each in COLOURS]
        told += ["font-weight:bold"] if 1 in self._codes else []
        told += ["opacity:.7"] if 2 in self._codes else []
        return ";".join(told)


def _as_html(line: Sequence[tuple[str, str]]) -> str:
    parts: list[str] = []
    now = ""
    for character, style in line:
        if style != now:
            parts.append("</span>" if now else "")
            parts.append(f'<span style="{style}">' if style else "")
            now = style
        parts.append(html.escape(character))
    return "".join(parts) + ("</span>" if now else "")
