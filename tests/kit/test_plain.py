"""Facts as plain data: JSON holds them all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from golive.kit.plain import plain


def test_facts_become_plain_json() -> None:
    facts = {
        "a": Decimal("1.50"),
        "b": datetime(2026, 1, 1, tzinfo=UTC),
        "c": (1, {2}),
        3: Path("x"),
    }
    assert json.loads(json.dumps(plain(facts))) == {
        "a": "1.50",
        "b": "2026-01-01T00:00:00+00:00",
        "c": [1, [2]],
        "3": "x",
    }
    assert plain(float("inf")) == "inf"
