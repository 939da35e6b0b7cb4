"""Faults compose: who says less does so whatever says more, in whatever order they are given."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.faults.shared.named import FAULTS
from tests.support.fakes import FakeHere
from tests.support.heard import positions, quantities
from tests.support.on_the_port import zombies
from tests.support.proving import proves
from tests.support.said import said
from tests.support.steered import PlainClient, ib_async

Started = Callable[..., FakeHere]

MORE = (
    "joined", "orders-first", "chatty", "boundary", "other-orders", "restored",
    "disclaimer-granted", "unknown-code", "farm-broken", "flood-of-notices",
)  # fmt: skip

SAYING = [fault for fault in FAULTS if said(fault) != said()]
"""Those that change what is said, in whatever way."""

ENDING = {
    "client-id-in-use", "connectivity-lost", "dialog", "drops", "drops-after-positions",
    "drops-after-start", "drops-late", "garbage", "http", "refuses", "tls",
}  # fmt: skip
"""Those among them that say less themselves, or end the connection: of two such one comes first."""


@proves("missing-positions=3 closed-positions")
def test_faults_compose(gateway: FakeGateway, client: PlainClient) -> None:
    rows = quantities(positions(client))
    assert (len(rows), rows.count("0")) == (28, 7)


@proves("slow=0.5 fragmented")
def test_faults_of_time_and_of_bytes_compose(gateway: FakeGateway) -> None:
    with ib_async(gateway.port) as client:
        got = json.loads(client.says(0))
    assert (got["failure"], len(got["positions"])) == (None, 24)
    assert got["connect_seconds"] >= 0.5


def test_faults_compose_on_the_command_line(fake: Started) -> None:
    gateway = fake("missing-positions=4", "connectivity-lost", "zombies=2")
    assert [each.pid for each in zombies(gateway.port)] == [os.getpid()] * 2
    with PlainClient() as client:
        client.connect(gateway.port)
        assert len(positions(client)) == 20
        assert 1100 in client.codes


@pytest.mark.parametrize("fault", [each for each in SAYING if each != "boundary"])
def test_same_is_said_as_text_and_as_protobuf(fault: str) -> None:
    newest = said(fault)
    assert all(said(fault, version=version) == newest for version in (100, 153, 176, 200, 203, 213))


@pytest.mark.parametrize("fault", [each for each in SAYING if each not in ENDING])
def test_mute_and_silent_gateways_say_nothing_whatever_else_is_wrong(fault: str) -> None:
    for less in ("silent", "mute", "no-start"):
        assert said(fault, less) == said(less, fault)
    assert not any(said(fault, "silent").values())
    assert said(fault, "mute")["REQ_POSITIONS"] == []
    assert said(fault, "no-start")["START_API"] == []


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("turned", [False, True], ids=["first", "last"])
def test_who_says_less_does_so_whatever_says_more(more: str, turned: bool) -> None:
    def both(fault: str) -> dict[str, list[str]]:
        return said(more, fault) if turned else said(fault, more)

    assert set(map(tuple, both("silent").values())) == {()}
    assert both("mute")["REQ_POSITIONS"] == []
    assert both("no-start") == {"hello": ["serverVersion"], "START_API": [], "REQ_POSITIONS": []}
    everything = [each for event in both("accounts-only").values() for each in event]
    assert "nextValidId" not in everything
    assert "managedAccounts" in everything
    told = [each for event in both("slow").values() for each in event]
    assert told[told.index("nextValidId") - 1] == "Pause"
    assert both("drops-after-start")["START_API"][-2:] == ["Pause", "HangUp"]
    assert both("client-id-in-use")["START_API"][-2:] == ["error 326", "HangUp"]
    assert "error 1100" in both("connectivity-lost")["START_API"]
