"""`golive look`: what can be seen without connecting."""

from __future__ import annotations

import sys

from golive.cli import parsing


def main(words: list[str]) -> int:
    """0 where nothing speaks against an attempt, 1 where something does, 4 settings."""
    from golive.reports import look_screen
    from golive.run.look import look
    from golive.run.session import NOT_BEGUN
    from golive.settings import secrets_json

    parser = parsing.Parser(
        "look",
        "Shows what can be seen without connecting, and what an attempt now would be refused for."
        " Exit 0: nothing speaks against an attempt, 1: something does, 4: settings.",
    )
    parser.takes_settings()
    parser.add_argument(
        "--json", action="store_true", help="print all of it as one JSON object instead"
    )
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
