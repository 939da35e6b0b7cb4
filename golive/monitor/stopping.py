"""Being asked to stop: Ctrl-C, SIGTERM, and on Windows Ctrl-Break and a closed window."""

from __future__ import annotations

import _thread
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Each where the platform has it."""


def _interrupt() -> None:
    raise KeyboardInterrupt


class Stop:
    """Whether it was asked for. What waits is interrupted, what is to be finished is not."""

    def __init__(self) -> None:
        self.by = ""
        """The signal's name; "" as long as nobody has asked."""
        self.is_over = False
        """Whether all that was to be done is done: whoever asks now waits for our end only."""
        self._react: Callable[[], object] = _interrupt

    def ask(self, by: str) -> None:
        """As a signal does it. Raises KeyboardInterrupt, unless something else is to be done."""
        self.by = self.by or by
        if not self.is_over:
            self._react()

    def ask_main(self, by: str) -> None:
        """The same from another thread: as a signal that comes to the main one."""
        self.by, react = self.by or by, self._react
        _thread.interrupt_main(signal.SIGTERM)
        if react is not _interrupt:
            react()  # at once: a signal of our own ends no wait for a socket

    @contextmanager
    def reacting(self, react: Callable[[], object]) -> Iterator[None]:
        """Meanwhile it is done instead of raising; it must be quick, and fit for a handler."""
        before, self._react = self._react, react
        try:
            if self.by:
                react()
            yield
        finally:
            self._react = before

    @contextmanager
    def by_signals(self, *, is_last: bool = False) -> Iterator[None]:
        """Meanwhile the process' signals ask for it; in its main thread only.

        One that whoever started us had ignored (nohup) is still ignored. With `is_last`, once it
        was asked for no other is heard any more: all that follows is the process' end.
        """

        def handler(number: int, _: FrameType | None) -> None:
            self.ask(signal.Signals(number).name)

        numbers = [number for name in NAMES if (number := getattr(signal, name, None))]
        wanted = [each for each in numbers if signal.getsignal(each) is not signal.SIG_IGN]
        before = {number: signal.signal(number, handler) for number in wanted}
        try:
            yield
        finally:
            for number, was in before.items():
                signal.signal(number, signal.SIG_IGN if is_last and self.by else was)
            _forget_interrupt()


def _forget_interrupt() -> None:
    """So that one that is caught is not how the process ends.

    CPython ends by SIGINT where the last code that it ran from text was interrupted, and importing
    a module with dataclasses runs some (`run_eval_code_obj` in its Python/pythonrun.c).
    """
    exec("")
