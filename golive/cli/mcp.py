"""`golive mcp`: the MCP server on stdin and stdout, for an assistant."""

from __future__ import annotations

import sys

from golive.cli import parsing


def main(words: list[str]) -> int:
    """Serves until its input ends. stdout is the protocol's: what a person reads is on stderr."""
    from golive.mcp import stdio
    from golive.run.session import NOT_BEGUN

    parser = parsing.Parser("mcp", "The MCP server on stdin and stdout, for an assistant.")
    parser.takes_settings()
    parser.takes_override()
    options = parser.checked(words)
    found = parsing.settings(options)
    parsing.say_which(found, sys.stderr)
    try:
        return stdio.serve(
            found.path,
            on_fallback=options.fallback,
            override=options.override,
            secrets=options.secrets,
        )
    except NOT_BEGUN as error:
        return parsing.settings_refused(error)
