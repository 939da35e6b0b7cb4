"""A figure from run to run as a small plot. A run without it is a gap."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from golive.reports import wording
from golive.reports.index_rows import Row

LONGEST = 120
"""How many runs are shown, the newest."""

FEWEST = 3
"""Figures: fewer are no trend."""

FAR = 12.0
"""A budget so many times above all figures is not drawn: they would be a flat line."""

WIDTH, HEIGHT, MARGIN = 480.0, 110.0, 8.0
"""Of a plot, in its own units; the margin is on all sides."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A run in the plot. `y` is at its foot where `figure` is None."""

    x: float
    y: float
    figure: float | None
    run_id: str
    standing: str
    words: str


@dataclass(frozen=True, slots=True)
class Plot:
    """`lines` are SVG paths, each through runs that follow each other without a gap.

    `limit` is the height of the budget, None where there is none or it is far above all figures.
    `top`, `budget`, `first` and `last` label the axes: the largest figure, the budget, two days.
    """

    name: str
    marks: list[Mark]
    lines: list[str]
    limit: float | None
    words: str
    top: str
    budget: str
    first: str
    last: str
    width: float = WIDTH
    height: float = HEIGHT
    foot: float = HEIGHT - MARGIN


def handshakes(rows: list[Row]) -> Plot | None:
    """Rows of one target, newest first. None where too few runs have a figure."""
    budget = next((row.budget_ms for row in rows if row.budget_ms), None)
    return _plot("Handshake", rows, lambda row: row.handshake_ms, wording.milliseconds, budget)


def durations(rows: list[Row]) -> Plot | None:
    return _plot("Duration of the run", rows, lambda row: row.seconds, wording.duration)


def _plot(
    name: str,
    rows: list[Row],
    figure_of: Callable[[Row], float | None],
    told: Callable[[float], str],
    budget: float | None = None,
) -> Plot | None:
    shown = rows[:LONGEST][::-1]
    figures = [figure_of(row) for row in shown]
    there = [each for each in figures if each is not None]
    if len(there) < FEWEST:
        return None
    is_near = budget is not None and max(there) > budget / FAR
    top = max(*there, budget or 0) if is_near else max(there)
    across = (WIDTH - 2 * MARGIN) / max(len(shown) - 1, 1)
    marks = [
        Mark(
            x=round(MARGIN + number * across, 1),
            y=_height(figure or 0, top),
            figure=figure,
            run_id=row.run_id,
            standing=row.standing,
            words=f"{row.day}: {'none' if figure is None else told(figure)}, {row.standing}",
        )
        for number, (row, figure) in enumerate(zip(shown, figures, strict=True))
    ]
    limit = _height(budget, top) if budget is not None and is_near else None
    return Plot(
        name,
        marks,
        _lines(marks),
        limit,
        _words(figures, told, budget),
        top=told(top),
        budget="" if budget is None else told(budget),
        first=shown[0].day,
        last=shown[-1].day,
    )


def _height(figure: float, top: float) -> float:
    return round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * figure / (top or 1), 1)


def _lines(marks: list[Mark]) -> list[str]:
    stretches: list[list[Mark]] = [[]]
    for mark in marks:
        if mark.figure is None:
            stretches.append([])
        else:
            stretches[-1].append(mark)
    return [
        "M" + "L".join(f"{mark.x} {mark.y}" for mark in stretch)
        for stretch in stretches
        if len(stretch) > 1
    ]


def _words(figures: list[float | None], told: Callable[[float], str], budget: float | None) -> str:
    there = [each for each in figures if each is not None]
    last = "none" if figures[-1] is None else told(figures[-1])
    said = [
        f"last {last}",
        f"median {told(statistics.median(there))}",
        f"slowest {told(max(there))}",
        wording.counted(len(figures), "run"),
    ]
    if len(there) < len(figures):
        said.append(f"{len(figures) - len(there)} without")
    if budget is not None:
        said.append(f"budget {told(budget)}")
    return ", ".join(said)
