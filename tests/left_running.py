"""Whether a test has left a process of its own running."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

SECONDS = 5.0


@contextmanager
def nothing_left() -> Iterator[None]:
    """Raises AssertionError for what was started within and still runs, children's children too."""
    before = set(psutil.Process().children(recursive=True))
    yield
    new = set(psutil.Process().children(recursive=True)) - before
    _, alive = psutil.wait_procs(new, SECONDS)
    assert not alive, [(each.pid, each.cmdline()) for each in alive]


def has_ended(pid: int) -> bool:
    """Within a moment; a process that its parent has not noticed yet has."""
    try:
        process = psutil.Process(pid)
        return process.status() == psutil.STATUS_ZOMBIE or process.wait(SECONDS) is None
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
