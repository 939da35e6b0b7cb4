"""Lines on the terminal while pytest holds it: through its reporter, past its capturing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from golive.plugin.silencing import REPORTER


class Console:
    """Pytest's terminal, found by the names of its plugins; silent where there is none.

    `writer` gives pytest's own writer, which knows about colour: --color, NO_COLOR, FORCE_COLOR.
    `is_shared`: pytest writes lines of its own between ours. Else `take` keeps what it writes
    through, for from then on pytest itself writes nowhere.
    """

    def __init__(
        self, plugin: Callable[[str], Any], writer: Callable[[], Any], *, is_shared: bool
    ) -> None:
        self._plugin, self._writer, self._is_shared = plugin, writer, is_shared
        self._taken: Any = None
        self._encoding = getattr(sys.stdout, "encoding", None) or "ascii"
        self._under_way = 0
        """Columns of the line that is not complete yet."""

    def take(self) -> None:
        """Keeps pytest's reporter, before another one takes its place."""
        self._taken = self._plugin(REPORTER)
        if self._taken is not None:
            writer = self._writer()
            self._writer = lambda: writer

    @property
    def _reporter(self) -> Any:
        return self._taken or self._plugin(REPORTER)

    @property
    def is_live(self) -> bool:
        """Whether a line can be written again in its place."""
        if self._is_shared or self._reporter is None or not self._reporter.isatty:
            return False
        return os.environ.get("TERM") != "dumb"

    @property
    def width(self) -> int | None:
        """Columns that a line may have; None where that does not matter."""
        if self._reporter is None or not self._reporter.isatty:
            return None
        with self._past_capturing():  # what captures is no terminal, and has no width
            return int(self._writer().fullwidth) - 1

    def shows(self, text: str) -> bool:
        """Whether these shapes can be shown: on a terminal, or what is coloured like one."""
        if self._reporter is None or not (self._reporter.isatty or self._writer().hasmarkup):
            return False
        return self._shown(text) == text

    def coloured(self, text: str, **how: bool) -> str:
        """`coloured("GO", green=True, bold=True)`; as it is where there is no colour."""
        return text if self._reporter is None else str(self._writer().markup(text, **how))

    def write(self, line: str) -> None:
        if self._reporter is None:
            return
        with self._past_capturing():
            self._reporter.write(self._erasure())
            self._reporter.write_line(self._shown(line))

    def write_again(self, line: str, **how: bool) -> None:
        """The line that is under way, in its place; only where that is possible."""
        if not self.is_live:
            return
        line = self._shown(line)[: self.width]
        with self._past_capturing():
            self._reporter.write(self._erasure() + self.coloured(line, **how), flush=True)
        self._under_way = len(line)

    def _erasure(self) -> str:
        columns, self._under_way = self._under_way, 0
        return "\r" + " " * columns + "\r" if columns else ""

    def _shown(self, text: str) -> str:
        """What the terminal's encoding does not know becomes `?`."""
        return text.encode(self._encoding, "replace").decode(self._encoding)

    def _past_capturing(self) -> AbstractContextManager[None]:
        capture: Any = self._plugin("capturemanager")
        return capture.global_and_fixture_disabled() if capture else nullcontext()
