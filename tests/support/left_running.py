"""Whether a test has left a process of its own running."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import psutil

from golive.machine.processes import is_running
from tests.support import forked

SECONDS = 50.0
"""For what has been ended to be gone: less than these programs would stay by themselves."""


@contextmanager
def nothing_left() -> Iterator[None]:
    """Raises AssertionError for what was started within and still runs, children's children too.

    But for the servers that fork the tests' processes: the first who needs one starts it.
    """
    before = set(psutil.Process().children(recursive=True))
    yield
    started = set(psutil.Process().children(recursive=True)) - before
    left = _left_of({each for each in started if each.pid not in forked.servers})
    assert not left, left


def has_ended(pid: int) -> bool:
    """Within a moment; a process whose end nobody has noticed yet has."""
    try:
        return not _left_of([psutil.Process(pid)])
    except psutil.NoSuchProcess:
        return True


def _left_of(found: Collection[psutil.Process]) -> list[psutil.Process]:
    """Those that run on."""
    deadline = time.monotonic() + SECONDS
    while (left := [each for each in found if is_running(each)]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left
