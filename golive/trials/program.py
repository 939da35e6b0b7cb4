"""A program of the settings: started, read, and ended with everything that it started.

It has a session of its own (on Windows a process group), so that a Ctrl-C of the terminal ends it
only through us: politely first, and once.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import IO, Any, Literal

from golive.kit import files
from golive.kit.clock import SYSTEM, Clock
from golive.kit.text import shortened
from golive.machine import ending, processes
from golive.machine.processes import Process
from golive.trials import guard
from golive.trials.guard import MARK, Guard
from golive.trials.output import FLOOD, LONGEST, Output, exact

PATIENCE = 5.0
"""Seconds to end when asked, and half of that when killed."""
JOIN_SECONDS = 1.0
TAIL_SECONDS = 0.05
CHUNK = 65_536

How = Literal["by itself", "politely", "firmly", "not ended", "left running"]


class CannotStart(Exception):
    """Why, in words."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended. `left` are the pids of its processes that are still there."""

    how: How
    exit_code: int | None = None
    left: tuple[int, ...] = ()
    log: str = ""
    """The log of a program that is left running."""
    pid: int | None = None
    """Of one that is left running."""
    end_with: str = ""
    """The commands that end it and what it started."""

    @property
    def is_as_asked(self) -> bool:
        """False if it had ended before, or had to be killed."""
        return self.how in ("politely", "left running")


class Program:
    """Running from now on. Raises CannotStart.

    With `speaks`, its input is a pipe, what it says is heard as it is, colours and all, and what it
    says on standard error is apart: `errors`. With
    `log`, it prints to that file, so that it can be left running. `spared` are the pids of who is
    never ended with it, though it may have started them; nor is what has a gateway's name.
    """

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        *,
        hear: Callable[[str], None] = lambda line: None,
        longest: int = LONGEST,
        flood: int = FLOOD,
        speaks: bool = False,
        log: Path | None = None,
        spared: Callable[[], Collection[int]] = tuple,
        clock: Clock = SYSTEM,
    ) -> None:
        self._stop, self._telling = threading.Event(), threading.Lock()
        self._ended: Ended | None = None
        self._mark = token_hex(16)
        marked = {**(os.environ if environment is None else environment), MARK: self._mark}
        self._guard = Guard(self._mark)
        try:
            self._process = _started(words, marked, folder, speaks, log)
        except BaseException:
            self._guard.let_go()
            raise
        itself = processes.process(self._process.pid)
        self._known = {itself} if itself else set[Process]()
        self._spared = spared
        read = _reads(self._process.stdout) if log is None else self._tail(log)
        text = exact if speaks else None
        self.output = Output(read, hear, longest, flood, clock, text)
        self.errors = Output(_reads(self._process.stderr)) if speaks else self.output

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative where a signal ended it."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """Its exit code, once it has ended; None where it has not by then."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.poll()

    @property
    def family(self) -> set[Process]:
        """Its processes: itself, what it has started, and theirs.

        Also where whoever started them has ended: they have our mark in their environment.
        """
        self._known |= {*processes.children(self.pid), *guard.marked(self._mark)}
        spared = self._spared()
        return {
            each
            for each in self._known
            if each.pid not in spared and processes.same(each) and not guard.is_gateway(each)
        }

    def tell(self, data: bytes) -> None:
        """To its input; waits until it has taken all of it. Raises OSError where it does not."""
        assert self._process.stdin is not None
        with self._telling:
            while data:
                data = data[self._process.stdin.write(data) :]

    def end(self, patience: float = PATIENCE, input_patience: float = PATIENCE) -> Ended:
        """Ends it and all of its processes: asks first, waits, then makes them. Only once.

        One that speaks is asked first by the end of its input, for `input_patience` seconds.
        """
        if self._ended is None:
            self._ended = self._end(patience, input_patience)
            self.let_go()
        return self._ended

    def let_go(self) -> None:
        """From now on a `kill -9` of this process is not its end."""
        self._guard.let_go()

    def _end(self, patience: float, input_patience: float) -> Ended:
        family, was_over = self.family, self.exit_code is not None
        how: How = "by itself" if was_over else "politely"
        if is_asked := self._close_input():
            was_over = was_over or self.wait(input_patience) is not None
        if not was_over and sys.platform == "win32":
            with suppress(OSError):  # no console of ours, or it has ended
                self._process.send_signal(signal.CTRL_BREAK_EVENT)
            is_asked = self.wait(patience) is not None
        family |= self.family
        endings = _ended(family, patience)
        endings += _ended(self.family - family, patience)  # in its exec a process has no mark yet
        self.wait(JOIN_SECONDS)
        self._close_input()
        if not is_asked and any(
            each.pid == self.pid and each.how == "gone already" for each in endings
        ):
            how = "by itself"  # a moment before it would have been asked
        left = tuple(each.pid for each in endings if each.how == "not ended" and each.pid)
        if any(each.how == "firmly" for each in endings):
            how = "firmly"
        self._close()
        return Ended("not ended" if left else how, self._process.poll(), left)

    def _close_input(self) -> bool:
        """Whether it has one that could be closed: not while somebody waits for it to read."""
        if self._process.stdin is None or not self._telling.acquire(blocking=False):
            return False
        with suppress(OSError):
            self._process.stdin.close()
        self._telling.release()
        return True

    def _close(self) -> None:
        """What it printed is read to its end, unless somebody else holds its pipe."""
        self._stop.set()
        for output, pipe in {
            self.output: self._process.stdout,
            self.errors: self._process.stderr or self._process.stdout,
        }.items():
            if output.join(JOIN_SECONDS) and pipe is not None:
                pipe.close()

    def _tail(self, log: Path) -> Callable[[], bytes]:
        file = log.open("rb")

        def read() -> bytes:
            while not (data := file.read(CHUNK)):
                if self._stop.is_set() or self._process.poll() is not None:
                    data = b"" if self._stop.is_set() else file.read(CHUNK)
                    break
                self._stop.wait(TAIL_SECONDS)
            if not data:
                file.close()
            return data

        return read


def _started(
    words: Sequence[str],
    environment: Mapping[str, str],
    folder: Path | None,
    speaks: bool,
    log: Path | None,
) -> subprocess.Popen[bytes]:
    found = shutil.which(words[0]) or words[0]  # Windows looks for *.exe alone
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    stdout: IO[bytes] | int = subprocess.PIPE if log is None else _private(log)
    try:
        return subprocess.Popen(
            [found, *words[1:]],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE if speaks else subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE if speaks else subprocess.STDOUT,
            bufsize=0,
            **options,
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CannotStart(f"it cannot be started: {shortened(words[0], 100)}: {why}") from None
    finally:
        if not isinstance(stdout, int):
            stdout.close()


def _private(log: Path) -> IO[bytes]:
    """A new file that nobody else may read. Raises CannotStart."""
    try:
        return files.private(log)
    except OSError as error:
        raise CannotStart(f"its log cannot be written: {log}: {error.strerror}") from None


def _reads(pipe: IO[bytes] | None) -> Callable[[], bytes]:
    assert pipe is not None
    return lambda: os.read(pipe.fileno(), CHUNK)


def _ended(family: set[Process], patience: float) -> list[ending.Ending]:
    return ending.end(sorted(family, key=lambda each: each.pid), patience)
