"""What `fakes/README.md` says is so: its tables are those of the code, its examples run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from fake_ib_gateway.faults.shared.named import FAULTS, named
from fake_ib_gateway.options import parser
from fake_ib_gateway.serving.control import COMMANDS
from tests.support.clients import environments
from tests.support.projects import ROOT, environment

MANUAL = (ROOT / "fakes" / "README.md").read_text(encoding="utf-8")
FRONT = (ROOT / "README.md").read_text(encoding="utf-8")


def examples(text: str) -> list[str]:
    """Its blocks of Python."""
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def table(heading: str) -> list[str]:
    """What stands in backticks in the first column under a heading."""
    section = MANUAL.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)


def test_options_are_those_of_the_command_line() -> None:
    known = [action.option_strings[0] for action in parser()._actions]
    assert sorted(table("On the command line")) == sorted(set(known) - {"-h"})


def test_faults_are_those_of_the_table_with_what_they_take() -> None:
    known = {
        f"{name}={fault.takes.name}" if fault.takes else name for name, fault in FAULTS.items()
    }
    assert set(table("Faults")) == known
    assert all(named(name) for name in FAULTS)


def test_commands_are_those_of_the_control_interface() -> None:
    known = [f"{name} {command.takes}".strip() for name, command in COMMANDS.items()]
    assert table("While it runs") == known


def test_example_of_the_library_runs() -> None:
    exec(examples(MANUAL)[0], {})


@pytest.mark.parametrize("text", [MANUAL, FRONT], ids=["fakes/README.md", "README.md"])
def test_example_of_the_fixture_runs_with_ib_async(text: str, tmp_path: Path) -> None:
    plugin, tests = examples(text)[-2:]
    (tmp_path / "conftest.py").write_text(plugin, encoding="utf-8")
    (tmp_path / "test_strategy.py").write_text(tests, encoding="utf-8")
    done = subprocess.run(
        [environments.python("ib_async"), "-m", "pytest", "-q", "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT / "fakes")),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
