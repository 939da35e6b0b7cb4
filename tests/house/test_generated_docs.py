"""The generated pages of docs/ are those that the code makes now."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence

import pytest

from golive.diagnosis.decision_tree import TREE, UNEXPLAINED
from tests.support.generated import causes, drills, markdown
from tests.support.projects import ROOT

DOCS = ROOT / "docs"
CODES = [branch.code for branch in (*TREE, UNEXPLAINED)]


def made(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.support.generated", *words]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False, timeout=120
    )


def test_no_generated_page_is_stale() -> None:
    done = made("--check")
    cure = "make them again: nox -s generated, or python -m tests.support.generated"
    assert done.returncode == 0, f"{done.stdout}{done.stderr}{cure}"


@pytest.mark.parametrize("variables", [{"TZ": "Asia/Tokyo", "COLUMNS": "40"}, {"LANG": "C"}])
def test_pages_do_not_depend_on_who_makes_them(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert made("--check").stdout == ""


def test_each_code_that_a_run_can_say_has_its_page() -> None:
    there = {path.stem for path in (DOCS / "causes").glob("*.md")}
    assert there == {*CODES, "index", "procedures"}


def test_each_drill_stands_on_the_page_of_its_cause() -> None:
    for drill in drills.DRILLS:
        if drill.code:
            page = (DOCS / "causes" / f"{drill.code}.md").read_text(encoding="utf-8")
            assert f"`{drill.command}`" in page


@pytest.mark.parametrize("folder", ["causes", "reference", "."])
def test_links_of_generated_pages_lead_somewhere(folder: str) -> None:
    for path in (DOCS / folder).glob("*.md"):
        text = path.read_text(encoding="utf-8")
        if not text.startswith(markdown.NOTE):
            continue
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


@pytest.mark.parametrize(
    ("texts", "lines"),
    [
        (["Wait."], ["1. Wait."]),
        (["Run this once: golive check"], ["1. Run this once: `golive check`"]),
        (["End it: kill 8", "End it: taskkill 8"],
         ["1. End it:", "    - Linux: `kill 8`", "    - Windows: `taskkill 8`"]),
    ],
)  # fmt: skip
def test_command_of_a_step_is_shown_as_one_for_each_platform(
    texts: Sequence[str], lines: Sequence[str]
) -> None:
    told = dict(zip(("Linux", "Windows"), texts, strict=False))
    assert list(causes.numbered(1, told)) == lines
