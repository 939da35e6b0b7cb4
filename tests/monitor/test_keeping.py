"""What a connection's end is taken for, and whether all was well until then: in simulated time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from golive.diagnosis.diagnose import Next
from golive.monitor import keeping
from golive.monitor.holding.held import Lost
from golive.monitor.keeping import Keeping
from golive.monitor.monitor import COMMAND
from golive.monitor.stopping import Stop
from golive.settings.model import Settings
from tests.support.holding import HandClock, Simulated, SimulatedHeld, Sockets
from tests.support.projects import example_settings
from tests.support.states import positions

COOLDOWN = 90.0
ROW = positions(1).rows[0]._replace(account="U1")


class Gateway(Simulated):
    """One that has a position."""

    def reqPositions(self) -> None:  # noqa: N802
        self._sent(
            "positions",
            [lambda told: told.position(("U1", 1), ROW), lambda told: told.position_end()],
        )


Keep = Callable[..., tuple[Keeping, Lost | None]]


@pytest.fixture
def keep(monkeypatch: pytest.MonkeyPatch) -> Keep:
    """Keeps the connection to a simulated gateway to its end."""
    monkeypatch.setattr(keeping, "Held", lambda gateway, _: SimulatedHeld(gateway))

    def kept(gateway: Gateway, stop: Stop | None = None, **credentials: Any) -> Any:
        document = example_settings()
        document["IBKRCredentials"] |= credentials
        document["GoLive"] |= {"RetryCooldownSeconds": COOLDOWN, "ExpectedPositions": 1}
        document["GoLive"] |= {"ExpectedAccount": "U1"}
        opened: Any = SimpleNamespace(
            connection=gateway,
            settings=Settings.model_validate(document),
            gateway=Sockets(gateway),
            memory=SimpleNamespace(keep_lock=lambda: True, still_there=lambda: None),
        )
        found = Keeping(opened, Next(COMMAND), stop or Stop(), lambda line: None, gateway.clock)
        return found, found.keep()

    return kept


@pytest.mark.parametrize(("mute_at", "is_silent"), [(9e9, False), (1010, True)])
def test_connection_that_ends_in_silence_has_not_ended_in_order(
    keep: Keep, mute_at: float, is_silent: bool
) -> None:
    found, lost = keep(Gateway(HandClock(), mute_at=mute_at, ends_at=1070))
    assert lost is not None
    assert (lost.code, found.is_silent) == ("connection-lost", is_silent)


class SetClock(HandClock):
    """Set to another time, again and again."""

    def now(self) -> datetime:
        return super().now() + timedelta(hours=round(self.seconds) % 3 - 1)


def test_mute_gateway_has_the_whole_cool_down_however_the_clock_is_set(keep: Keep) -> None:
    gateway = Gateway(SetClock(), mute_at=1010)
    _, lost = keep(gateway, AutoReconnect=True)
    assert lost is not None
    assert lost.code == "half-open"
    assert COOLDOWN <= gateway.clock.seconds - 1010 <= COOLDOWN + 10


@pytest.mark.parametrize("accounts", [("U1",), ("U1", "U2")])
def test_all_was_well_only_where_it_was_ready_when_it_was_stopped(
    keep: Keep, accounts: tuple[str, ...]
) -> None:
    stop = Stop()
    clock = HandClock()
    gateway = Gateway(clock)
    begun = clock.monotonic()
    gateway.coming += [
        (begun + 20, lambda told: told.accounts(accounts)),
        (begun + 30, lambda told: stop.ask("SIGTERM")),
    ]
    found, lost = keep(gateway, stop)
    assert (lost, found.is_well) == (None, accounts == ("U1",))
