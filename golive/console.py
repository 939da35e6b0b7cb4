"""Lines on the terminal while pytest holds it: through its reporter, past its capturing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

COUNT_EVERY_SECONDS = 10.0
"""How often a countdown is told where it cannot be rewritten in place."""


class Console:
    """Pytest's terminal, found by the names of its plugins; silent where there is none."""

    def __init__(self, plugin: Callable[[str], Any]) -> None:
        self._plugin = plugin
        self._last_told = float("inf")
        self._is_counting = False

    @property
    def _reporter(self) -> Any:
        return self._plugin("terminalreporter")

    def leave_out_file_names(self) -> None:
        """Pytest would write the name of each test file before its first dot."""
        if self._reporter is not None:
            self._reporter.showfspath = False

    def write(self, line: str) -> None:
        if self._reporter is None:
            return
        if self._is_counting:
            self._is_counting = False
            self._reporter.rewrite("", erase=True)
            self._reporter.write("\r")
        self._reporter.write_line(line)

    def count_down(self, line: str, seconds_left: float) -> None:
        """Rewrites the line in place on a terminal; elsewhere tells it now and then."""
        reporter = self._reporter
        if reporter is None:
            return
        capture = self._plugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            if reporter.isatty:
                self._is_counting = True
                reporter.rewrite(line, erase=True)
                reporter.flush()
            elif self._last_told - seconds_left >= COUNT_EVERY_SECONDS:
                self._last_told = seconds_left
                reporter.write_line(line)
