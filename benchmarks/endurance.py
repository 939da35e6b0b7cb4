"""A soak of ten thousand heartbeats, as quick as they are answered: what it takes, what it leaves.

The fake is told to answer every request for the time. At the five seconds of the settings it would
be fourteen hours.
"""

from __future__ import annotations

from contextlib import suppress

import psutil

from benchmarks import fake, measure
from benchmarks.fake import HOST, Running, running_fake
from golive.client.connection import Connection
from golive.discipline.attempts import Attempts
from golive.evidence.record import Sample, Soak
from golive.machine.gateway import Gateway
from golive.machine.sockets import SocketTable
from golive.run.soak import Soaking

HEARTBEATS = 10_000
EVERY = 0.001
"""Seconds, at which the fake is asked more often than it takes to look around."""

ANSWERS_ALL = ("--time-apart", "0", "--max-messages", "0")
HEADS = ("process", "heartbeats", "answered", "ms median", "CPU ms each", "CPU at 5 s",
         "KiB growth", "/ 1,000", "zombies", "aim")  # fmt: skip


def run(rounds: int | None) -> str:
    beats = rounds or HEARTBEATS
    with running_fake(fake.loops()[-1], *ANSWERS_ALL) as found:
        rows = _rows(found, beats)
    title = f"endurance: one connection held for {beats:,} heartbeats, a look around at each"
    return measure.table(title, HEADS, rows)


def _rows(found: Running, beats: int) -> list[list[str]]:
    ours, theirs = psutil.Process(), psutil.Process(found.pid)
    connection = Connection(HOST, found.port, 10, Attempts())
    connection.open(5)
    before = [_busy(each) for each in (ours, theirs)]
    try:
        soak = _soaked(connection, found.port, beats)
    finally:
        connection.close()
    busy = [_busy(each) - was for each, was in zip((ours, theirs), before, strict=True)]
    left = len(Gateway(found.port, SocketTable()).zombies)
    return [
        _row("this one", soak, busy[0], "own_memory", f"{left}, no zombie, no unbounded growth"),
        _row("fake", soak, busy[1], "gateway_memory", ""),
    ]


class _Enough(Exception):
    """So many heartbeats were answered."""


def _soaked(connection: Connection, port: int, beats: int) -> Soak:
    looks = 0

    def looked(sample: Sample) -> None:
        nonlocal looks
        looks += 1
        if looks > beats:
            raise _Enough

    soak = Soaking(connection, Gateway(port, SocketTable()), wanted=1e6, every=EVERY, looked=looked)
    with suppress(_Enough):
        soak.perform()
    return soak.figures


def _busy(process: psutil.Process) -> float:
    """Seconds of processor time so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _row(name: str, soak: Soak, busy: float, memory: str, aim: str) -> list[str]:
    """Growth is that of the second half: until then a process still takes what it needs anyway."""
    sizes = [size for each in soak.samples if (size := getattr(each, memory)) is not None]
    first, last = sizes[len(sizes) // 2], sizes[-1]
    growth = (last - first) / 1024
    cpu = busy / (soak.answers or 1)
    each = growth / (soak.answers / 2 / 1000) if soak.answers else 0.0
    median = "-" if soak.p50_ms is None else measure.milliseconds(soak.p50_ms)
    zombies = "?" if soak.most_zombies is None else str(soak.most_zombies)
    return [
        name, f"{soak.heartbeats:,}", f"{soak.answers:,}", median, f"{1000 * cpu:.2f}",
        f"{cpu / 5:.2%}", f"{growth:,.0f}", f"{each:.1f}", zombies, aim,
    ]  # fmt: skip
