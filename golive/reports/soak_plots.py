"""The soak for a reader: its figures in words, latency and memory over time as plots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from golive.evidence.record import Soak
from golive.reports import wording

WIDTH, HEIGHT, MARGIN = 480.0, 90.0, 8.0
"""Of a plot, in its own units; the margin is on all sides."""

MOST_NOTICES = 12
MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Line:
    """`path` is an SVG path, with a gap where there is no figure; `kind` its class."""

    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Plot:
    """`span` is what the whole width stands for, `top` and `foot` what the height does, in words.

    `ended` is where a soak broke off, `zero` where the axis crosses; None: no such place.
    """

    name: str
    words: str
    span: str
    top: str
    foot: str
    lines: tuple[Line, ...]
    ended: float | None
    zero: float | None = None
    width: float = WIDTH
    height: float = HEIGHT


LONG_ENOUGH = 600.0
"""Seconds from which the latency has a trend: with few heartbeats it would be chance."""


@dataclass(frozen=True, slots=True)
class Shown:
    """`figures` are pairs of a name and its value in words."""

    figures: tuple[tuple[str, str], ...]
    plots: tuple[Plot, ...]
    notices: tuple[str, ...]


def of(soak: Soak | None) -> Shown | None:
    """None where no connection was held."""
    if soak is None:
        return None
    plots = tuple(plot for plot in (_latency(soak), _memory(soak)) if plot is not None)
    return Shown(tuple(_figures(soak)), plots, tuple(soak.notices[:MOST_NOTICES]))


def _figures(soak: Soak) -> Iterator[tuple[str, str]]:
    held = f"{wording.span(soak.seconds)} of {wording.span(soak.wanted)}"
    yield "held", f"{held}; ended early: {soak.stopped}" if soak.code else held
    yield "heartbeats", f"{soak.answers:,} of {soak.heartbeats:,} answered"
    yield "latency", _percentiles(soak)
    yield "zombies", _zombies(soak)
    queue = soak.longest_accept_queue
    waiting = f"at most {queue:,} waiting" if queue else "empty every time"
    yield "accept queue", "not observed" if queue is None else waiting
    yield "this run", _grown(soak, "own")
    yield "the gateway", _grown(soak, "gateway")
    flaps = wording.counted(soak.farm_flaps, "time")
    yield "data farms", f"lost and recovered {flaps}" if soak.farm_flaps else "none lost"
    yield "positions", _drift(soak)


def _percentiles(soak: Soak) -> str:
    named = {"p50": soak.p50_ms, "p95": soak.p95_ms, "p99": soak.p99_ms, "slowest": soak.max_ms}
    told = [f"{name} {wording.milliseconds(ms)}" for name, ms in named.items() if ms is not None]
    slope = soak.slope_ms_per_hour if soak.seconds >= LONG_ENOUGH else None
    tends = [] if slope is None else [f"trend {slope:+.3g} ms per hour"]
    return "; ".join([", ".join(told), *tends]) if told else "no answer"


def _zombies(soak: Soak) -> str:
    most = soak.most_zombies
    told = "not observed" if most is None else f"at most {most:,} at once" if most else "none"
    looks = wording.counted(soak.unseen, "look")
    return f"{told}; not observed at {looks}" if soak.unseen else told


def _grown(soak: Soak, whose: str) -> str:
    """`memory 61.2 MiB (+0.1), threads 3 (+0), handles 17 (+0)`."""
    names = ("memory", "threads", "handles")
    return ", ".join(filter(None, (_growth(soak, whose, name) for name in names))) or "not observed"


def _growth(soak: Soak, whose: str, name: str) -> str:
    there = [
        each for sample in soak.samples if (each := getattr(sample, f"{whose}_{name}")) is not None
    ]
    if not there:
        return ""
    first, last = there[0], there[-1]
    if name == "memory":
        return f"{name} {last / MEBIBYTE:,.1f} MiB ({(last - first) / MEBIBYTE:+,.1f})"
    return f"{name} {last:,} ({last - first:+,})"


def _drift(soak: Soak) -> str:
    if soak.position_drift is None:
        return "not requested again"
    changed = len(soak.position_drift)
    return f"{wording.counted(changed, 'contract')} changed" if changed else "the same"


def _latency(soak: Soak) -> Plot | None:
    there = {each.seconds: each.answer_ms for each in soak.samples if each.answer_ms is not None}
    if not there:
        return None
    top = max(there.values())
    lines = (Line("line", _path(soak, there, 0.0, top)),)
    told = f"up to {wording.milliseconds(top)}; {wording.counted(len(there), 'sample')}"
    whole, high = wording.span(soak.wanted), wording.milliseconds(top)
    return Plot("Latency of each heartbeat", told, whole, high, "0 ms", lines, _ended(soak))


def _memory(soak: Soak) -> Plot | None:
    """As the change since the first look: the sizes differ too much for one axis."""
    series = [
        (kind, whose, _since_the_first(soak, what))
        for kind, whose, what in (
            ("line", "the gateway", "gateway_memory"),
            ("line own", "this run (dashed)", "own_memory"),
        )
    ]
    there = [each for _, _, figures in series for each in figures.values()]
    if not there:
        return None
    low, high = min(0.0, *there), max(0.0, *there)
    high = high if high - low >= MEBIBYTE else low + MEBIBYTE  # no mountain of a molehill
    lines = tuple(Line(kind, _path(soak, figures, low, high)) for kind, _, figures in series)
    told = ", ".join(
        f"{whose} {list(figures.values())[-1] / MEBIBYTE:+,.1f} MiB"
        for _, whose, figures in series
        if figures
    )
    whole, zero = wording.span(soak.wanted), _y(0.0, low, high)
    top, foot = (f"{each / MEBIBYTE:+,.1f} MiB" if each else "0 MiB" for each in (high, low))
    return Plot("Memory since the start", told, whole, top, foot, lines, _ended(soak), zero)


def _since_the_first(soak: Soak, what: str) -> dict[float, float]:
    """Bytes by the second of the look."""
    sizes = {each.seconds: getattr(each, what) for each in soak.samples}
    there = {at: size for at, size in sizes.items() if size is not None}
    first = next(iter(there.values()), 0)
    return {at: float(size - first) for at, size in there.items()}


def _path(soak: Soak, figures: dict[float, float], low: float, high: float) -> str:
    """By the second of each look; a look without a figure is a gap."""
    parts, pen = [], "M"
    for each in soak.samples:
        figure = figures.get(each.seconds)
        if figure is not None:
            parts.append(f"{pen}{_x(soak, each.seconds)} {_y(figure, low, high)}")
        pen = "M" if figure is None else "L"
    return "".join(parts)


def _x(soak: Soak, seconds: float) -> float:
    whole = max(soak.wanted, soak.seconds, 1e-9)
    return round(MARGIN + (WIDTH - 2 * MARGIN) * min(max(seconds / whole, 0.0), 1.0), 1)


def _y(figure: float, low: float, high: float) -> float:
    return round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (figure - low) / ((high - low) or 1), 1)


def _ended(soak: Soak) -> float | None:
    return _x(soak, soak.seconds) if soak.code else None
