"""`golive check`: the go-live procedure against the gateway of the settings."""

from __future__ import annotations

from golive.cli import procedure


def main(words: list[str]) -> int:
    """0 GO, 1 NO-GO, 2 interrupted, 4 usage or settings."""
    parser = procedure.parser(
        "check", "Performs the go-live procedure: GO, or NO-GO with its cause."
    )
    procedure.takes_fake(parser)
    return procedure.perform(parser.checked(words), "golive")
