"""Small programs that the tests start under a name of their choice, and end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.talking import Talking

WAIT = "print('here', flush=True); sys.stdin.read()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WAIT


class Program(Talking):
    """A Python program under another name; it ends when its input does."""

    def __init__(self, name: Path, code: str, *words: str) -> None:
        if not name.exists():
            os.symlink(sys.executable, name)
        super().__init__(str(name), "-c", f"import sys; {code}", *words)
        self.says(0)


@contextmanager
def started(folder: Path) -> Iterator[Callable[..., Program]]:
    programs: list[Program] = []

    def start(name: str, code: str = WAIT, *words: str) -> Program:
        programs.append(Program(folder / name, code, *words))
        return programs[-1]

    try:
        yield start
    finally:
        for each in programs:
            each.leave()
