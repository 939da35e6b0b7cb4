"""Whether the clock is synchronized is asked of the kernel, and of nobody else."""

from __future__ import annotations

import sys

import pytest

from golive.machine import clock_sync


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells it to everybody")
def test_kernel_tells_whether_the_clock_is_synchronized() -> None:
    assert clock_sync.is_synchronized() in (True, False)


def test_platform_that_does_not_tell_is_not_observed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert clock_sync.is_synchronized() is None
