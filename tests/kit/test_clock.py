"""The machine's own clock, as the waits and ages of this project count by it."""

from __future__ import annotations

import sys
import time

import pytest

from golive.kit.clock import SYSTEM


@pytest.mark.skipif(sys.platform == "win32", reason="its only fine clock goes on in a sleep")
def test_time_in_which_the_machine_sleeps_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux counts it by another clock; it is hours ahead of the usual one on a laptop."""
    awake = getattr(time, "CLOCK_MONOTONIC", None) if sys.platform == "linux" else None
    monkeypatch.setattr(time, "perf_counter", lambda: 5.0)
    monkeypatch.setattr(time, "clock_gettime", lambda clock: 5.0 if clock == awake else 28805.0)
    assert SYSTEM.monotonic() == 28805.0
