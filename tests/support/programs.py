"""Small programs that the tests start under a name of their choice, and end."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support import four_ports
from tests.support.talking import Talking

OF_A_GATEWAY = re.compile("ibgateway|tws|java")
"""Names that another test's look at this machine takes for a gateway's."""

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
    """What is called as a gateway runs while no other test looks for one that is not there."""
    with ExitStack() as stack:

        def start(name: str, code: str = WAIT, *words: str) -> Program:
            if OF_A_GATEWAY.search(name):
                stack.enter_context(four_ports.alone())
            program = Program(folder / name, code, *words)
            stack.callback(program.leave)
            return program

        yield start
