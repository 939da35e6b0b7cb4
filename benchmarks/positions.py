"""From the request for positions to its end marker, for small and large books."""

from __future__ import annotations

from benchmarks import compare, measure
from benchmarks.client import Client
from benchmarks.compare import IB_ASYNC, OFFICIAL, OURS, Rounds
from benchmarks.fake import fake_gateway
from benchmarks.measure import Sample

ROUNDS = {24: 15, 1_000: 9, 10_000: 5, 50_000: 3}
"""By the number of positions."""

TEN, FIFTY = 10_000, 50_000
AIMS = {OFFICIAL: "below 1"}
AIMS_AT_FIFTY = {OFFICIAL: "below 1", IB_ASYNC: "at most 0.50"}


def run(rounds: int | None) -> str:
    found = {size: _measured(size, rounds or usual) for size, usual in ROUNDS.items()}
    tables = [_table(size, each, rounds or ROUNDS[size]) for size, each in found.items()]
    return "\n\n".join([*tables, _growth(found[TEN][OURS], found[FIFTY][OURS])])


def _measured(size: int, rounds: int) -> dict[str, Rounds]:
    with fake_gateway(positions=size) as port:

        def once(client: Client, client_id: int) -> Sample:
            client.connect(port, client_id)
            return client.positions()

        return compare.interleaved(rounds, once)


def _table(size: int, found: dict[str, Rounds], rounds: int) -> str:
    title = f"positions: {size:,}, median of {rounds}"
    aims = AIMS_AT_FIFTY if size == FIFTY else AIMS
    return measure.table(title, compare.HEADS, compare.rows(found, aims))


def _growth(ten: Rounds, fifty: Rounds) -> str:
    title = f"positions: ours, {FIFTY:,} / {TEN:,}"
    few, many = ten.median, fifty.median
    if few is None or many is None:
        return f"{title}: lost"
    wall = measure.ratio(many.wall_ms, few.wall_ms)
    own = measure.ratio(many.cpu_ms, few.cpu_ms)
    return f"{title}: {wall} (own time {own}), aim at most 5.5: linear"
