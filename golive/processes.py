"""Facts about processes. A process is its pid and its start time: a pid alone may be reused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PureWindowsPath

import psutil


@dataclass(frozen=True, slots=True)
class Process:
    """A process that was there when asked. Command lines are left out: they may hold secrets."""

    pid: int
    name: str
    started: datetime


def process(pid: int) -> Process | None:
    """The process of a pid; None where it has gone or its start is not told to this user."""
    try:
        found = psutil.Process(pid)
        return Process(pid, found.name(), _utc(found.create_time()))
    except psutil.Error:
        return None


def named(names: Iterable[str]) -> list[Process]:
    """The running processes of these program names, in any case, with or without `.exe`."""
    wanted = {program(name) for name in names}
    return [
        Process(each.pid, each.info["name"], _utc(each.info["create_time"]))
        for each in psutil.process_iter(["name", "create_time"])
        if each.info["name"] and program(each.info["name"]) in wanted
    ]


def program(name: str) -> str:
    """A program's bare name, from its name or path on any platform: `C:\\x\\Dotnet.exe`, dotnet."""
    return PureWindowsPath(name.strip()).name.casefold().removesuffix(".exe")


def _utc(timestamp: float | None) -> datetime:
    return datetime.fromtimestamp(timestamp or 0, UTC)
