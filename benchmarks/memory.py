"""What each connected client costs a server in resident memory."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import psutil

from benchmarks import crowd, fake, measure, scale
from benchmarks.crowd import CLIENTS, CONVERSATION, NO_LIMIT
from benchmarks.fake import Running, running_bare, running_fake

ROUNDS = 3
HEADS = ("server", "KiB at 0", f"KiB at {CLIENTS:,}", "KiB / client", "/ bare", "spread", "aim")

Sizes = tuple[float, float]
"""Resident KiB with nobody connected, and with all."""


def run(rounds: int | None) -> str:
    rounds = rounds or ROUNDS
    scale.allow_open_files(CLIENTS)
    title = f"memory: {CLIENTS:,} clients connected and served, median of {rounds}"
    rows = [row for loop in fake.loops() for row in _rows(loop, _measured(loop, rounds))]
    return measure.table(title, HEADS, rows)


def _measured(loop: str, rounds: int) -> list[tuple[Sizes, Sizes]]:
    """The fake's and the bare server's, in processes that were asked once before."""
    with running_fake(loop, *NO_LIMIT) as ours:
        answers = CONVERSATION.answers(ours.port)
    found = []
    for _ in range(rounds):
        with running_fake(loop, *NO_LIMIT) as ours, running_bare(loop, answers) as bare:
            found.append((_sizes(ours, answers), _sizes(bare, answers)))
    return found


def _sizes(server: Running, answers: Sequence[bytes]) -> Sizes:
    CONVERSATION.seconds(server.port, 0, answers)  # what the first one makes it load is not theirs
    sizes = [_resident(server)]
    crowd.visited(server, answers, lambda: sizes.append(_resident(server)))
    return sizes[0], sizes[1]


def _resident(server: Running) -> float:
    """KiB."""
    return psutil.Process(server.pid).memory_info().rss / 1024


def _rows(loop: str, rounds: Sequence[tuple[Sizes, Sizes]]) -> list[list[str]]:
    fakes, bares = zip(*rounds, strict=True)
    ratio, spread = scale.beside(*([_each(sizes) for sizes in side] for side in (fakes, bares)))
    return [
        [f"fake, {loop}", *_figures(fakes), ratio, spread, ""],
        [f"bare, {loop}", *_figures(bares), "-", "-", ""],
    ]


def _figures(rounds: Sequence[Sizes]) -> list[str]:
    at_0, at_all = (statistics.median(sizes) for sizes in zip(*rounds, strict=True))
    each = statistics.median(_each(sizes) for sizes in rounds)
    return [f"{at_0:,.0f}", f"{at_all:,.0f}", f"{each:.1f}"]


def _each(sizes: Sizes) -> float:
    """KiB for each client."""
    at_0, at_all = sizes
    return (at_all - at_0) / CLIENTS
