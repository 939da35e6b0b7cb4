"""Which faults of the fake are proven by a test."""

from __future__ import annotations

import pytest

PROVEN: set[str] = set()
"""The names of those that the tests imported so far prove."""


def proves(*faults: str) -> pytest.MarkDecorator:
    """A test of a gateway with each of these: `slow=0.8`, or composed `slow=0.5 fragmented`."""
    PROVEN.update(each.partition("=")[0] for each in faults if " " not in each)
    return pytest.mark.parametrize("faults", faults)
