"""The machine's clock as it is set by somebody while programs run."""

from __future__ import annotations

import sys

import psutil
import pytest

from golive.machine import processes

on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux counts starts from the boot"
)


def set_clock(
    monkeypatch: pytest.MonkeyPatch, seconds: float = 3600, *, for_others: bool = True
) -> None:
    """Ahead: on Linux the boot, and every start, seem later. `for_others`: as a program sees it
    that has looked at no process before.
    """
    booted = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: booted + seconds)
    if for_others:
        monkeypatch.setattr(processes, "_seen", {})
