"""The four ports of a real gateway: one test of this machine at a time listens or looks there.

Else a fake that listens on one of them, or a program that is called as a gateway, would be what
another test's run finds instead of nothing.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from filelock import FileLock

SECONDS = 300.0
"""For the others, which take a few each."""

FAULTS = {"wrong-port", "down"}
"""Of the one who listens there, and of those for whom nobody is to."""


def alone() -> AbstractContextManager[object]:
    """Whoever is may be it again."""
    user = getattr(os, "getuid", lambda: "")()
    path = Path(tempfile.gettempdir(), f"golive-tests-four-ports-{user}.lock")
    return FileLock(path, timeout=SECONDS, is_singleton=True)


def alone_with(*words: str) -> AbstractContextManager[object]:
    """The same, where a fake or a rehearsal is told one of the faults."""
    told = {each.removeprefix("--fake=") for each in words}
    return alone() if told & FAULTS else nullcontext()
