"""The house: which part may know which, and what no part may do."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import fake_ib_gateway
import golive
from tests.conftest import LONGEST
from tests.support.projects import ROOT

POSIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
PARTS = ("acceptance", "benchmarks", "fakes", "golive")
LOCKS = ROOT / "requirements"
ORDER_CALLS = {"placeOrder", "cancelOrder", "reqGlobalCancel", "exerciseOptions", "updateConfig"}


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def imports(path: Path) -> set[str]:
    """The modules a file imports, in full."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


@pytest.mark.parametrize(
    ("folder", "never"),
    [
        ("golive", {"fake_ib_gateway", "acceptance", "tests", "benchmarks"}),
        ("fakes", {"golive", "ibapi", "acceptance", "tests", "benchmarks"}),
        ("acceptance", {"fake_ib_gateway", "tests", "benchmarks"}),
    ],
)
def test_imports_point_one_way(folder: str, never: set[str]) -> None:
    assert {path.name: tops(path) & never for path in sources(folder) if tops(path) & never} == {}


def test_tellers_know_the_record_and_the_procedure_only() -> None:
    """Besides text and files; the tree's codes are Allure's categories, and the card shows it."""
    rooms = ("evidence", "kit", "procedure", "reports")
    allowed = (*(f"golive.{room}" for room in rooms), "golive.diagnosis.decision_tree")
    tellers = [path for path in sources("golive/reports") if not path.name.startswith("card")]
    for path in tellers:
        known = {name for name in imports(path) if name.startswith("golive.")}
        assert all(name.startswith(allowed) for name in known), path


def test_only_the_plugin_and_the_steps_know_pytest() -> None:
    knowing = [path for path in sources("golive") if "pytest" in tops(path)]
    assert [path.relative_to(ROOT).as_posix() for path in knowing] == [
        "golive/plugin/performing.py",
        "golive/plugin/plugin.py",
        "golive/plugin/silencing.py",
    ]


def test_nothing_imports_a_module_of_one_platform() -> None:
    found = {path: tops(path) & POSIX_ONLY for path in sources(*PARTS)}
    assert {path: names for path, names in found.items() if names} == {}


def test_nothing_calls_what_could_place_change_or_cancel_an_order() -> None:
    for path in sources("golive", "acceptance", "benchmarks"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not named & ORDER_CALLS, path


def test_setting_up_needs_nothing_but_the_standard_library() -> None:
    for name in ("__init__", "__main__", "cli/__init__", "cli/bootstrap"):
        tree = ast.parse((ROOT / "golive" / f"{name}.py").read_text(encoding="utf-8"))
        at_import = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        modules = {getattr(n, "module", None) or n.names[0].name for n in at_import}
        assert {each.partition(".")[0] for each in modules} <= sys.stdlib_module_names | {"golive"}


def test_every_text_file_is_opened_as_utf_8_whatever_the_locale() -> None:
    for path in sources(*PARTS):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                builtin, method = (getattr(node.func, key, "") for key in ("id", "attr"))
                if builtin == "open" or method in ("read_text", "write_text"):
                    words = {keyword.arg for keyword in node.keywords}
                    is_metadata = ast.unparse(node).startswith("distribution.")
                    assert "encoding" in words or is_metadata, f"{path}:{node.lineno}"


def test_locked_node_tools_carry_hashes_and_no_address() -> None:
    locks = list((ROOT / "tests" / "support").glob("*/package-lock.json"))
    assert len(locks) == 2
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock
        assert '"integrity": "sha512-' in text


def test_locked_requirements_carry_hashes_and_no_address() -> None:
    pinned, newest = "ibapi-stable==10.37.2", "ibapi-stable==10.50.2"
    clients = {"run.txt": pinned, "test.txt": pinned}
    for name, client in (clients | {"newest.txt": newest}).items():
        text = (LOCKS / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert "--hash=sha256:" in text
        assert client in text
    counts = {"browser.txt": 4, "ci.txt": 14, "docs.txt": None, "wheels.txt": None}
    for name, count in counts.items():
        text = (LOCKS / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert "--hash=sha256:" in text
        assert count in (None, text.count("==") - text.count("sys_platform =="))
        assert "ibapi" not in text
    locked = set((LOCKS / "run.txt").read_text(encoding="utf-8").split("\n"))
    assert locked <= set((LOCKS / "test.txt").read_text(encoding="utf-8").split("\n"))


FIRST = """
import importlib, sys
for name in sys.argv[1:]:
    for loaded in [each for each in sys.modules if each.partition('.')[0] == 'golive']:
        del sys.modules[loaded]
    importlib.import_module(name)
"""


@pytest.mark.nightly
def test_every_module_can_be_the_first_to_be_imported() -> None:
    """At night, as there is no circle by what the modules say (test_rooms)."""
    paths = (path.relative_to(ROOT).with_suffix("") for path in sources("golive"))
    names = [".".join(path.parts) for path in paths if path.name != "__main__"]
    done = subprocess.run([sys.executable, "-c", FIRST, *names], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_every_file_that_is_to_begin_early_is_there() -> None:
    assert [each for each in LONGEST if not (ROOT / each).is_file()] == []


def test_golive_and_the_fake_have_one_version_and_golive_asks_for_that() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert golive.__version__ == fake_ib_gateway.__version__
    assert f"fake-ib-gateway=={golive.__version__}" in project["dependencies"]
