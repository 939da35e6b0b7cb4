"""`golive rehearse`: the procedure against a fake gateway of its own."""

from __future__ import annotations

from golive.cli import parsing, procedure


def main(words: list[str]) -> int:
    """0 GO, 1 NO-GO, 2 interrupted, 4 usage or settings; --list is no verdict, and 0."""
    parser = procedure.parser(
        "rehearse", "Rehearses the procedure against a fake gateway, which it starts."
    )
    parser.add_argument(
        "fake",
        nargs="?",
        default=procedure.HEALTHY,
        metavar="FAULT",
        help="fault of the fake gateway (default: none); see --list",
    )
    parser.add_argument("--list", action="store_true", help="list the faults and exit")
    options = parser.checked(words)
    return _list() if options.list else procedure.perform(options, "golive")


def _list() -> int:
    from golive.run import rehearsal

    try:
        print(rehearsal.faults_told(), flush=True)
    except rehearsal.NoRehearsal as error:
        return parsing.refused(str(error))
    return 0
