"""While there is something to take down, what would end us at once lets us take it down first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = ("SIGTERM", "SIGHUP")
"""Asked to end; the terminal was closed. Whoever has them ignored, as nohup does, keeps that."""


@contextmanager
def as_interrupts() -> Iterator[None]:
    """They end us as a Ctrl-C does, so that whatever is under way is taken down."""
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
