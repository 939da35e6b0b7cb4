"""The run as a picture: every step on a time line, a lane for each stage.

Places and widths are percentages of the picture's width, so that it fits any page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from golive.evidence.record import StepRecord

CUT = 30.0
"""Width of a step that takes most of the run. It is drawn shorter than it was."""

ABSENT = 22.0
"""Width of the place for steps that were not run."""

THINNEST = 0.5
APART = 18.0
"""Width between the last tick and the end, so that their labels do not meet on a narrow page."""
MOST_TICKS = 4


@dataclass(frozen=True, slots=True)
class Block:
    """A step. `waited` is the width of the part in which it waited for the gateway."""

    number: int
    record: StepRecord
    left: float
    width: float
    waited: float = 0.0
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    stage: str
    blocks: tuple[Block, ...]
    absent: tuple[Block, ...]
    """Steps that were not run: they have no time, and are drawn after the end."""


@dataclass(frozen=True, slots=True)
class TimeLine:
    """`end` is where the run ended; `ticks` are places and the seconds they stand for."""

    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, float], ...]
    end: float
    seconds: float
    is_cut: bool

    @property
    def legend(self) -> list[tuple[str, str]]:
        """The kinds of blocks that occur, with what they mean."""
        blocks = [block for lane in self.lanes for block in lane.blocks]
        outcomes = {block.record.outcome for block in blocks}
        kinds = {
            "passed": (bool(outcomes - {"failed"}), "check"),
            "failed": ("failed" in outcomes, "failed check"),
            "waited": (any(block.waited for block in blocks), "waiting for the gateway"),
            "cut": (self.is_cut, "drawn shorter than it was"),
            "absent": (any(lane.absent for lane in self.lanes), "not run"),
        }
        return [(kind, told) for kind, (is_there, told) in kinds.items() if is_there]


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds to places. The part between `cut` has a fixed width."""

    seconds: float
    width: float
    cut: tuple[float, float] | None

    def __call__(self, at: float) -> float:
        if self.cut is None:
            return self.width * at / self.seconds
        first, last = self.cut
        each = (self.width - CUT) / max(self.seconds - (last - first), 1e-9)
        if at <= first:
            return each * at
        if at < last:
            return each * first + CUT * (at - first) / (last - first)
        return each * (first + at - last) + CUT


def of(steps: list[StepRecord]) -> TimeLine | None:
    """None where no step has a time."""
    timed = [each for each in steps if _is_timed(each)]
    seconds = max((_end(each) for each in timed), default=0.0)
    if not seconds:
        return None
    longest = max(timed, key=lambda each: each.seconds)
    is_cut = longest.seconds > seconds / 2
    width = 100.0 if len(timed) == len(steps) else 100.0 - ABSENT
    cut = (longest.began or 0.0, _end(longest)) if is_cut else None
    scale = Scale(seconds, width, cut)
    return TimeLine(tuple(_lanes(steps, scale)), tuple(_ticks(scale)), width, seconds, is_cut)


def _is_timed(record: StepRecord) -> bool:
    times = (record.began, record.seconds)
    return all(each is not None and 0 <= each < 1e9 for each in times)


def _end(record: StepRecord) -> float:
    return (record.began or 0.0) + record.seconds


def _lanes(steps: list[StepRecord], scale: Scale) -> Iterator[Lane]:
    numbered = list(enumerate(steps, start=1))
    for stage in dict.fromkeys(each.stage for each in steps):
        own = [(number, each) for number, each in numbered if each.stage == stage]
        blocks = [_block(number, each, scale) for number, each in own if _is_timed(each)]
        absent = [(number, each) for number, each in own if not _is_timed(each)]
        yield Lane(stage, tuple(blocks), tuple(_absent(absent, scale)))


def _block(number: int, record: StepRecord, scale: Scale) -> Block:
    began, end = record.began or 0.0, _end(record)
    left = scale(began)
    width = max(scale(end) - left, THINNEST)
    waited = record.observed.get("waited_seconds")
    share = waited / record.seconds if isinstance(waited, int | float) and record.seconds else 0.0
    is_cut = scale.cut == (began, end)
    return Block(number, record, left, width, width * min(max(share, 0.0), 1.0), is_cut)


def _absent(records: list[tuple[int, StepRecord]], scale: Scale) -> Iterator[Block]:
    """As squares side by side; they are made smaller where they are many."""
    each = min(2.4, (100.0 - scale.width - 1.6) / max(len(records), 1))
    for place, (number, record) in enumerate(records):
        yield Block(number, record, scale.width + 1.6 + each * place, each * 0.75)


def _ticks(scale: Scale) -> Iterator[tuple[float, float]]:
    """Round seconds, and the end; none in what is drawn shorter than it is."""
    first, last = scale.cut or (scale.seconds, scale.seconds)
    apart = _round((scale.seconds - (last - first)) / MOST_TICKS)
    yield 0.0, 0.0
    for at in (apart * number for number in range(1, MOST_TICKS * 2)):
        if at <= first and scale(first) - scale(at) > 8 and scale.width - scale(at) > APART:
            yield scale(at), at
    if scale.cut and first > 0 and scale(first) > 8:
        yield scale(first), first
    if scale.cut and scale.width - scale(last) > APART:
        yield scale(last), last
    yield scale.width, scale.seconds


def _round(seconds: float) -> float:
    """The next 1, 2 or 5 of any power of ten."""
    power = 10.0 ** math.floor(math.log10(max(seconds, 1e-9)))
    return next(each * power for each in (1, 2, 5, 10) if each * power >= seconds)
