"""What would end a run at once ends it as a Ctrl-C does: all is taken down, and it says so."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = ("SIGTERM", "SIGHUP")
"""Asked to end; the terminal was closed. Whoever has them ignored, as nohup does, keeps that."""


@contextmanager
def as_interrupts() -> Iterator[None]:
    """Meanwhile they raise KeyboardInterrupt; in the main thread only."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
