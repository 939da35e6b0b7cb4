"""The README is true: its commands exist, its tables are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from golive.bootstrap import TASKS
from golive.settings import PORTS
from golive.smoke import Exit
from tests.projects import ROOT, Project

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_setting_up_is_the_two_commands_of_the_first_block() -> None:
    assert BLOCKS[0].splitlines() == [f"python3 -m golive {name}" for name in TASKS]


def test_rehearsal_of_the_readme_is_go(project: Project) -> None:
    (command,) = BLOCKS[1].splitlines()
    assert command.startswith("pytest acceptance -m golive ")
    run = project.rehearse(*command.split()[4:])
    assert run.exit_code == 0


def test_output_shown_is_what_the_rehearsal_prints(project: Project) -> None:
    shown = [line for line in BLOCKS[3].splitlines() if line and "..." not in line]
    printed = _without_the_day(project.rehearse("--fake=zombies").output).splitlines()
    assert [line for line in shown if _without_the_day(line) not in printed] == []


def _without_the_day(text: str) -> str:
    """Ports, pids and times of the day are those of one run."""
    return re.sub(r"\b\d\d:\d\d\b", "09:14", re.sub(r"\b\d{3,7}\b", "33745", text))


def test_port_table_is_that_of_the_settings() -> None:
    rows = re.findall(r"^\| (\d{4}) \| ([^|,]+?)(?:, the fallback)? \|", README, re.MULTILINE)
    assert {int(port): kind for port, kind in rows} == PORTS


def test_exit_codes_are_those_of_the_smoke_test() -> None:
    assert re.findall(r"^\| (\d) \|", README, re.MULTILINE) == [str(int(code)) for code in Exit]


def test_files_the_readme_names_are_there() -> None:
    for name in re.findall(r"`([\w./]+\.(?:md|json))`", README):
        known = {"secrets.json", "evidence.json"}
        assert name in known or Path(ROOT, name).exists(), name
