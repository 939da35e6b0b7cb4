"""What `golive` alone shows: the commands in the order a newcomer needs them, on one screen."""

from __future__ import annotations

from golive import __version__

GROUPS = {
    "Go live, in this order": {
        "init": "write secrets.json from what it finds here; connects to nothing",
        "look": "what can be seen without connecting, and what rules out an attempt",
        "rehearse": "the whole procedure against a fake gateway; --list names its faults",
        "check": "the go-live procedure: GO, or NO-GO with its cause",
        "smoke": "the handshake alone: one attempt",
        "soak": "hold the connection for an hour",
        "card": "the quick reference card for these settings",
    },
    "Keep it running": {
        "monitor": "hold the one connection",
        "health": "ask the running Monitor whether all is well",
        "mcp": "the MCP server on stdin and stdout, for an assistant",
        "service": "unit file for systemd, Windows, Docker or Prometheus",
    },
    "Afterwards": {
        "report": "open, verify, write, index, summary: the reports of earlier runs",
        "schema": "the JSON schema of secrets.json, for editors",
        "selftest": "in a clone: this project's own tests",
    },
}
COMMANDS = {name: what for group in GROUPS.values() for name, what in group.items()}

OPTIONS = ("--help", "--version")


def text() -> str:
    """At most 24 lines of 80 columns."""
    lines = [f"golive {__version__}: is this Interactive Brokers gateway safe to go live on?"]
    for title, commands in GROUPS.items():
        lines += ["", title]
        lines += [f"  {name:<10}{what}" for name, what in commands.items()]
    lines += ["", "golive COMMAND --help explains each; golive --version lists versions."]
    return "\n".join(lines)


def unknown(name: str) -> str:
    """A line for a command that there is not, with the nearest."""
    import difflib  # only here: the health check passes by

    near = difflib.get_close_matches(name, [*COMMANDS, *OPTIONS], n=1)
    meant = f"; did you mean {near[0]}?" if near else ";"
    return f"no command {name!r}{meant} `golive` alone lists them"
