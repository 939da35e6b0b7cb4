"""The rooms of the fake: which may know which, in the order that the package's docstring tells."""

from __future__ import annotations

import ast
import re
import sys
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import requires
from pathlib import Path

import pytest

import fake_ib_gateway

PACKAGE = Path(fake_ib_gateway.__file__).parent
NAME = PACKAGE.name
ORDER = re.search(r"in this order: ([^.]+)\.", fake_ib_gateway.__doc__ or "")
ROOMS = re.split(r",\s+", ORDER[1]) if ORDER else []
BESIDE = ""
"""The room of those that stand in the package's own folder."""


def modules() -> dict[str, Path]:
    """By name; a package by its own."""
    return {named(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def named(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> set[str]:
    """What it imports, wherever that stands: in a function, or for its types alone."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} is relative"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def known() -> dict[str, set[str]]:
    """The modules of ours that each imports."""
    ours = modules()
    return {name: imported(path) & ours.keys() - {NAME} for name, path in ours.items()}


def room(name: str) -> str:
    """Of a module; what has no folder of its own stands beside the rooms."""
    _, _, inside = name.partition(".")
    first = inside.partition(".")[0]
    return first if first in ROOMS else BESIDE


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """One of its circles, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_rooms_are_the_folders() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert folders == set(ROOMS)


def test_rooms_are_known_downwards_only() -> None:
    ranks = {name: rank for rank, name in enumerate([BESIDE, *ROOMS])}
    upwards = [
        f"{name} knows {other}"
        for name, others in known().items()
        for other in others
        if ranks[room(name)] > ranks[room(other)]
    ]
    assert upwards == []


def test_no_module_is_in_a_circle() -> None:
    assert circle_in(known()) == []


def test_circle_is_found_where_there_is_one() -> None:
    found = circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}})
    assert set(found) == {"b", "c"}


@pytest.mark.parametrize("name", [NAME, *(f"{NAME}.{room}" for room in ROOMS)])
def test_room_says_what_belongs_there(name: str) -> None:
    assert ast.get_docstring(ast.parse(modules()[name].read_text(encoding="utf-8")))


def test_few_modules_stand_beside_the_rooms() -> None:
    assert sorted(path.stem for path in PACKAGE.glob("*.py")) == [
        "__init__", "__main__", "library", "options", "pytest_plugin",
    ]  # fmt: skip


def test_it_imports_nothing_but_itself_the_standard_library_and_protobuf() -> None:
    """Nothing of golive, nothing of any client; pytest and uvloop only where they are."""
    needed = {NAME, "google", *sys.stdlib_module_names}
    beside = {"pytest_plugin.py": {"pytest"}, "foreground.py": {"uvloop"}}
    for name, path in modules().items():
        tops = {each.partition(".")[0] for each in imported(path)}
        optional = {"grpc_tools"} if name.endswith("protobuf.__main__") else set()
        assert tops <= needed | optional | beside.get(path.name, set()), name


def test_protobuf_is_all_it_depends_on_and_no_version_of_it_is_too_new() -> None:
    [dependency] = requires("fake-ib-gateway") or []
    assert re.fullmatch(r"protobuf>=[\d.]+", dependency)
