"""What `fakes/README.md` says is so: its tables are those of the code, its examples run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fake_ib_gateway import faults
from fake_ib_gateway.__main__ import main
from fake_ib_gateway.faults.shared.named import FAULTS
from fake_ib_gateway.options import parser
from fake_ib_gateway.serving.control import COMMANDS
from tests.support.clients import environments
from tests.support.projects import ROOT, environment
from tests.support.said import said

MANUAL = (ROOT / "fakes" / "README.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "fake.md").read_text(encoding="utf-8")


def example(text: str, containing: str) -> str:
    """Its one block of Python with these words."""
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (found,) = (block for block in blocks if containing in block)
    return str(found)


def rows(heading: str) -> list[tuple[str, str]]:
    """What stands in backticks in the first column under a heading, and what beside it."""
    section = MANUAL.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \| (.*) \|$", section, re.MULTILINE)


def test_options_are_those_of_the_command_line() -> None:
    known = [action.option_strings[0] for action in parser()._actions]
    assert sorted(name for name, _ in rows("Command line")) == sorted(set(known) - {"-h"})


def test_faults_are_those_of_the_table_in_the_same_words_and_order() -> None:
    known = [
        (f"{name}={fault.takes.name}" if fault.takes else name, fault.summary)
        for name, fault in FAULTS.items()
    ]
    assert rows("Faults") == known


def test_commands_are_those_of_the_control_interface() -> None:
    known = [f"{name} {command.takes}".strip() for name, command in COMMANDS.items()]
    assert [name for name, _ in rows("While it runs")] == known


def test_rooms_are_told_with_what_is_in_them() -> None:
    assert [name for name, _ in rows("Layout")] == re.split(
        r",\s+", str(sys.modules["fake_ib_gateway"].__doc__).partition("order: ")[2].split(".")[0]
    )


def test_example_of_the_library_runs() -> None:
    exec(example(MANUAL, "with FakeGateway"), {})


def test_file_of_the_example_is_all_that_a_new_fault_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = example(MANUAL, "class LateAccounts")
    (tmp_path / "late_accounts.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(faults, "__path__", [*faults.__path__, str(tmp_path)])
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    assert said("late-accounts=2")["START_API"][:3] == ["Pause", "managedAccounts", "nextValidId"]
    with pytest.raises(SystemExit) as ended:
        main(["--list-faults"])
    assert ended.value.code == 0
    listed = capsys.readouterr().out
    assert re.search(r"^late-accounts +delays managedAccounts", listed, re.MULTILINE)


@pytest.mark.parametrize("text", [MANUAL, PAGE], ids=["fakes/README.md", "docs/fake.md"])
def test_example_of_the_fixture_runs_with_ib_async(text: str, tmp_path: Path) -> None:
    tests = example(text, "(fake_gateway)")
    (tmp_path / "test_strategy.py").write_text(tests, encoding="utf-8")
    plugin = ("-p", "fake_ib_gateway.pytest_plugin")  # which an installed one does not take
    words = ("-q", *plugin, "--rootdir", tmp_path, tmp_path)
    done = subprocess.run(
        [environments.python("ib_async"), "-m", "pytest", *words],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT / "fakes")),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
