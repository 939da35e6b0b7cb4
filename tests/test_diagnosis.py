"""The decision tree: each branch can be reached, and each failing step reaches one."""

from __future__ import annotations

import pytest

from golive import diagnosis, procedure
from golive.answers import Handshake
from golive.diagnosis import RECOVERY, TREE, Seen
from golive.settings import Settings
from golive.settings_file import read
from golive.sockets import Port
from tests import recorded
from tests.projects import ROOT

QUIET = Port(4001, ("127.0.0.1",), tuple(recorded.WINDOWS))


@pytest.fixture
def settings() -> Settings:
    return read(ROOT / "secrets.example.json").settings


@pytest.mark.parametrize("step", [step.id for step in procedure.STEPS])
def test_every_step_that_fails_is_explained(step: str, settings: Settings) -> None:
    if step in ("environment.no-zombies", "afterwards.no-zombies"):
        port = Port(4001, ("127.0.0.1",), (recorded.ZOMBIE,))
        found = diagnosis.diagnose(Seen(step, settings, port), "again")
    else:
        seen = Seen(step, settings, QUIET, QUIET, Handshake(stopped="no-byte"))
        found = diagnosis.diagnose(seen, "again")
    if step not in ("handshake.one-attempt",):
        assert found.code != "unexplained"
    assert found.next_steps


def test_zombies_are_named_with_both_ends_and_the_pid(settings: Settings) -> None:
    port = Port(4001, ("127.0.0.1",), (recorded.ZOMBIE,))
    found = diagnosis.diagnose(Seen("environment.no-zombies", settings, port), "again")
    assert (found.code, found.procedure) == ("zombies", "A")
    assert "before: CLOSE_WAIT 127.0.0.1:4001 from 127.0.0.1:51901, pid 8124" in found.facts


def test_gateway_on_another_of_the_four_ports_is_named(settings: Settings) -> None:
    seen = Seen("gateway.listening", settings, QUIET, other_listeners=(7497,))
    found = diagnosis.diagnose(seen, "again")
    assert found.code == "wrong-port"
    assert "7497 (TWS (paper))" in found.cause


def test_link_lost_at_the_end_is_named(settings: Settings) -> None:
    seen = Seen("afterwards.closed-cleanly", settings, QUIET, QUIET, lost_connectivity=True)
    assert diagnosis.diagnose(seen, "again").code == "connectivity-lost"


def test_every_text_can_be_filled_in_and_every_recovery_is_known(settings: Settings) -> None:
    words = diagnosis._words(Seen("gateway.listening", settings, QUIET), "again")
    for branch in TREE:
        assert branch.procedure is None or branch.procedure in RECOVERY
        assert bool(branch.next_steps) or branch.procedure
        for text in (branch.cause, *branch.next_steps, *RECOVERY[branch.procedure or "A"]):
            assert "{" not in text.format(**words)
