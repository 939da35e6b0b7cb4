"""Faults compose: who says less does so whatever says more, in whatever order they are given."""

from __future__ import annotations

import pytest

from fake_ib_gateway.answering.actions import Action, one_by_one
from fake_ib_gateway.answering.gateway import Gateway
from fake_ib_gateway.faults.shared.fault import in_order
from fake_ib_gateway.faults.shared.named import named
from fake_ib_gateway.protocol.messages import Message
from fake_ib_gateway.protocol.requests import Request
from fake_ib_gateway.protocol.wire import Hello
from fake_ib_gateway.world.book import options_book

MORE = (
    "joined", "orders-first", "chatty", "boundary", "other-orders", "restored",
    "disclaimer-granted", "unknown-code", "farm-broken", "flood-of-notices",
)  # fmt: skip


def said(*faults: str) -> dict[str, list[str]]:
    """What a gateway with these says on each event, by name."""
    gateway = Gateway((options_book(),))
    session, applied = gateway.session(), in_order(map(named, faults))
    bursts = {
        "hello": session.hello(Hello(100, 226), ""),
        "START_API": session.answer(Request("START_API", {"client_id": "10"}), 0),
        "REQ_POSITIONS": session.answer(Request("REQ_POSITIONS"), 0),
    }
    for event in bursts:
        bursts[event] = list(one_by_one(bursts[event]))
        for fault in applied:
            bursts[event] = fault.burst(event, bursts[event], session)
    return {event: [_said(action) for action in burst] for event, burst in bursts.items()}


def _said(action: Action) -> str:
    return action.name if isinstance(action, Message) else type(action).__name__


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
