"""`golive check` is the master of its run: nothing of the folder it is called in makes it GO."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from golive import __version__
from tests.support.fakes import Fake
from tests.support.projects import ROOT, SECONDS, Outcome, Project, environment, write_secrets

Secrets = Callable[..., Path]


@dataclass(frozen=True)
class Folder:
    """A folder of somebody's own, in which `golive` of a project is called."""

    path: Path
    project: Project

    def golive(self, *words: str, **variables: str) -> Outcome:
        here = {"PYTHONPATH": str(self.project.folder)} | variables
        done = subprocess.run(
            [sys.executable, "-m", "golive", *words],
            cwd=self.path,
            env=environment(**here),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        return Outcome(done.returncode, done.stdout)

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text, encoding="utf-8")

    @property
    def evidence(self) -> list[dict[str, Any]]:
        found = sorted(self.path.glob("reports/runs/*/evidence.json"))
        return [json.loads(each.read_text(encoding="utf-8")) for each in found]


@pytest.fixture
def folder(tmp_path: Path, project: Project) -> Folder:
    path = tmp_path / "of a trader"
    path.mkdir()
    return Folder(path, project)


def settings_here(folder: Folder, port: int, **golive: Any) -> Path:
    return write_secrets(folder.path / "secrets.json", port, **golive)


def test_check_is_the_run_that_pytest_performs(
    folder: Folder, fake: Callable[..., Fake], project: Project, secrets: Secrets
) -> None:
    gateway, other = fake(), fake()
    settings_here(folder, gateway.port)
    done = folder.golive("check")
    assert done.exit_code == 0, done.output
    (checked,) = folder.evidence
    tested = project.rehearse("--secrets", str(secrets(other.port))).evidence
    assert (checked["target"], checked["verdict"]) == ("live", "GO")
    assert [(each["id"], each["outcome"]) for each in checked["steps"]] == [
        (each["id"], each["outcome"]) for each in tested["steps"]
    ]
    assert gateway.connections == 1


def test_settings_are_those_of_the_folder_and_are_named_first(
    folder: Folder, fake: Callable[..., Fake]
) -> None:
    path = settings_here(folder, fake("down").port)
    done = folder.golive("check")
    assert done.exit_code == 1
    assert done.output.splitlines()[0] == f"golive {__version__}  {path.name}"
    assert list(folder.path.glob("reports/runs/*-live"))


def test_folder_without_settings_is_told_so_in_one_line_and_nothing_is_tried(
    folder: Folder,
) -> None:
    done = folder.golive("check")
    assert done.exit_code == 4
    (line,) = [each for each in done.output.splitlines() if each]
    assert f"{folder.path / 'secrets.json'}: no such file" in line
    assert "python -m golive rehearse" in line
    assert list(folder.path.iterdir()) == []


ONLY_COLLECTS = {
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--collect-only"\n',
    "pytest.ini": "[pytest]\naddopts = --collect-only\n",
    "tox.ini": "[pytest]\naddopts = --collect-only\n",
    "conftest.py": "raise SystemExit('a conftest that breaks')\n",
}


def at_once_and_at_night_each(found: dict[str, Any]) -> list[Any]:
    """All together, of which none may count; one alone may be masked by none of the others."""
    apart = [
        pytest.param({key: value}, id=key, marks=pytest.mark.nightly)
        for key, value in found.items()
    ]
    return [pytest.param(found, id="all at once"), *apart]


@pytest.mark.parametrize("files", at_once_and_at_night_each(ONLY_COLLECTS))
def test_files_for_pytest_in_the_folder_count_for_nothing(
    files: dict[str, str], folder: Folder, fake: Callable[..., Fake]
) -> None:
    for name, text in files.items():
        folder.write(name, text)
    settings_here(folder, fake("missing-positions").port)
    done = folder.golive("check")
    assert done.exit_code == 1, done.output
    assert folder.evidence[0]["diagnosis"]["code"] == "positions-mismatch"
    assert not (folder.path / ".pytest_cache").exists()


VARIABLES = {
    "PYTEST_ADDOPTS": "--collect-only --no-such-option",
    "PYTEST_PLUGINS": "plugin_of_somebody",
    "PYTEST_TIMEOUT": "0.001",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}


