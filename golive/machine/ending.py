"""Ends processes: asks first, then kills, and never touches another process with the same pid."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import psutil

from golive.kit.clock import SYSTEM, Clock
from golive.machine import processes
from golive.machine.processes import Process

PATIENCE = 5.0
"""Seconds that all of them have to end when asked, and half of that when killed."""

LOOK_SECONDS = 0.05

How = Literal["gone already", "politely", "firmly", "not ended"]
Runner = Callable[[list[str]], object]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended, or why it did not."""

    pid: int | None
    name: str
    how: How
    why: str = ""


def end(
    found: Sequence[Process],
    patience: float = PATIENCE,
    clock: Clock = SYSTEM,
    platform: str = sys.platform,
    run: Runner | None = None,
) -> list[Ending]:
    """Ends all of them at once, however many, within one and a half times `patience` seconds.

    Asked to is SIGTERM; on Windows it is `taskkill` without /F, which closes windows, and `run`
    runs it. A process is touched only while its pid and its start are the ones that were found.
    """
    refused: dict[Process, str] = {}
    at_first = [each for each in found if processes.same(each)]
    if platform == "win32":
        _close_windows(at_first, run or _run)
    else:
        _each(at_first, psutil.Process.terminate, refused)
    at_second = _wait([each for each in at_first if each not in refused], patience, clock)
    _each(at_second, psutil.Process.kill, refused)
    for each in _wait([each for each in at_second if each not in refused], patience / 2, clock):
        refused[each] = "it is still running although it was killed"

    def how(each: Process) -> How:
        if each in refused:
            return "not ended"
        if each in at_second:
            return "firmly"
        return "politely" if each in at_first else "gone already"

    return [Ending(each.pid, each.name, how(each), refused.get(each, "")) for each in found]


def _each(
    asked: Sequence[Process], act: Callable[[psutil.Process], None], refused: dict[Process, str]
) -> None:
    for each in asked:
        if (hold := processes.same(each)) is None:
            continue
        try:
            act(hold)  # psutil compares pid and start once more
        except psutil.AccessDenied:
            refused[each] = "it belongs to another user, so this user may not end it"
        except psutil.Error:
            continue  # it has ended in between


def _wait(asked: Sequence[Process], seconds: float, clock: Clock) -> list[Process]:
    """Waits until they have ended; gives those that have not."""
    deadline = clock.monotonic() + seconds
    while True:
        left = [each for each in asked if processes.same(each)]
        if not left or clock.monotonic() >= deadline:
            return left
        clock.sleep(LOOK_SECONDS)


def _close_windows(asked: Sequence[Process], run: Runner) -> None:
    """What has no window refuses, which its exit code says of all of them together."""
    pids = [word for each in asked for word in ("/PID", str(each.pid))]
    if pids:
        run(["taskkill", *pids])


def _run(command: list[str]) -> None:
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
