"""The faults of the fake gateway, and what golive says of each."""

from __future__ import annotations

from collections.abc import Iterator

from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.named import FAULTS
from tests.support.generated import drills, markdown
from tests.support.generated.drills import Drill

GROUPS = {
    Group.NONE: "A healthy gateway",
    Group.PORT: "The port",
    Group.LOGIN: "The login",
    Group.HANDSHAKE: "The handshake",
    Group.SETTINGS: "The gateway's settings",
    Group.WIRE: "The bytes on the wire",
    Group.LINK: "The link to IBKR",
    Group.POSITIONS: "The positions",
}
UNTRIED = "depends on the value"
HEADS = ("fault", "what the fake gateway does", "golive says", "first check that fails")


def pages() -> dict[str, str]:
    return {"faults.md": _page()}


def _page() -> str:
    return markdown.page(
        "Faults of the fake gateway",
        "A rehearsal starts a fake gateway with one of these faults and runs the whole procedure"
        " against it. Nothing of yours is touched. For example:",
        markdown.block(["golive rehearse silent"]),
        "Some faults take a value after an equals sign: `slow=2.5`. Without one they use the value"
        " in parentheses. A test holds what golive says in each row.",
        *(part for group in Group for part in _group(group)),
    )


def _group(group: Group) -> Iterator[str]:
    rows = [
        row
        for name, declared in FAULTS.items()
        if declared.group == group
        for row in _rows(name, declared)
    ]
    if rows:
        yield f"## {GROUPS[group]}"
        yield markdown.table(HEADS, rows)


def _rows(name: str, declared: Declared) -> Iterator[tuple[str, str, str, str]]:
    """The fault itself, then its drills with another value."""
    shown = f"{name}[={declared.takes.name}]" if declared.takes else name
    known = drills.of_fault(name)
    plain = next((each for each in known if each.fault == name), None)
    told = (_says(plain), _step(plain)) if plain else (UNTRIED, "")
    yield (markdown.code(shown), markdown.plain(declared.summary), *told)
    for drill in known:
        if drill is not plain:
            what = "in a soak" if drill.is_soak else "the same, with this value"
            yield (markdown.code(drill.fault), what, _says(drill), _step(drill))


def _says(drill: Drill) -> str:
    if drill.code is None:
        return "GO"
    recovery = f", Procedure {drill.procedure}" if drill.procedure else ""
    return f"NO-GO: [{drill.code}](causes/{drill.code}.md){recovery}"


def _step(drill: Drill) -> str:
    return markdown.code(drill.step) if drill.step else ""