@pytest.mark.parametrize(
    "variables",
    [
        *at_once_and_at_night_each(VARIABLES),
        pytest.param({"PYTEST_ADDOPTS": "--collect-only"}, marks=pytest.mark.nightly),
    ],
)
def test_variables_for_pytest_count_for_nothing(
    variables: dict[str, str], folder: Folder, fake: Callable[..., Fake]
) -> None:
    folder.write("plugin_of_somebody.py", "raise SystemExit('a plugin that breaks')\n")
    settings_here(folder, fake("missing-positions").port)
    done = folder.golive("check", **variables)
    assert done.exit_code == 1, done.output
    assert folder.evidence[0]["diagnosis"]["code"] == "positions-mismatch"


LIBRARIES = ("pytest", "argparse", "pytest_order", "psutil")


@pytest.fixture(scope="module")
def rehearsed(project: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[Folder, Outcome]:
    """A rehearsal without settings, where modules of somebody have the names of libraries'."""
    here = Folder(tmp_path_factory.mktemp("of a trader"), project)
    for name in LIBRARIES:
        here.write(f"{name}.py", "raise SystemExit('a module of somebody')\n")
    state = str(tmp_path_factory.mktemp("state"))
    return here, here.golive("rehearse", "-vv", GOLIVE_STATE=state, GOLIVE_BOOTSTRAP="off")


def test_modules_in_the_folder_are_not_taken_for_those_of_a_library(
    rehearsed: tuple[Folder, Outcome],
) -> None:
    _, done = rehearsed
    assert done.exit_code == 0, done.output
    assert "a module of somebody" not in done.output


def test_plugins_that_happen_to_be_installed_are_not_loaded(
    rehearsed: tuple[Folder, Outcome],
) -> None:
    _, done = rehearsed
    (line,) = [each for each in done.output.splitlines() if each.startswith("plugins: ")]
    names = {each.rpartition("-")[0] for each in line.removeprefix("plugins: ").split(", ")}
    assert names == {"timeout", "order"}


def test_rehearsal_needs_no_settings_and_leaves_its_reports_here(
    rehearsed: tuple[Folder, Outcome],
) -> None:
    here, done = rehearsed
    assert done.exit_code == 0, done.output
    assert [each["verdict"] for each in here.evidence] == ["GO"]
    left = {each.name for each in here.path.iterdir()} - {f"{name}.py" for name in LIBRARIES}
    assert left == {"reports"}


def test_own_steps_of_a_clone_are_those_that_are_performed(
    own_project: Project, tmp_path: Path
) -> None:
    holds = "assert positions.is_complete"
    own_project.edit(
        "acceptance/test_4_positions.py", holds, f"{holds}\n    assert False, 'edited'"
    )
    here = Folder(tmp_path, own_project)
    assert here.golive("rehearse").exit_code == 1
    failed = [each["id"] for each in here.evidence[0]["steps"] if each["outcome"] == "failed"]
    assert failed == ["positions.complete"]


def test_what_is_to_be_typed_next_is_what_was_typed(folder: Folder) -> None:
    done = folder.golive("rehearse", "refuses")
    assert done.exit_code == 1
    assert "python -m golive rehearse refuses" in done.output
    assert "python -m golive rehearse --fallback" in done.output
    assert "pytest acceptance" not in done.output


def test_fallback_that_follows_is_checked_by_golive_and_reported_beside_it(
    folder: Folder, fake: Callable[..., Fake]
) -> None:
    paper = "DU7654321"
    tws = fake("--account", paper, "--positions", "7")
    there = {"Port": tws.port, "ExpectedAccount": paper, "ExpectedPositions": 7}
    settings_here(folder, fake("refuses").port, Fallback=there, AutoFallback=True)
    folder.write("pytest.ini", ONLY_COLLECTS["pytest.ini"])
    done = folder.golive("check", "-q")
    assert done.exit_code == 0, done.output
    assert "AutoFallback, once: python -m golive check --fallback" in done.output
    assert sorted(each["target"] for each in folder.evidence) == ["fallback", "live"]
    assert tws.connections == 1


def test_soak_is_rehearsed_by_its_own_command(folder: Folder) -> None:
    done = folder.golive("soak", "--fake", "-q")
    assert done.exit_code == 0, done.output
    assert [each["plan"] for each in folder.evidence] == ["soak"]


def test_reports_are_where_they_are_asked_to_be(folder: Folder, tmp_path: Path) -> None:
    done = folder.golive("rehearse", "down", "--reports", "../named")
    assert len(list(tmp_path.glob("named/runs/*-fake"))) == 1, done.output
    assert "python -m golive rehearse down --reports ../named" in done.output
    folder.golive("rehearse", "-q", GOLIVE_REPORTS=str(tmp_path / "told"))
    assert len(list(tmp_path.glob("told/runs/*-fake"))) == 1
    assert list(folder.path.iterdir()) == []


def test_pytest_finds_settings_and_reports_as_golive_does(
    folder: Folder, project: Project, fake: Callable[..., Fake]
) -> None:
    path = settings_here(folder, fake().port)
    command = [sys.executable, "-m", "pytest", str(project.folder / "acceptance"), "-m", "golive"]
    variables = environment(PYTHONPATH=str(project.folder))
    done = subprocess.run(
        command, cwd=folder.path, env=variables, capture_output=True, encoding="utf-8", timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"golive {__version__}  {path.name}\n")
    assert [each["target"] for each in folder.evidence] == ["live"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("chek",), "no command 'chek'; did you mean check? `golive` alone lists them"),
        (
            ("--versoin",),
            "no command '--versoin'; did you mean --version? `golive` alone lists them",
        ),
        (("xyzzy",), "no command 'xyzzy'; `golive` alone lists them"),
        (("check", "--bogus"), "unrecognized arguments: --bogus"),
        (("check", "--override", " "), '--override needs a reason: --override "why'),
        (("rehearse", "silent", "leaky"), "unrecognized arguments: leaky"),
    ],
)
def test_bad_usage_is_one_line_and_exit_4(
    words: tuple[str, ...], said: str, project: Project
) -> None:
    done = project.run("golive", *words)
    assert (done.exit_code, done.output.count("\n")) == (4, 1)
    assert said in done.output


