"""Fake gateways in the process of the tests, which start sooner than one of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.fakes import FakeHere


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Callable[..., FakeHere]]:
    """Starts fake gateways: `fake("silent", "--positions", "7")`. They end with the test."""
    started: list[FakeHere] = []

    def start(*faults_and_options: str) -> FakeHere:
        started.append(FakeHere(faults_and_options, tmp_path / f"fake-{len(started)}.jsonl"))
        return started[-1]

    yield start
    for gateway in started:
        gateway.stop()
