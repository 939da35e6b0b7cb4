"""The rooms of golive: what stands in each, and which may know which."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.projects import ROOT

FLOORS = (
    ("kit",),
    ("procedure",),
    ("settings",),
    ("machine",),
    ("client",),
    ("evidence",),
    ("discipline",),
    ("diagnosis",),
    ("trials",),
    ("run",),
    ("reports",),
    ("monitor",),
    ("mcp",),
    ("plugin", "fleet"),
    ("cli",),
)
"""From the ground up. A room may know those below it, and none beside it."""

FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MOST_IN_THE_ROOT = 5


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    return {name_of(path): path for path in sorted((ROOT / "golive").rglob("*.py"))}


@cache
def known_to(name: str) -> frozenset[str]:
    """The modules it imports: anywhere in it, for types alone as well."""
    found = set()
    for node in ast.walk(ast.parse(modules()[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: a relative import hides which room it is from"
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {each if each in modules() else str(node.module) for each in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return frozenset(found & set(modules()) - {name})


def room(name: str) -> str | None:
    return name.split(".")[1] if "." in name else None


def test_every_module_stands_in_a_room_that_has_a_floor() -> None:
    rooms = {room(name) for name in modules()} - {None, "__main__"}
    assert rooms <= set(FLOOR)
    here = [path.name for path in (ROOT / "golive").glob("*.py")]
    assert len(here) <= MOST_IN_THE_ROOT


def test_every_room_says_at_its_door_what_belongs_there_and_does_nothing_else() -> None:
    doors = [name for name, path in modules().items() if path.name == "__init__.py" and room(name)]
    for name in doors:
        tree = ast.parse(modules()[name].read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), name
        assert len(tree.body) == 1, name


def test_imports_point_downwards_only() -> None:
    floors = {name: FLOOR[here] for name in modules() if (here := room(name)) in FLOOR}
    upwards = [
        f"{name} -> {each}"
        for name, floor in floors.items()
        for each in known_to(name)
        if room(each) not in (None, room(name)) and FLOOR.get(str(room(each)), 99) >= floor
    ]
    assert upwards == []


def test_no_module_knows_itself_by_way_of_others() -> None:
    try:
        TopologicalSorter({name: known_to(name) for name in modules()}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]), pytrace=False)
