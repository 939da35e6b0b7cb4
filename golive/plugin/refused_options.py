"""What must not be asked of pytest in a go-live run, and why: data, which does not import pytest.

The procedure is one process that performs each step once, in order, all of them. Options of other
plugins are looked up by name, so none of those plugins need be installed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

SESSION = "golive-session"
"""The name under which a go-live run is registered as a plugin."""

AT_ONCE = "performs steps at the same time, but there is one connection and one attempt"
AGAIN = "performs a step again, but there is one attempt"
ORDER = "changes the order of the steps, but each relies on those before it"
PART = "performs a part of the steps, but a verdict needs all of them in one run"
APART = "performs steps in processes of their own, but one process holds the connection"
UNPERFORMED = "sets the steps up, but does not perform them"
HOLDS = "would hold the gateway's connection open"

OPTIONS = {
    "usepdb": ("--pdb", HOLDS),
    "trace": ("--trace", HOLDS),
    "setuponly": ("--setup-only", UNPERFORMED),
    "setupplan": ("--setup-plan", UNPERFORMED),
    # pytest-xdist
    "numprocesses": ("-n", AT_ONCE),
    "dist": ("--dist", AT_ONCE),
    "distload": ("-d", AT_ONCE),
    "tx": ("--tx", AT_ONCE),
    "looponfail": ("--looponfail", AGAIN),
    # pytest-parallel, pytest-run-parallel, pytest-forked
    "workers": ("--workers", AT_ONCE),
    "tests_per_worker": ("--tests-per-worker", AT_ONCE),
    "parallel_threads": ("--parallel-threads", AT_ONCE),
    "iterations": ("--iterations", AGAIN),
    "forever": ("--forever", AGAIN),
    "forked": ("--forked", APART),
    # pytest-rerunfailures, pytest-retry, flaky, pytest-repeat, pytest-flakefinder
    "reruns": ("--reruns", AGAIN),
    "force_reruns": ("--force-reruns", AGAIN),
    "retries": ("--retries", AGAIN),
    "force_flaky": ("--force-flaky", AGAIN),
    "count": ("--count", AGAIN),
    "flake_finder_enable": ("--flake-finder", AGAIN),
    # pytest-randomly, pytest-random-order, pytest-reverse
    "randomly_reorganize": ("pytest-randomly", ORDER),
    "random_order_enabled": ("--random-order", ORDER),
    "random_order_bucket": ("--random-order-bucket", ORDER),
    "random_order_seed": ("--random-order-seed", ORDER),
    "reverse": ("--reverse", ORDER),
    # pytest-split, pytest-shard
    "splits": ("--splits", PART),
    "num_shards": ("--num-shards", PART),
}
"""The name under which pytest keeps it: what is typed, and why it is refused."""

LEAVE_OUT = "leave it out of the command line, PYTEST_ADDOPTS and addopts"
WAY_OUT = {"randomly_reorganize": "add -p no:randomly"}  # it is active by being installed

MARKERS = {
    "flaky": AGAIN,
    "repeat": AGAIN,
    "iterations": AGAIN,
    "parallel_threads": AT_ONCE,
    "force_parallel_threads": AT_ONCE,
    "forked": APART,
}
"""The same, asked for by a marker on a step."""

INERT = ("None", "False", "0", "", "no", "[]")
"""Values that ask for nothing, as text."""
COUNTS = ("iterations", "parallel_threads", "count", "splits", "num_shards")
"""Options of which 1 asks for nothing either."""


def refused(config: Any) -> list[str]:
    """A line for each thing in pytest's configuration that rules a go-live run out."""
    lines = []
    if sys.flags.optimize:
        lines.append("python -O leaves out assertions, the claims of the procedure: leave it out")
    if not config.pluginmanager.hasplugin("timeout"):
        lines.append("without pytest-timeout a step might never end: leave out -p no:timeout")
    if config.pluginmanager.is_blocked(SESSION):
        lines.append(f"without {SESSION} there is no verdict: leave out -p no:{SESSION}")
    if hasattr(config, "workerinput"):  # pytest-xdist's sign of a worker
        lines.append("a worker of pytest-xdist performs no procedure: leave out -n")
    for name, (typed, why) in OPTIONS.items():
        if _is_set(name, getattr(config.option, name, None)):
            lines.append(f"{typed} {why}: {WAY_OUT.get(name, LEAVE_OUT)}")
        elif _is_set(name, _from_ini_file(config, name)):
            lines.append(f"{name} in the ini file {why}: leave it out")
    return lines


def refused_markers(step: str, names: Iterable[str]) -> list[str]:
    """A line for each marker that the step must not have."""
    return [
        f"the marker {name} on {step} {MARKERS[name]}: take it off"
        for name in names
        if name in MARKERS
    ]


def _is_set(name: str, value: object) -> bool:
    text = str(value)
    if text in INERT or (name in COUNTS and text == "1"):
        return False
    return not text.startswith("default:")  # how pytest-random-order marks its own values


def _from_ini_file(config: Any, name: str) -> object:
    with suppress(ValueError):  # raised for what no installed plugin has declared
        return config.getini(name)
    return None
