"""A hundred callers over one held connection: all at once, beside one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from benchmarks import measure
from benchmarks.fake import HOST
from benchmarks.measure import Sample
from fake_ib_gateway import FakeGateway
from golive.client.connection import Connection
from golive.discipline.attempts import Attempts
from golive.monitor.holding.held import Held
from golive.monitor.holding.requests import Ask

ROUNDS = 3
CALLERS = 100
SECONDS = 60.0
SLICE_SECONDS = 0.25
HEADS = ("callers", "ms", "ms / caller", "own ms", "requests", "/ one by one", "aim")

Perform = Callable[[Held], object]


def run(rounds: int | None) -> str:
    rounds = rounds or ROUNDS
    with FakeGateway(process=True) as gateway, _held(gateway.port) as held:
        found = {
            name: [_once(gateway, held, perform) for _ in range(rounds)]
            for name, perform in (("at once", _at_once), ("one by one", _one_by_one))
        }
    return measure.table(
        f"callers: {CALLERS} ask for 24 positions, median of {rounds}", HEADS, _rows(found)
    )


@contextmanager
def _held(port: int) -> Iterator[Held]:
    """A connection that is held, and served by a thread of its own."""
    connection, is_over = Connection(HOST, port, 10, Attempts()), threading.Event()
    connection.open(SECONDS)
    held = Held(connection)

    def serve() -> None:
        while not is_over.is_set():
            held.serve(SLICE_SECONDS)

    owner = threading.Thread(target=serve)
    owner.start()
    try:
        held.ask(Ask.POSITIONS, SECONDS).result(SECONDS)  # what the first one makes it load
        yield held
    finally:
        is_over.set()
        held.wake()
        owner.join()
        held.close()


def _once(gateway: FakeGateway, held: Held, perform: Perform) -> tuple[Sample, int]:
    """How long it took, and how many requests were sent."""
    before = gateway.received.count("REQ_POSITIONS")
    sample = measure.timed(lambda: perform(held))
    return sample, gateway.received.count("REQ_POSITIONS") - before


def _ask(held: Held) -> object:
    return held.ask(Ask.POSITIONS, SECONDS).result(SECONDS)


def _at_once(held: Held) -> object:
    """Each caller is a thread."""
    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(lambda _: _ask(held), range(CALLERS)))


def _one_by_one(held: Held) -> object:
    return [_ask(held) for _ in range(CALLERS)]


def _rows(found: dict[str, list[tuple[Sample, int]]]) -> Iterator[list[str]]:
    medians = {name: measure.median([each for each, _ in rounds]) for name, rounds in found.items()}
    slow = medians["one by one"].wall_ms
    for name, its in medians.items():
        requests = max(sent for _, sent in found[name])
        times = [its.wall_ms, its.wall_ms / CALLERS, its.cpu_ms]
        beside = measure.ratio(its.wall_ms, slow) if name == "at once" else "-"
        aim = "at most 0.10" if name == "at once" else ""
        yield [name, *map(measure.milliseconds, times), str(requests), beside, aim]
