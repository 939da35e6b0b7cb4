"""`golive smoke`: the standalone handshake test, against the gateway."""

from __future__ import annotations

import signal
import sys

from golive.cli import parsing
from golive.cli.parsing import INTERRUPTED


def main(words: list[str]) -> int:
    """0, 1 and 2 as in the procedure, 3 refused before connecting, 4 settings."""
    from golive.run.session import NOT_BEGUN
    from golive.run.smoke import smoke

    parser = parsing.Parser("smoke", "Tests the handshake alone, in one attempt.")
    parser.takes_settings()
    parser.takes_override()
    options = parser.checked(words)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found = parsing.settings(options)
    parsing.say_which(found, sys.stdout)
    try:
        return smoke(
            found.path,
            lambda line: print(line, flush=True),
            on_fallback=options.fallback,
            override=options.override,
            secrets=options.secrets,
        )
    except NOT_BEGUN as error:
        return parsing.settings_refused(error)
    except KeyboardInterrupt:
        print("interrupted; no connection is left", file=sys.stderr)
        return INTERRUPTED
