"""`golive card`: the quick reference card of these settings on this platform."""

from __future__ import annotations

import importlib
from dataclasses import asdict
from datetime import UTC, datetime

from golive.cli import parsing


def main(words: list[str]) -> int:
    """Printed, or written as a page."""
    from golive.reports import card, card_text
    from golive.settings import secrets_json

    options = _parser().checked(words)
    try:
        path = parsing.settings(options).path
        file = secrets_json.read(path, options.fallback, is_to_go_live=False)
        made = card.of(
            file, datetime.now(UTC), on_fallback=options.fallback, secrets=options.secrets
        )
    except (secrets_json.SettingsError, card.NoCard) as error:
        return parsing.settings_refused(error)
    if options.html is None:
        print(card_text.text(made), end="", flush=True)
        return 0
    page = importlib.import_module("golive.reports.card_page")
    mark = page.MARK.encode("ascii")
    return parsing.write(options.html, mark, lambda path: page.write(asdict(made), path))


def _parser() -> parsing.Parser:
    parser = parsing.Parser("card", "Prints the quick reference card for these settings.")
    parser.takes_settings()
    parser.add_argument(
        "--html",
        nargs="?",
        const="card.html",
        metavar="FILE",
        help="write a page for the printer, card.html or FILE",
    )
    return parser
