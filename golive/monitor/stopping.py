"""How the Monitor is stopped: Ctrl-C, SIGTERM, and on Windows Ctrl-Break and a closed window."""

from __future__ import annotations

import _thread
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Those that the platform has are used."""


def _interrupt() -> None:
    raise KeyboardInterrupt


class Stop:
    """A request to stop. It interrupts what waits, but not what must be finished."""

    def __init__(self) -> None:
        self.by = ""
        """The signal's name; "" until somebody asks."""
        self.is_over = False
        """Whether everything is done, so that a further request changes nothing."""
        self._react: Callable[[], object] = _interrupt

    def ask(self, by: str) -> None:
        """Asks as a signal does. Raises KeyboardInterrupt, unless `reacting` set another way."""
        self.by = self.by or by
        if not self.is_over:
            self._react()

    def ask_main(self, by: str) -> None:
        """The same from another thread, like a signal to the main one."""
        self.by, react = self.by or by, self._react
        _thread.interrupt_main(signal.SIGTERM)
        if react is not _interrupt:
            react()  # at once: this does not interrupt a wait for a socket

    @contextmanager
    def reacting(self, react: Callable[[], object]) -> Iterator[None]:
        """Calls `react` instead of raising; it must be quick and safe in a signal handler."""
        before, self._react = self._react, react
        try:
            if self.by:
                react()
            yield
        finally:
            self._react = before

    @contextmanager
    def by_signals(self, *, is_last: bool = False) -> Iterator[None]:
        """Lets the signals of this process ask; for the main thread only.

        A signal that was ignored when we started (nohup) stays ignored. With `is_last`, the first
        request is the last one heard, because the process then ends.
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
    """Makes CPython forget an interrupt that was caught.

    It would end by SIGINT if the last code it ran from text was interrupted, and importing a module
    with dataclasses runs such code (`run_eval_code_obj` in Python/pythonrun.c).
    """
    exec("")
