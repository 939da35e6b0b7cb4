"""`golive mcp`: an MCP server on stdin and stdout, for an assistant."""

from __future__ import annotations

import sys

from golive.cli import parsing

ON_A_TERMINAL = (
    "golive mcp: a server for an assistant, which starts it and talks to it on stdin and stdout;"
    " Ctrl-C ends it"
)


def main(words: list[str]) -> int:
    """0 its input ended or it was stopped, 4 for bad usage or settings.

    stdout carries the protocol only; what a person reads is on stderr.
    """
    from golive.mcp import stdio
    from golive.run.session import NOT_BEGUN

    parser = parsing.Parser("mcp", "Serves an assistant over MCP, on stdin and stdout.")
    parser.takes_settings()
    parser.takes_override()
    options = parser.checked(words)
    found = parsing.settings(options)
    if sys.stdin is not None and sys.stdin.isatty():
        print(ON_A_TERMINAL, file=sys.stderr, flush=True)
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
