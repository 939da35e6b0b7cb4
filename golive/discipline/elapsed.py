"""How long ago something was remembered, however the clock has been set since.

Beside its time each entry has the seconds since the boot, and which boot that was: Linux and macOS
tell the boot by an id, Windows by a number. What has neither goes by the clock.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

from golive.discipline.journal import ALIVE, LOOKED, Entry
from golive.kit.clock import Clock

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PREFETCH = r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"
ZERO = timedelta(0)


class Moment(NamedTuple):
    """Now: by the clock, and since the boot. `boot` is "" where that is not told."""

    time: datetime
    boot: str = ""
    uptime: float | None = None


def now(clock: Clock) -> Moment:
    return Moment(clock.now(), *since_boot(clock))


def since_boot(clock: Clock) -> tuple[str, float | None]:
    """Which boot, and the seconds since; the clock's monotonic time is the whole machine's."""
    boot = boot_name()
    return (boot, clock.monotonic()) if boot else ("", None)


@cache
def boot_name() -> str:
    """What this boot of the machine has, and no other one; "" where that is not told."""
    try:
        if sys.platform == "win32":
            return _of_windows()
        if sys.platform == "darwin":
            return _of_macos()
        return BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _of_windows() -> str:
    if sys.platform != "win32":
        return ""
    import winreg

    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, PREFETCH) as key:
        return str(winreg.QueryValueEx(key, "BootId")[0])


def _of_macos() -> str:
    text, size = ctypes.create_string_buffer(64), ctypes.c_size_t(64)
    ask = ctypes.CDLL(None, use_errno=True).sysctlbyname
    if ask(b"kern.bootsessionuuid", text, ctypes.byref(size), None, ctypes.c_size_t(0)):
        return ""
    return text.value.decode("ascii")


def as_of(entries: Iterable[Entry], moment: Moment) -> list[Entry]:
    """The entries, each with the time that the clock would have shown as it is set now.

    What is not known, since it lies ahead of a clock that was set back, is as old as what was
    written after it at the least; it is not `is_dated`.
    """
    found: list[Entry] = []
    least: timedelta | None = None
    for each in reversed(list(entries)):
        age = _age(each, moment)
        time = each.time if age is None and least is None else moment.time - (age or least or ZERO)
        dated = {"time": time, "written": each.time, "is_dated": age is not None}
        found.append(each.model_copy(update=dated))
        if age is not None and (each.outcome == LOOKED or (each.boot and each.outcome != ALIVE)):
            least = max(age, least or ZERO)
    return found[::-1]


def _age(entry: Entry, moment: Moment) -> timedelta | None:
    """None if unknown."""
    by_clock = moment.time - entry.time
    if entry.boot == moment.boot and entry.uptime is not None and moment.uptime is not None:
        since = timedelta(seconds=moment.uptime - entry.uptime)
        if since >= ZERO:
            return since
    return by_clock if by_clock >= ZERO else None
