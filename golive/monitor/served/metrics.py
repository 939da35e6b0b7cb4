"""/metrics, for Prometheus: read from the state at the moment of the scrape.

Names follow https://prometheus.io/docs/practices/naming/: base units, `_total` for what only grows.
What is not known is left out, never 0. No account is named.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from typing import get_args

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from golive import __version__
from golive.kit.clock import Clock
from golive.kit.text import printable
from golive.monitor.holding.requests import Source
from golive.monitor.holding.state import Condition, State
from golive.monitor.served import health

Read = Callable[[State, float], float | None]

GAUGES: dict[str, tuple[str, Read]] = {
    "golive_up": (
        "Whether the gateway is ready: connected, answering, positions complete, no zombies.",
        lambda state, now: not health.trouble(state, now),
    ),
    "golive_state_age_seconds": (
        "Age of the state that these metrics show.",
        lambda state, now: health.age(state.made_at, now),
    ),
    "golive_handshake_seconds": (
        "Time from the TCP connect to the complete handshake of this connection.",
        lambda state, _: _seconds(state.handshake_ms),
    ),
    "golive_last_answer_age_seconds": (
        "Time since the gateway's last answer.",
        lambda state, now: health.age(state.answered_at, now),
    ),
    "golive_last_answer_latency_seconds": (
        "Time that the answer to the last heartbeat took.",
        lambda state, _: _seconds(state.answer_ms),
    ),
    "golive_heartbeat_interval_seconds": (
        "How often the gateway is asked for the time.",
        lambda state, _: state.heartbeat_seconds,
    ),
    "golive_positions": (
        "Open positions of the expected account, once all have arrived.",
        lambda state, _: health.open_positions(state),
    ),
    "golive_expected_positions": (
        "How many open positions the settings expect.",
        lambda state, _: state.expected_positions,
    ),
    "golive_positions_age_seconds": (
        "Time since the positions arrived.",
        lambda state, now: health.age(state.positions_at, now),
    ),
    "golive_zombies": (
        "CLOSE_WAIT sockets on the gateway's port; absent if not observed.",
        lambda state, _: state.zombies,
    ),
    "golive_smoke_success": (
        "Whether the last smoke test was GO; absent before it has ended.",
        lambda state, _: None if state.smoke is None else state.smoke == "GO",
    ),
}
COUNTERS: dict[str, tuple[str, Callable[[State], int]]] = {
    "golive_reconnects": (
        "Connections made after the first one was lost.",
        lambda state: state.reconnects,
    ),
    "golive_heartbeats": ("Heartbeats sent.", lambda state: state.heartbeats),
    "golive_answers": ("Answers of the gateway.", lambda state: state.answers),
}


class Metrics:
    """What a source knows, as a page that Prometheus reads; of a registry of its own."""

    media_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self, source: Source, clock: Clock) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_OfState(source, clock))

    def text(self) -> bytes:
        return generate_latest(self._registry)


class _OfState(Collector):
    def __init__(self, source: Source, clock: Clock) -> None:
        self._source, self._clock = source, clock

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        state, now = self._source.state, self._clock.monotonic()
        for name, (text, read) in GAUGES.items():
            if (value := read(state, now)) is not None:
                yield GaugeMetricFamily(name, text, value=float(value))
        for name, (text, count) in COUNTERS.items():
            yield CounterMetricFamily(name, text, value=count(state))
        yield _condition(state)
        yield _trouble(state, now)
        yield _farms(state)
        yield _messages(state)
        yield _build(state)


def _condition(state: State) -> Metric:
    """Exactly one of them is 1."""
    states = {each: each == state.condition for each in get_args(Condition)}
    return StateSetMetricFamily("golive_condition", "The condition of the connection.", states)


def _trouble(state: State, now: float) -> Metric:
    family = GaugeMetricFamily(
        "golive_trouble",
        "1 for the code of the diagnosis; absent if ready.",
        labels=["code"],
    )
    if code := health.trouble(state, now):
        family.add_metric([code], 1.0)
    return family


def _farms(state: State) -> Metric:
    family = GaugeMetricFamily(
        "golive_farm_up",
        "Whether a data farm is connected, for those the gateway named.",
        labels=["farm"],
    )
    for name, is_up in state.farms.items():
        family.add_metric([printable(name)], float(is_up))
    return family


def _messages(state: State) -> Metric:
    """Only classes of which there were any."""
    family = CounterMetricFamily(
        "golive_messages",
        "Messages of type error on this connection by class; most are notices.",
        labels=["class"],
    )
    for name, count in state.messages.items():
        family.add_metric([name], float(count))
    return family


def _build(state: State) -> Metric:
    versions = {
        "version": __version__,
        "python": platform.python_version(),
        "server_version": str(state.server_version or ""),
    }
    return InfoMetricFamily("golive_build", "The versions at both ends.", value=versions)


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
