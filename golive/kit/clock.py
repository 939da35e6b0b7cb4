"""Time, as something that can be handed in: the ninety seconds never run in a test."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time, a monotonic time in seconds, and a way to let time pass."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own; wall time in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Goes on while the machine sleeps: what was known before is as old as that afterwards."""
        if sys.platform == "win32":
            return time.perf_counter()  # which does, and is finer than the others there
        # Linux' CLOCK_MONOTONIC stands still in a suspend (clock_gettime(2)), macOS' does not
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


MOMENT = 0.2
"""Seconds for a line on the terminal; one that takes it at all takes it in a thousandth of that."""

SYSTEM: Clock = SystemClock()


def let_pass(
    clock: Clock, seconds: float, tell: Callable[[float], None], every: float = 1.0
) -> None:
    """Waits; `tell` hears again and again how many seconds are left."""
    end = clock.monotonic() + seconds
    while (left := end - clock.monotonic()) > 0:
        tell(left)
        clock.sleep(min(left, every))


def now_and_then(tell: Callable[[float], None], every: float = 10.0) -> Callable[[float], None]:
    """A countdown that is heard at its first second, and then every so many seconds."""
    due = float("inf")

    def heard(seconds_left: float) -> None:
        nonlocal due
        if seconds_left <= due:
            due = seconds_left - every
            tell(seconds_left)

    return heard


def coarsely(tell: Callable[[float], None], every: float = 1.0) -> Callable[[float], None]:
    """A countdown that is heard once it has gone on for so many seconds, and then as often.

    What telling it raises, and how long it takes, is kept from whoever waits: no connection is lost
    or held over a terminal that was stopped (Ctrl-S, a selection in a Windows console).
    """
    tell_apart = _apart(tell)
    due: float | None = None

    def heard(seconds_left: float) -> None:
        nonlocal due
        is_due = due is not None and seconds_left <= due
        if due is None or is_due:
            due = seconds_left - every
        if is_due:
            tell_apart(seconds_left)

    return heard


def _apart(tell: Callable[[float], None]) -> Callable[[float], None]:
    """In a thread that is waited for no longer than a moment; not again until it is done."""
    teller: threading.Thread | None = None

    def quietly(seconds_left: float) -> None:
        with suppress(Exception):
            tell(seconds_left)

    def told(seconds_left: float) -> None:
        nonlocal teller
        if teller is None or not teller.is_alive():
            teller = threading.Thread(target=quietly, args=(seconds_left,), daemon=True)
            teller.start()
            teller.join(MOMENT)

    return told
