"""Of which gateway a log's lines are: two on one machine write into one `launcher.log`.

A gateway's log begins with its start, and nothing in the lines behind that says whose they are. So
lines count up to the next start, where theirs fits the process that is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from golive.machine.on_disk.log_lines import Line

EARLIER = timedelta(seconds=2)
"""A line may seem older than its process by so much: the two clocks are read apart."""
LATER = timedelta(minutes=2)
"""How long a program may take from the start of its process to its log's first line."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The gateway that is meant: since when its process has been up, None where that is not told.

    `others` are the same of gateways that listen on other ports.
    """

    started: datetime | None = None
    others: tuple[datetime, ...] = ()

    def of(self, lines: Iterable[Line], is_start: Callable[[str], object]) -> Iterator[Line]:
        """Those lines of one log, in its order, that can be of this gateway."""
        is_ours = True
        for line in lines:
            if is_start(line.text):
                is_ours = self._began(line.at)
            if is_ours and not self._is_of_an_earlier_process(line.at):
                yield line

    def _began(self, at: datetime) -> bool:
        if self.started is not None:
            return _fits(at, self.started)
        return not any(_fits(at, each) for each in self.others)

    def _is_of_an_earlier_process(self, at: datetime) -> bool:
        return self.started is not None and at < self.started - EARLIER


def _fits(at: datetime, started: datetime) -> bool:
    return started - EARLIER <= at <= started + LATER
