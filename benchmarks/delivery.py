"""50,000 positions to a client that only counts bytes, as text and as protobuf."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence

from benchmarks import fake, measure, scale
from benchmarks.fake import running_bare, running_fake
from benchmarks.scale import Conversation

POSITIONS = 50_000
ROUNDS, LATER_CLIENTS = 7, 8
FORMS = {"text": scale.TEXT, "protobuf": scale.PROTOBUF}
AIM = "at least 0.50"
HEADS = ("client", "fake MB/s", "bare MB/s", "fake / bare", "spread", "aim")

Rates = list[float]
"""Megabytes a second."""


def run(rounds: int | None) -> str:
    rounds = rounds or ROUNDS
    title = f"delivery: {POSITIONS:,} positions, median of {rounds}, more is faster"
    rows: list[list[str]] = []
    for loop, (form, version) in itertools.product(fake.loops(), FORMS.items()):
        rows += _rows(f"{loop}, {form} at {version}", _measured(loop, version, rounds))
    return measure.table(title, HEADS, rows)


def _measured(loop: str, version: int, rounds: int) -> list[tuple[Rates, Rates]]:
    """Of servers that have just started, in each round: the fake's and the bare one's clients."""
    options = ("--positions", str(POSITIONS), "--server-version", str(version))
    conversation = Conversation(version)
    with running_fake(loop, *options) as ours:
        answers = conversation.answers(ours.port)
    found, megabytes = [], len(answers[-1]) / 1e6
    for _ in range(rounds):
        with running_fake(loop, *options) as ours, running_bare(loop, answers) as bare:
            fakes, bares = [], []
            for client_id in range(1 + LATER_CLIENTS):
                fakes.append(megabytes / conversation.seconds(ours.port, client_id, answers))
                bares.append(megabytes / conversation.seconds(bare.port, client_id, answers))
        found.append((fakes, bares))
    return found


def _rows(name: str, rounds: Sequence[tuple[Rates, Rates]]) -> list[list[str]]:
    """The first client after the start, and the median of those after it."""
    first = [(ours[0], bare[0]) for ours, bare in rounds]
    later = [(statistics.median(ours[1:]), statistics.median(bare[1:])) for ours, bare in rounds]
    return [_row(f"{name}: first", first), _row(f"{name}: later", later)]


def _row(name: str, pairs: Sequence[tuple[float, float]]) -> list[str]:
    fakes, bares = zip(*pairs, strict=True)
    medians = [f"{statistics.median(rates):,.0f}" for rates in (fakes, bares)]
    return [name, *medians, *scale.beside(fakes, bares), AIM]
