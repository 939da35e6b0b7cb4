"""`golive soak`: the connection held for an hour, or as long as the settings say."""

from __future__ import annotations

from golive.cli import procedure


def main(words: list[str]) -> int:
    """0 GO, 1 NO-GO, 2 interrupted, 4 usage or settings."""
    parser = procedure.parser("soak", "Holds the connection for SoakMinutes of the settings.")
    procedure.takes_fake(parser)
    return procedure.perform(parser.checked(words), "soak")
