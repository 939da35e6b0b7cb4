"""The quick reference card as a page for the printer: one sheet of A4."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from golive.reports import page

MARK = 'class="go-live-card"'
"""Part of every card, so that only a card is ever overwritten."""


def write(card: Mapping[str, Any], path: Path) -> None:
    """Writes the fields of a golive.reports.card.Card. Raises OSError."""
    page.write(path, page.render("card.html", card=card))
