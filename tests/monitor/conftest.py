"""A gateway and a Monitor on it, both in the test's own process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from fake_ib_gateway import FakeGateway
from golive.kit.clock import SYSTEM, Clock
from tests.support import four_ports
from tests.support.monitoring import MonitorHere
from tests.support.monitors import settings_for

PATIENT = {"HandshakeTimeoutSeconds": 20, "HandshakeBudgetSeconds": 20}
"""A busy machine is no slow gateway; a test of one that says nothing need not wait so long."""

SERVED = {"Monitor": {"HealthPort": 0}}
"""For `MonitorHere.asked` and `becomes_ready`."""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Callable[..., tuple[FakeGateway, MonitorHere]]]:
    """Starts one with these faults, and a Monitor on it: `here("mute", HeartbeatSeconds=2)`."""
    with ExitStack() as stack:

        def started(
            *faults: str,
            clock: Clock = SYSTEM,
            on: Callable[[str], None] | None = None,
            **settings: Any,
        ) -> tuple[FakeGateway, MonitorHere]:
            stack.enter_context(four_ports.alone_with(*faults))
            gateway = stack.enter_context(FakeGateway(faults=faults))
            chosen = PATIENT | settings
            path = settings_for(tmp_path / "settings.json", gateway.port, **chosen)
            return gateway, stack.enter_context(MonitorHere(path, clock, on))

        yield started
