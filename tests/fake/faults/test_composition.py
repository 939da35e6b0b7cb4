"""Faults compose: who says less does so whatever says more, in whatever order they are given."""

from __future__ import annotations

import pytest

from tests.support.said import said

MORE = (
    "joined", "orders-first", "chatty", "boundary", "other-orders", "restored",
    "disclaimer-granted", "unknown-code", "farm-broken", "flood-of-notices",
)  # fmt: skip


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
