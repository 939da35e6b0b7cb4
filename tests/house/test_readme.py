"""README and docs are true: their commands exist, their tables are those of the code."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from fake_ib_gateway import FakeGateway
from golive.run.session import Exit
from golive.settings.model import PORTS
from tests.support.monitors import Running
from tests.support.projects import ROOT, Project

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
DRILLS = DOCS["drills"]
SECTION = re.MULTILINE | re.DOTALL
LONGEST = 120
"""Lines: a screen and a half."""


def blocks(text: str, under: str = "") -> list[str]:
    """The fenced blocks, of one section where that is named."""
    section = text.partition(f"\n## {under}\n")[2].partition("\n## ")[0] if under else text
    return re.findall(r"^```\w*\n(.*?)^```", section, SECTION)


def test_readme_is_read_in_a_screen_and_a_half() -> None:
    assert len(README.splitlines()) <= LONGEST


def test_setting_up_is_the_two_commands_of_its_first_block() -> None:
    wanted = [f"python3 -m golive {name}" for name in ("rehearse", "selftest")]
    assert blocks(README, "Try it")[0].splitlines() == wanted


def shown_drills() -> dict[str, list[str]]:
    """What README and docs show of rehearsals, by the command that is named above it."""
    go, no_go = blocks(README)[:2]
    found = {"README: healthy": go, "README: silent": no_go}
    drills = re.findall(r"^`golive rehearse ([\w-]+)`\n\n```text\n(.*?)^```", DRILLS, SECTION)
    found |= {f"drills: {fault}": block for fault, block in drills}
    return {name: block.splitlines() for name, block in found.items()}


@pytest.mark.parametrize("name", shown_drills())
def test_drill_shown_is_what_the_drill_prints(name: str, project: Project) -> None:
    fault = name.partition(": ")[2]
    example = str(ROOT / "secrets.example.json")  # tries a Monitor and an MCP server, too
    printed = _without_the_day(
        project.run("golive", "rehearse", fault, "--secrets", example).output
    )
    lines = [_without_the_day(line.rstrip(".")) for line in shown_drills()[name] if line.strip(".")]
    assert [line for line in lines if line not in printed] == []


def test_monitors_lines_in_the_docs_are_those_it_says(
    start: Callable[..., tuple[FakeGateway, Running]],
) -> None:
    (shown,) = (block for block in blocks(DOCS["operate"]) if "[IBKR]" in block)
    gateway, monitor = start()
    monitor.hears("Retrieved")
    lines = shown.replace("4001", str(gateway.port)).splitlines()
    said = [TIME.sub(SHOWN_TIME, line) for line in monitor.lines]
    assert [line for line in said if line in lines] == lines


TIME, SHOWN_TIME = re.compile(r"^\[\d{4}-[^]]*\]"), "[2026-11-23 09:14:02 UTC]"
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
    text = re.sub(r" --secrets \S+", "", re.sub(r"python[\d.]* -m golive", "golive", text))
    text = re.sub(r"^(✓|✗|\u2013|ok|FAIL|-) +", "", text, flags=re.MULTILINE)
    for varying, shown in SHOWN.items():
        text = re.sub(varying, shown, text)
    return text


def test_port_table_is_that_of_the_settings() -> None:
    found = re.findall(
        r"^\| (\d{4}) \| ([^|,]+?)(?:, the fallback)? \|", DOCS["monday"], re.MULTILINE
    )
    assert {int(port): kind for port, kind in found} == PORTS


def test_exit_codes_are_those_of_the_smoke_test() -> None:
    rows = re.findall(r"^\| (\d) \|", DOCS["exit-codes"], re.MULTILINE)
    assert rows == [str(int(code)) for code in Exit]
