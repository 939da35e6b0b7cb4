"""Rounds of one measurement with every client, interleaved, so that noise hits them all alike."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec

from benchmarks import measure
from benchmarks.client import Client, Lost, Ours, RawSocket
from benchmarks.measure import Sample
from benchmarks.official import Official

OURS, RAW, OFFICIAL, IB_ASYNC = "ours", "raw socket", "official", "ib_async"
GET_IB_ASYNC = "ib_async is not installed and left out; to have it: pip install -e '.[benchmarks]'"

HEADS = ("client", "ms", "ours / it", "own ms", "ours / it", "aim")

_client_ids = itertools.count(1)
"""A new one for each connection: a gateway may see the last one leave only later."""


@dataclass(slots=True)
class Rounds:
    """What one client's rounds gave."""

    samples: list[Sample] = field(default_factory=list)
    lost: int = 0

    @property
    def median(self) -> Sample | None:
        return measure.median(self.samples) if self.samples else None


def clients() -> dict[str, Callable[[], Client]]:
    """Those installed here, ours first."""
    found: dict[str, Callable[[], Client]] = {OURS: Ours, RAW: RawSocket, OFFICIAL: Official}
    if find_spec("ib_async"):
        from benchmarks.asynchronous import IbAsync

        found[IB_ASYNC] = IbAsync
    return found


def interleaved(rounds: int, once: Callable[[Client, int], Sample]) -> dict[str, Rounds]:
    """`once` with a new client and a new client id each time. The first round is not counted."""
    found = {name: Rounds() for name in clients()}
    for number in range(rounds + 1):
        for name, make in clients().items():
            kept = found[name] if number else Rounds()
            client = make()
            try:
                kept.samples.append(once(client, next(_client_ids)))
            except Lost:
                kept.lost += 1
            finally:
                client.close()
    return found


def rows(found: dict[str, Rounds], aims: dict[str, str]) -> list[list[str]]:
    """One line for each client, beside ours."""
    ours = found[OURS].median
    return [_row(name, each, ours, aims.get(name, "")) for name, each in found.items()]


def _row(name: str, rounds: Rounds, ours: Sample | None, aim: str) -> list[str]:
    lost = f" ({rounds.lost} lost)" if rounds.lost else ""
    its = rounds.median
    if its is None:
        return [name + lost, "lost", "-", "-", "-", aim]
    times = [measure.milliseconds(its.wall_ms), "-", measure.milliseconds(its.cpu_ms), "-"]
    if ours is not None and name != OURS:
        times[1] = measure.ratio(ours.wall_ms, its.wall_ms)
        times[3] = measure.ratio(ours.cpu_ms, its.cpu_ms)
    return [name + lost, *times, aim]
