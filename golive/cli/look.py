"""`golive look`: what can be seen without connecting."""

from __future__ import annotations

import sys

from golive.cli import parsing


def main(words: list[str]) -> int:
    """0 where nothing stands in the way of an attempt, 1 where something does, 4 settings."""
    from golive.reports import look_screen
    from golive.run.look import look
    from golive.run.session import NOT_BEGUN
    from golive.settings import secrets_json

    parser = parsing.Parser(
        "look",
        "Shows what can be seen without connecting, and whether an attempt would be refused now."
        " Exit 0: nothing stands in the way of an attempt, 1: something does, 4: settings error.",
    )
    parser.takes_settings()
    parser.add_argument("--json", action="store_true", help="print it as one JSON object")
    options = parser.checked(words)
    try:
        file = secrets_json.read(
            parsing.settings(options).path, options.fallback, is_to_go_live=False
        )
        seen = look(file, options.secrets)
    except NOT_BEGUN as error:
        return parsing.settings_refused(error)
    if options.json:
        print(look_screen.json(seen), flush=True)
    else:
        look_screen.show(seen, sys.stdout)
    return int(seen.refused)
