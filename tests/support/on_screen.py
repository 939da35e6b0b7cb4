"""What a run would say on a terminal, told again from its evidence."""

from __future__ import annotations

from golive import __version__
from golive.evidence.record import Evidence
from golive.reports.terminal.short import Short
from golive.reports.terminal.telling import Begun, Teller


class Screen:
    """Keeps the lines; as plain as a file, or `columns` wide."""

    is_live = False

    def __init__(self, columns: int | None = None) -> None:
        self.width, self.lines = columns, list[str]()

    def shows(self, text: str) -> bool:
        return False

    def coloured(self, text: str, **how: bool) -> str:
        return text

    def write(self, line: str) -> None:
        self.lines += line.split("\n")

    def write_again(self, line: str, **how: bool) -> None:
        raise AssertionError("no line of a file can be written again")


def begun(found: Evidence) -> Begun:
    """What a run that left this evidence was about to try."""
    at, settings = found.endpoint, found.circumstances.settings
    return Begun(
        target=found.target,
        kind=at.kind,
        host=at.host,
        port=at.port,
        client_id=at.client_id,
        account=found.positions.account,
        file="secrets.json",
        version=__version__,
        fault=found.fault,
        settings=settings,
    )


def told(found: Evidence, form: type[Teller] = Short, columns: int | None = 80) -> list[str]:
    """All that a run says which left this evidence."""
    teller = form(screen := Screen(columns), found.plan)
    teller.begin(begun(found))
    for each in found.steps:
        teller.step(each)
    teller.found(found)
    teller.written("reports/runs/x/sign-off.html", is_page=True)
    teller.verdict(found)
    return screen.lines


def lines_at(lines: list[str], columns: int = 80) -> int:
    """So many lines of a terminal that wide; what is longer is wrapped by it."""
    return sum(max(1, -(-len(line) // columns)) for line in lines)
