"""Facts about processes. A process is its pid and its start time: a pid alone may be reused."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

import psutil

from golive.kit import masking


@dataclass(frozen=True, slots=True)
class Process:
    """A process that was there when asked. Its name is no part of it: that changes with an exec."""

    pid: int
    name: str = field(compare=False)
    started: datetime


def process(pid: int) -> Process | None:
    """The process of a pid; None where it has gone or its start is not told to this user."""
    try:
        hold = psutil.Process(pid)
        return Process(pid, hold.name(), _started(hold))
    except psutil.Error:
        return None


def mark(pid: int) -> str:
    """By what other programs know the process of a pid again, though the clock is set meanwhile.

    On Linux the boot, and the start in clock ticks since then (proc(5)). "" where that is not told,
    and elsewhere: there the start is kept as it was when the process began.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return ""
    _, _, after_name = stat.rpartition(b")")
    return f"{boot} {int(after_name.split()[19])}"


def is_same(pid: int, started: datetime, marked: str = "") -> bool:
    """Whether the process of that pid still runs: by its mark, else by its start."""
    found = process(pid)
    if found is None or same(found) is None:
        return False
    if marked and (now := mark(pid)):
        return now == marked
    return abs(found.started - started).total_seconds() < 2


def own() -> Process | None:
    """This one."""
    return process(os.getpid())


def command_line(found: Process, secrets: Iterable[str] = ()) -> str:
    """How it was started, masked; "" where it has gone or may not be read."""
    try:
        hold = same(found)
        words = hold.cmdline() if hold else []
    except (psutil.Error, OSError):
        words = []
    return masking.masked(words, secrets)


def named(names: Iterable[str]) -> list[Process]:
    """The running processes of these programs, told by name or path, in any case.

    One that has ended and whose parent has not noticed (defunct) does not run.
    """
    wanted = {program(name) for name in names}
    return [
        Process(each.pid, each.info["name"], _started_if_told(each))
        for each in psutil.process_iter(["name"])
        if each.info["name"] and program(each.info["name"]) in wanted and is_running(each)
    ]


class Told(NamedTuple):
    """What everybody is told of a process."""

    pid: int
    name: str
    words: tuple[str, ...]
    """Its command line."""


def of_users(users: Collection[int]) -> Iterator[Told]:
    """The running processes of these users, by their numbers; where there are none, none."""
    if not users or sys.platform == "win32":
        return
    for each in psutil.process_iter(["name", "uids", "cmdline"]):
        if (uids := each.info["uids"]) and uids.effective in users and each.info["name"]:
            yield Told(each.pid, each.info["name"], tuple(each.info["cmdline"] or ()))


def parents(pid: int) -> list[Process]:
    """The parent of a process, its parent, and so on; as far as they are told to this user."""
    return _relatives(pid, psutil.Process.parents)


def children(pid: int) -> list[Process]:
    """The children of a process, and theirs; as far as they are told to this user."""
    return _relatives(pid, lambda hold: hold.children(recursive=True))


def _relatives(pid: int, of: Callable[[psutil.Process], list[psutil.Process]]) -> list[Process]:
    try:
        found = of(psutil.Process(pid))
    except psutil.Error:
        return []
    return [told for each in found if (told := process(each.pid))]


def program(name: str) -> str:
    """A program's bare name, from its name or path on any platform: `C:\\x\\Dotnet.exe`, dotnet."""
    return PureWindowsPath(name.strip()).name.casefold().removesuffix(".exe")


class Load(NamedTuple):
    """What a process takes of its machine; None is what is not told to this user.

    `memory` is what of it is in use by the process, resident, in bytes; `handles` are open files,
    or on Windows handles.
    """

    memory: int | None = None
    threads: int | None = None
    handles: int | None = None


def load(found: Process | None) -> Load:
    """Of this very process, now; of one that has ended, nothing is known."""
    hold = same(found) if found else None
    if hold is None:
        return Load()
    count = getattr(hold, "num_handles" if sys.platform == "win32" else "num_fds")
    return Load(
        _if_told(lambda: int(hold.memory_info().rss)),
        _if_told(hold.num_threads),
        _if_told(count),
    )


def _if_told(ask: Callable[[], int]) -> int | None:
    try:
        return ask()
    except (psutil.Error, OSError):
        return None


def same(found: Process) -> psutil.Process | None:
    """A hold on this very process; None where it has ended, or its pid is another's by now."""
    try:
        hold = psutil.Process(found.pid)
        return hold if _started(hold) == found.started and is_running(hold) else None
    except psutil.Error:
        return None


def is_running(hold: psutil.Process) -> bool:
    """Whether it has not ended, defunct or not."""
    try:
        return bool(hold.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


STARTS_FOLLOW_THE_CLOCK = sys.platform == "linux"
"""Whether a start is told by the clock as it is set now, and not by that of when it began."""

_seen: dict[int, tuple[psutil.Process, datetime]] = {}


def _started(hold: psutil.Process) -> datetime:
    """When it started: one answer for one process, though the clock is set in between.

    Linux counts a start from the boot, and the time of the boot moves with the clock, by a second
    now and then under NTP alone: the gateway would seem to be another.
    """
    if sys.platform != "linux":
        return _utc(hold.create_time())
    known = _seen.get(hold.pid)
    if known is None or known[0] != hold:  # psutil compares starts as counted from the boot
        known = _seen[hold.pid] = hold, _utc(hold.create_time())
    return known[1]


def _started_if_told(hold: psutil.Process) -> datetime:
    try:
        return _started(hold)
    except psutil.Error:
        return _utc(0)


def _utc(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
