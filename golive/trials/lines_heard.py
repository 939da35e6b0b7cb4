"""A program's lines, on their way from the thread that reads them to an event loop."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable
from contextlib import suppress

from golive.trials.output import Output

WAKE_SECONDS = 0.1
"""How often it is looked whether there will be no more."""


class Inbox:
    """The lines of one program, in order, from its start on."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._wake: Callable[[], object] = lambda: None

    def hear(self, line: str) -> None:
        self._lines.put(line)
        with suppress(RuntimeError):  # the event loop has ended: nobody waits any more
            self._wake()

    async def next(self, output: Output) -> str | None:
        """The next line; None once there will be no more, and of a flood at once."""
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(event.set)
        while True:
            if output.is_flood:
                return None
            is_over = output.is_over
            with suppress(queue.Empty):
                return self._lines.get_nowait()
            if is_over:
                return None
            with suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), WAKE_SECONDS)
            event.clear()
