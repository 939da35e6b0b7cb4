"""Whether this user sees all processes. One that is not listed may be running all the same."""

from __future__ import annotations

import os
import sys
from pathlib import Path

SHOWN, BY_GROUP = ("0", "off"), ("1", "2", "noaccess", "invisible")
"""Values of the option `hidepid` of /proc: what hides nothing, and what a group is exempt from."""
SYS_PTRACE = 1 << 19
"""The capability to look into every process, as capabilities(7) numbers it."""


def hidden() -> str:
    """Why other users' processes may run without being listed here; "" if all are listed.

    Linux can hide them: /proc mounted with `hidepid` (proc(5)).
    """
    if sys.platform != "linux":
        return ""
    if not os.path.exists("/proc/1"):
        return "other users' processes are hidden from this user"
    if option := _hidepid():
        return f"other users' processes are hidden from this user (/proc has {option})"
    return ""


def _hidepid() -> str:
    """The option of /proc that hides processes from us; "" where none does."""
    if sys.platform == "win32":
        return ""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return "mount options that cannot be read"
    options = [line.split()[-1].split(",") for line in mounts.splitlines() if _is_proc(line)]
    told = dict(each.partition("=")[::2] for each in options[-1]) if options else {}
    mode = told.get("hidepid", "off")
    if mode in SHOWN or _looks_into_all(status):
        return ""
    may = {os.getegid(), *os.getgroups()}
    is_exempt = mode in BY_GROUP and int(told.get("gid", "0")) in may
    return "" if is_exempt else f"hidepid={mode}"


def _is_proc(line: str) -> bool:
    """Of a line of mountinfo: whether /proc is mounted there."""
    words = line.split()
    return words[4] == "/proc" and words[words.index("-") + 1] == "proc"


def _looks_into_all(status: str) -> bool:
    """Whether we have the capability to."""
    effective = next((x.split()[1] for x in status.splitlines() if x.startswith("CapEff:")), "0")
    return bool(int(effective, 16) & SYS_PTRACE)
