"""Lines on a terminal that may be stopped, or a pipe that nobody reads: neither holds us up."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

MOST_LINES = 1000
"""As many may wait to be shown; what comes beyond them is left out."""

LAST_SECONDS = 1.0
"""How long the last lines are waited for."""


class Printer:
    """Shows lines from a thread of its own. A Monitor goes on, whether they are read or not."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._lines: queue.Queue[str | None] = queue.Queue(MOST_LINES)
        self._thread = threading.Thread(target=self._run, name="golive-lines", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        with suppress(queue.Full):
            self._lines.put_nowait(line)

    def close(self) -> None:
        """Waits a moment for what is still to be shown."""
        with suppress(queue.Full):
            self._lines.put(None, timeout=LAST_SECONDS)
        self._thread.join(LAST_SECONDS)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            with suppress(OSError, ValueError):  # closed: nobody reads on
                self._show(line)
