"""Lines on the terminal while pytest holds it: through its reporter, past its capturing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from golive.clock import now_and_then


class Console:
    """Pytest's terminal, found by the names of its plugins; silent where there is none."""

    def __init__(self, plugin: Callable[[str], Any]) -> None:
        self._plugin = plugin
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

    def count_down(self, line: Callable[[float], str]) -> Callable[[float], None]:
        """Rewrites the line in place on a terminal; elsewhere tells it now and then."""
        reporter = self._reporter
        if reporter is None:
            return lambda seconds_left: None

        def rewrite(seconds_left: float) -> None:
            self._is_counting = True
            reporter.rewrite(line(seconds_left), erase=True)
            reporter.flush()

        def write(seconds_left: float) -> None:
            reporter.write_line(line(seconds_left))

        return self._past_capturing(rewrite if reporter.isatty else now_and_then(write))

    def _past_capturing(self, tell: Callable[[float], None]) -> Callable[[float], None]:
        capture = self._plugin("capturemanager")

        def told(seconds_left: float) -> None:
            with capture.global_and_fixture_disabled() if capture else nullcontext():
                tell(seconds_left)

        return told
