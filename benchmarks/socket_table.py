"""One look at the socket table, and one at the accept queue."""

from __future__ import annotations

from collections.abc import Callable

import psutil

from benchmarks import measure
from benchmarks.fake import fake_gateway
from golive.machine import sockets
from golive.machine.sockets import SocketTable

ROUNDS = 30
HEADS = ("look", "ms", "/ psutil", "aim")


def run(rounds: int | None) -> str:
    rounds = rounds or ROUNDS
    with fake_gateway(positions=24) as port:
        table = SocketTable()
        looks: dict[str, Callable[[], object]] = {
            "SocketTable().on(port)": lambda: table.on(port),
            "psutil.net_connections alone": lambda: psutil.net_connections(kind="tcp"),
            "accept_queue(port)": lambda: sockets.accept_queue(port),
        }
        found = _interleaved(looks, rounds)
        size = f"{len(table.on(port).sockets)} sockets, {len(psutil.pids())} processes"
    title = f"sockets: {size}, median of {rounds}"
    return measure.table(title, HEADS, _rows(found))


def _interleaved(looks: dict[str, Callable[[], object]], rounds: int) -> dict[str, float | None]:
    """Median milliseconds; None for a fact this platform does not show."""
    found: dict[str, list[measure.Sample]] = {name: [] for name in looks}
    for _ in range(rounds):
        for name, look in looks.items():
            try:
                found[name].append(measure.timed(look))
            except (sockets.NotObservable, sockets.TableRefused, psutil.AccessDenied):
                continue
    return {name: measure.median(s).wall_ms if s else None for name, s in found.items()}


def _rows(found: dict[str, float | None]) -> list[list[str]]:
    alone = found["psutil.net_connections alone"]
    return [
        [name, "not shown", "-", ""]
        if ms is None
        else [name, measure.milliseconds(ms), measure.ratio(ms, alone or 0), ""]
        for name, ms in found.items()
    ]
