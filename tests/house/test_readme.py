"""The README is true: its commands exist, its tables are those of the code."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fake_ib_gateway import FakeGateway
from golive.run.session import Exit
from golive.settings.model import PORTS
from tests.run.test_faults import EXPECTED, GO
from tests.support.monitors import Running
from tests.support.projects import ROOT, STALE, Project

README = (ROOT / "README.md").read_text(encoding="utf-8")
DRILLS = (ROOT / "docs" / "drills.md").read_text(encoding="utf-8")
SECTION = re.MULTILINE | re.DOTALL
BLOCKS = re.findall(r"^```\w*\n(.*?)^```", README, SECTION)


def test_setting_up_is_the_two_commands_of_the_first_block() -> None:
    assert BLOCKS[0].splitlines() == [
        f"python3 -m golive {name}" for name in ("rehearse", "selftest")
    ]


def test_rehearsal_of_the_readme_is_go(project: Project) -> None:
    (command,) = BLOCKS[1].splitlines()
    assert command == "golive rehearse"
    assert project.run(*command.split()).exit_code == 0


@pytest.mark.parametrize("drill", ["zombies", "silent", "busy"])
def test_drill_shown_is_what_the_drill_prints(drill: str, project: Project) -> None:
    (shown,) = re.findall(rf"^## `--fake={drill}`.*?^```\n(.*?)^```", DRILLS, SECTION)
    output = project.rehearse(f"--fake={drill}").output.replace(STALE, "dotnet")
    printed = _without_the_day(output).splitlines()
    lines = [line for line in shown.splitlines() if line and "..." not in line]
    assert [line for line in lines if _without_the_day(line) not in printed] == []


def test_monitors_lines_of_the_readme_are_those_it_says(
    start: Callable[..., tuple[FakeGateway, Running]],
) -> None:
    (shown,) = (block for block in BLOCKS if "[IBKR]" in block)
    gateway, monitor = start()
    monitor.hears("Retrieved")
    lines = shown.replace("4001", str(gateway.port)).splitlines()
    assert [line for line in monitor.lines if line in lines] == lines


def test_drill_of_the_readme_is_one_of_them() -> None:
    typed = "golive rehearse silent"
    (shown,) = (block for block in BLOCKS if typed in block)
    assert shown.replace(typed, "pytest acceptance -m golive --fake=silent") in DRILLS


def test_drills_are_those_that_are_run_with_what_they_must_say() -> None:
    drills = {fault: each for fault, each in EXPECTED.items() if fault.partition("=")[0] == fault}
    rows = re.findall(r"^\| `([\w-]+)` \| ([\w.-]+) \| (.*?) \| (\d) \|$", DRILLS, re.MULTILINE)
    assert rows == [
        (fault, each.failed, f"{each.code}{_procedure(each.recovery)}", str(each.attempts))
        for fault, each in drills.items()
        if each.failed
    ]
    (go,) = re.findall(r"^GO all the same.*?\.$", DRILLS, SECTION)
    assert re.findall(r"`([\w-]+)`", go) == [name for name, each in drills.items() if each == GO]


def _procedure(letter: str | None) -> str:
    return f", Procedure {letter}" if letter else ""


SHOWN = {
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d": "2026-11-23 09:14:02",
    r"\b\d\d:\d\d\b": "09:14",
    r"\b[\d.]+ ms": "1 ms",
    r"\bpython[\d.]*": "python",
    r"(pid|-p|kill|-KILL) \d+": r"\1 33745",  # in a container of its own it may be short
    r"\b\d{3,7}\b": "33745",
}
"""What differs between runs and machines: times, ports, pids, the interpreter's name."""


def _without_the_day(text: str) -> str:
    for varying, shown in SHOWN.items():
        text = re.sub(varying, shown, text)
    return text


def test_port_table_is_that_of_the_settings() -> None:
    rows = re.findall(r"^\| (\d{4}) \| ([^|,]+?)(?:, the fallback)? \|", README, re.MULTILINE)
    assert {int(port): kind for port, kind in rows} == PORTS


def test_exit_codes_are_those_of_the_smoke_test() -> None:
    assert re.findall(r"^\| (\d) \|", README, re.MULTILINE) == [str(int(code)) for code in Exit]


def test_files_the_readme_names_are_there() -> None:
    for name in re.findall(r"`([\w./]+\.(?:md|json))`", README):
        known = {"secrets.json", "evidence.json"}
        assert name in known or Path(ROOT, name).exists(), name