def test_unknown_fault_is_reported_with_the_nearest_name(folder: Folder) -> None:
    done = folder.golive("rehearse", "silnt")
    assert done.exit_code == 4
    (line,) = [each for each in done.output.splitlines() if each]
    assert "no fault 'silnt'; did you mean silent? golive rehearse --list shows them all" in line
    assert not list(folder.path.glob("reports/runs/*"))


def test_faults_are_listed_a_line_each(project: Project) -> None:
    done = project.run("golive", "rehearse", "--list")
    assert done.exit_code == 0
    names = [line.split()[0] for line in done.output.splitlines()]
    assert {"healthy", "silent", "zombies"} <= set(names)
    assert all(len(line.split()) > 2 for line in done.output.splitlines())


def test_golive_alone_shows_all_commands_on_one_screen(project: Project) -> None:
    done = project.run("golive")
    lines = done.output.splitlines()
    assert (done.exit_code, len(lines) <= 24) == (0, True)
    assert max(map(len, lines)) <= 80
    commands = {path.stem for path in (ROOT / "golive" / "cli").glob("*.py")}
    shown = {line.split()[0] for line in lines if line.startswith("  ")}
    assert shown <= commands


@pytest.mark.parametrize("command", ["check", "rehearse", "soak"])
def test_help_of_80_columns_splits_no_verdict(command: str, folder: Folder) -> None:
    told = folder.golive(command, "--help", COLUMNS="80").output
    assert "\nExit code 0: GO, 1: NO-GO, 2: interrupted, 4: usage or settings.\n" in told
    assert "NO-\n" not in told


def test_version_says_all_that_a_report_should_name(project: Project) -> None:
    done = project.run("golive", "--version")
    assert done.exit_code == 0
    heads = [line.split()[0] for line in done.output.splitlines()]
    assert heads == ["golive", "fake", "ibapi", "Python"]


@pytest.mark.skipif(os.name == "nt", reason="counts what POSIX reports")
def test_health_check_imports_nothing_but_the_standard_library(folder: Folder) -> None:
    code = (
        "import sys; from golive.cli.main import main; main(['health']);"
        "print({each.partition('.')[0] for each in sys.modules} - set(sys.stdlib_module_names))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder.project.folder,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert "pydantic" not in done.stdout
    assert "psutil" not in done.stdout
