"""A thousand clients that connect at once, and are all served while all the others stay."""

from __future__ import annotations

import asyncio
import itertools
import math
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import psutil

from benchmarks import fake, measure, scale
from benchmarks.fake import HOST, Running, running_bare, running_fake
from benchmarks.scale import LONGEST_SECONDS, Conversation

CLIENTS = 1_000
ROUNDS = 5
CONVERSATION = Conversation(scale.TEXT)
NO_LIMIT = ("--max-clients", "0")
HEADS = (
    "server", "served", "p50 ms", "p99 ms", "own ms",
    "p50 / bare", "p99 / bare", "spread", "own / bare", "aim",
)  # fmt: skip
IDLE_SECONDS = 0.05

_client_ids = itertools.count(1)
"""A new one for each connection, as long as a server may not have seen the last one leave."""


@dataclass(frozen=True, slots=True)
class Visit:
    """How many of a crowd were served, how long their handshakes took, fastest first, and the
    processor time of the server; milliseconds.
    """

    served: int
    handshakes: Sequence[float]
    own_ms: float

    @property
    def p50(self) -> float:
        return self._within(50)

    @property
    def p99(self) -> float:
        return self._within(99)

    def _within(self, percent: int) -> float:
        """Milliseconds in which so many of a hundred handshakes were done."""
        if not self.handshakes:
            return math.nan
        return self.handshakes[math.ceil(len(self.handshakes) * percent / 100) - 1]


@dataclass(slots=True, eq=False)
class _Client:
    """Reads as many bytes as were read once, and looks whether they are what was told then."""

    client_id: int
    answers: Sequence[bytes]
    handshake_ms: float | None = None
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def arrive(self, port: int) -> bool:
        """Connects, until managedAccounts and nextValidId are there; then asks for positions."""
        began = time.perf_counter()
        self._streams = await asyncio.open_connection(HOST, port)
        await self._asked(0)
        if not CONVERSATION.is_started(await self._asked(1)):
            return False
        self.handshake_ms = (time.perf_counter() - began) * 1000
        return await self.is_served()

    async def is_served(self) -> bool:
        """Asks for all positions."""
        return self._streams is not None and await self._asked(2) == self.answers[2]

    async def leave(self) -> bool:
        if self._streams is not None:
            self._streams[1].close()
            await self._streams[1].wait_closed()
        return True

    async def _asked(self, number: int) -> bytes:
        assert self._streams is not None
        reader, writer = self._streams
        writer.write(CONVERSATION.requests(self.client_id)[number])
        return await reader.readexactly(len(self.answers[number]))


def run(rounds: int | None) -> str:
    rounds = rounds or ROUNDS
    scale.allow_open_files(CLIENTS)
    title = f"crowd: {CLIENTS:,} clients at once, handshakes, median of {rounds}"
    rows = [row for loop in fake.loops() for row in _measured(loop, rounds)]
    return measure.table(title, HEADS, rows)


def visited(
    server: Running, answers: Sequence[bytes], when_all_are_in: Callable[[], object] = lambda: None
) -> Visit:
    """Sends a crowd there, and has every client served once more when all are in."""
    return asyncio.run(_visited(server, answers, when_all_are_in))


def _measured(loop: str, rounds: int) -> list[list[str]]:
    """The two rows of an event loop. The first round is not counted."""
    with running_fake(loop, *NO_LIMIT) as ours:
        answers = CONVERSATION.answers(ours.port)
        with running_bare(loop, answers) as bare:
            pairs = [(visited(ours, answers), visited(bare, answers)) for _ in range(rounds + 1)]
    fakes, bares = zip(*pairs[1:], strict=True)
    return _rows(loop, fakes, bares)


async def _visited(
    server: Running, answers: Sequence[bytes], when_all_are_in: Callable[[], object]
) -> Visit:
    clients = [_Client(next(_client_ids), answers) for _ in range(CLIENTS)]
    before = _own_ms(server)
    arrived = await _each(client.arrive(server.port) for client in clients)
    when_all_are_in()
    still_there = await _each(client.is_served() for client in clients)
    own_ms = _own_ms(server) - before
    await _each(client.leave() for client in clients)
    await _idle(server)
    times = sorted(each.handshake_ms for each in clients if each.handshake_ms is not None)
    return Visit(sum(map(all, zip(arrived, still_there, strict=True))), times, own_ms)


async def _each(outcomes: Iterable[Awaitable[bool]]) -> list[bool]:
    """All at once; who is not answered, or not in time, is not served."""

    async def bounded(outcome: Awaitable[bool]) -> bool:
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                return await outcome
        except (OSError, asyncio.IncompleteReadError):
            return False

    return await asyncio.gather(*map(bounded, outcomes))


async def _idle(server: Running) -> None:
    """Waits until it has seen everybody leave, so as not to disturb what is measured next."""
    worked = -1.0
    while worked != (worked := _own_ms(server)):
        await asyncio.sleep(IDLE_SECONDS)


def _own_ms(server: Running) -> float:
    """Processor time of the server's process so far."""
    times = psutil.Process(server.pid).cpu_times()
    return (times.user + times.system) * 1000


def _rows(loop: str, fakes: Sequence[Visit], bares: Sequence[Visit]) -> list[list[str]]:
    """The fake's line with the ratios, and the bare server's."""
    p50, _ = scale.beside([each.p50 for each in fakes], [each.p50 for each in bares])
    p99, spread = scale.beside([each.p99 for each in fakes], [each.p99 for each in bares])
    own = measure.ratio(_own(fakes), _own(bares))
    return [
        [f"fake, {loop}", *_figures(fakes), p50, p99, spread, own, f"{CLIENTS:,} served"],
        [f"bare, {loop}", *_figures(bares), "-", "-", "-", "-", ""],
    ]


def _figures(visits: Sequence[Visit]) -> list[str]:
    """Served at least, the medians of the percentiles, the server's own time."""
    served = min(each.served for each in visits)
    p50, p99 = (each.p50 for each in visits), (each.p99 for each in visits)
    times = statistics.median(p50), statistics.median(p99), _own(visits)
    return [f"{served:,}", *map(measure.milliseconds, times)]


def _own(visits: Sequence[Visit]) -> float:
    """The mean: where processor time is counted in steps of 10 ms, a median would be coarse."""
    return statistics.mean(each.own_ms for each in visits)
