"""From the TCP connect to nextValidId, with one client after the other."""

from __future__ import annotations

from benchmarks import compare, measure
from benchmarks.client import Client
from benchmarks.fake import fake_gateway
from benchmarks.measure import Sample

ROUNDS = 30
AIMS = {compare.OFFICIAL: "below 1", compare.IB_ASYNC: "level: about 1 or below"}


def run(rounds: int | None) -> str:
    rounds = rounds or ROUNDS
    with fake_gateway(positions=24) as port:

        def once(client: Client, client_id: int) -> Sample:
            return client.connect(port, client_id)

        found = compare.interleaved(rounds, once)
    title = f"connect: to nextValidId, median of {rounds}"
    return measure.table(title, compare.HEADS, compare.rows(found, AIMS))
