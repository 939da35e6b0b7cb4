"""Tests that prove faults of the fake, and which faults those of a module have proven."""

from __future__ import annotations

import pytest


class Proven(set[str]):
    """The names of faults that tests prove."""

    def by(self, *faults: str) -> pytest.MarkDecorator:
        """A test of a gateway with each of these: `slow=0.8`, or composed `slow=0.5 fragmented`."""
        self.update(each.partition("=")[0] for each in faults if " " not in each)
        return pytest.mark.parametrize("faults", faults)
