"""Ends a program of the settings if the run that started it was ended by `kill -9`.

A foreign program cannot know that. So this one is started beside it, by its standard input a child
of the run that hears when that one is gone, on every platform; then it ends what bears the mark.
Where all goes in order the run ends the guard itself, and it does nothing.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

import psutil

from golive.kit.clock import SYSTEM
from golive.kit.project import HOME
from golive.machine import ending, forwarders, processes
from golive.machine.processes import Process

MARK = "GOLIVE_PROGRAM"
"""In a program's environment: by its value, what it has started is known as its own."""

LOOK_SECONDS, PATIENCE = 0.2, 5.0
LONGEST_SECONDS = 30.0
QUIET_LOOKS = 10
"""So often nothing is found before it is over: a process that is being started has no mark yet."""


class Guard:
    """Beside a program of that mark, from before it is started until it is let go."""

    def __init__(self, mark: str) -> None:
        options: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self._process: subprocess.Popen[bytes] | None = None
        with suppress(OSError):  # then a `kill -9` of the run leaves the program behind, as before
            self._process = subprocess.Popen(
                [sys.executable, "-m", "golive.trials.guard", mark],
                cwd=HOME,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                **options,
            )

    def let_go(self) -> None:
        """The program has ended, or is to stay."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


def marked(mark: str) -> set[Process]:
    """The processes of this user that have inherited it; those that hide their environment not."""
    found = set()
    for each in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if each.environ().get(MARK) == mark and (told := processes.process(each.pid)):
                found.add(told)
    return found


def is_gateway(known: Process) -> bool:
    """By its name of now: a script that launches a gateway becomes it, having been seen before."""
    now = processes.process(known.pid)
    return now is not None and forwarders.kind(now.name) == "gateway"


def end_marked(mark: str) -> None:
    """Ends them, politely first, until none is left; never a gateway that one has launched."""
    end, quiet = SYSTEM.monotonic() + LONGEST_SECONDS, 0
    while quiet < QUIET_LOOKS and SYSTEM.monotonic() < end:
        found = [each for each in marked(mark) if not is_gateway(each)]
        quiet = 0 if found else quiet + 1
        ending.end(found, PATIENCE)
        SYSTEM.sleep(LOOK_SECONDS)


def main(mark: str) -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if number := getattr(signal, name, None):
            signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()  # until the run is gone
    end_marked(mark)


if __name__ == "__main__":
    main(sys.argv[1])
