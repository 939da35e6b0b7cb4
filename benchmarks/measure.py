"""Samples and their medians: wall time, and processor time of this process, in milliseconds.

The processor time is a client's own work. The wall time also holds what the fake gateway takes to
answer, which is the same for every client and pulls every ratio towards 1.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """Milliseconds. `cpu_ms` counts every thread of this process."""

    wall_ms: float
    cpu_ms: float


class Stopwatch:
    """Runs from the moment it is made; the garbage of others is collected before."""

    def __init__(self) -> None:
        gc.collect()
        self._cpu, self._wall = time.process_time_ns(), time.perf_counter_ns()

    def read(self) -> Sample:
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        return Sample((wall - self._wall) / 1e6, (cpu - self._cpu) / 1e6)


def timed(action: Callable[[], object]) -> Sample:
    """One call."""
    watch = Stopwatch()
    action()
    return watch.read()


def median(samples: Sequence[Sample]) -> Sample:
    """The median of each time. Raises statistics.StatisticsError where there are no samples."""
    return Sample(
        statistics.median(each.wall_ms for each in samples),
        statistics.median(each.cpu_ms for each in samples),
    )


def milliseconds(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def ratio(ours: float, other: float) -> str:
    """Ours divided by the other's: below 1, ours is faster."""
    return f"{ours / other:.2f}" if other > 0 else "-"


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Plain text under a title; the first and the last column flush left, the others right."""
    lines = [heads, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join([title, *(_line(line, widths) for line in lines)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    middle = zip(cells[1:-1], widths[1:-1], strict=True)
    numbers = [cell.rjust(width) for cell, width in middle]
    return "  ".join(["", cells[0].ljust(widths[0]), *numbers, cells[-1]]).rstrip()
