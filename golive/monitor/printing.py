"""Prints lines without ever blocking the Monitor: a terminal may be paused, a pipe unread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from golive.kit.clock import Clock

MOST_LINES = 1000
"""How many lines may wait to be shown; more are dropped."""

MINUTE = 60.0
LAST_SECONDS = 1.0
"""How long to wait for the last lines."""


MOST_A_MINUTE = 60
"""Lines shown in a minute, in case a gateway never stops sending; further ones are counted."""


class Sparing:
    """Shows at most MOST_A_MINUTE lines a minute, and says how many more there were."""

    def __init__(self, show: Callable[[str], None], clock: Clock) -> None:
        self._show, self._clock = show, clock
        self._begin, self._shown, self._left_out = clock.monotonic(), 0, 0

    def write(self, line: str) -> None:
        self.catch_up()
        if self._shown < MOST_A_MINUTE:
            self._shown += 1
            self._show(line)
        else:
            self._left_out += 1

    def catch_up(self) -> None:
        """Starts a new minute if the last is over."""
        if self._clock.monotonic() - self._begin < MINUTE:
            return
        if self._left_out:
            self._show(f"{self._left_out:,} more lines in that minute are not shown")
        self._begin, self._shown, self._left_out = self._clock.monotonic(), 0, 0


class Printer:
    """Shows lines from its own thread, so that the Monitor goes on whether or not they are read."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._lines: queue.Queue[str | None] = queue.Queue(MOST_LINES)
        self._thread = threading.Thread(target=self._run, name="golive-lines", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        with suppress(queue.Full):
            self._lines.put_nowait(line)

    def close(self) -> None:
        """Waits a moment for lines that are not shown yet."""
        with suppress(queue.Full):
            self._lines.put(None, timeout=LAST_SECONDS)
        self._thread.join(LAST_SECONDS)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            with suppress(OSError, ValueError):  # closed: nobody reads on
                self._show(line)
