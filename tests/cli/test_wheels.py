"""What `pip install` of the two wheels gives: a golive that needs no clone.

Built once a session. As a rule the environment borrows what golive depends on from the one that the
tests run in, which takes seconds; with GOLIVE_WHEELS=alone it has nothing but the wheels and what
they ask for, from the lock.
"""

from __future__ import annotations

import email
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from golive import __version__
from tests.support.projects import ROOT, SECONDS, Outcome, Project, environment, write_secrets

pytestmark = pytest.mark.wheels

IS_ALONE = os.environ.get("GOLIVE_WHEELS") == "alone"
LOCK = ROOT / "requirements" / "run.txt"
BUILDING = 120.0
FILES = (
    "conftest.py", "secrets.example.json", "README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml",
    ".gitignore",
)  # fmt: skip


def ran(*command: str, cwd: Path, seconds: float = SECONDS) -> Outcome:
    """Without a clone, and without what this environment imports from one."""
    given = environment()
    for name in ("PYTHONPATH", "GOLIVE_BOOTSTRAP", "VIRTUAL_ENV"):
        given.pop(name, None)
    done = subprocess.run(
        command,
        cwd=cwd,
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=seconds,
        check=False,
    )
    return Outcome(done.returncode, done.stdout)


def needs(config: pytest.Config, *modules: str) -> None:
    """Skips where one is missing, unless `-m wheels` asks for it."""
    lacking = [each for each in modules if find_spec(each) is None]
    if lacking and "wheels" in re.findall(r"\w+", config.option.markexpr):
        pytest.fail(f"needs {', '.join(lacking)}: requirements/wheels.txt", pytrace=False)
    if lacking:
        pytest.skip(f"needs {', '.join(lacking)}: requirements/wheels.txt")


def built(folder: Path, kind: str, to: Path) -> Path:
    """The wheel or the sdist of a project. Its name is told by what is new there."""
    before = set(to.iterdir()) if to.exists() else set()
    done = ran(
        sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(to), cwd=folder,
        seconds=BUILDING,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    (new,) = set(to.iterdir()) - before
    return new


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean copy of what is built, with the example as it is."""
    folder = tmp_path_factory.mktemp("tree")
    for name in ("golive", "acceptance", "fakes"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in FILES:
        shutil.copy2(ROOT / file, folder)
    return folder


@pytest.fixture(scope="session")
def dist(pytestconfig: pytest.Config, tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both wheels."""
    needs(pytestconfig, "hatchling")
    folder = tmp_path_factory.mktemp("dist")
    for each in (tree, tree / "fakes"):
        built(each, "wheel", folder)
    return folder


@dataclass(frozen=True)
class Installed:
    """An environment with golive, called in a folder of somebody's own."""

    environment: Path

    @property
    def scripts(self) -> Path:
        return self.environment / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> str:
        return str(self.scripts / "python")

    @property
    def site(self) -> Path:
        return Path(sysconfig.get_path("purelib", "venv", {"base": str(self.environment)}))

    def pip(self, *words: str) -> None:
        command = [sys.executable, "-m", "pip", "--python", self.python, "install", "-q", *words]
        done = ran(*command, "--disable-pip-version-check", cwd=self.environment, seconds=BUILDING)
        assert done.exit_code == 0, done.output

    def program(self, name: str) -> str:
        return str(self.scripts / name)

    def golive(self, *words: str, cwd: Path) -> Outcome:
        return ran(self.program("golive"), *words, cwd=cwd)


def new_environment(folder: Path, *, is_alone: bool = IS_ALONE) -> Installed:
    """With all that golive depends on, and without golive."""
    venv.create(folder, with_pip=False)
    made = Installed(folder)
    if is_alone:
        made.pip("--require-hashes", "-r", str(LOCK))
    else:
        borrowed = sysconfig.get_path("purelib")
        (made.site / "borrowed.pth").write_text(f"{borrowed}\n", encoding="utf-8")
    return made


@pytest.fixture(scope="session")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    made = new_environment(tmp_path_factory.mktemp("installed") / "env")
    made.pip("--no-deps", "--no-index", *map(str, dist.iterdir()))
    return made


@contextmanager
def gateway(made: Installed, folder: Path) -> Iterator[int]:
    """`fake-ib-gateway`, started by hand: its port."""
    command = [made.program("fake-ib-gateway"), "--port", "0", "--stop-with-stdin"]
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline().rpartition(":")[2])
        finally:
            process.stdin.close()
            process.wait(SECONDS)


def evidence(folder: Path) -> list[dict[str, Any]]:
    found = sorted(folder.glob("reports/runs/*/evidence.json"))
    return [json.loads(each.read_text(encoding="utf-8")) for each in found]


# used


def test_rehearsal_in_an_empty_folder_is_go_with_monitor_and_mcp(
    installed: Installed, tmp_path: Path
) -> None:
    done = installed.golive("rehearse", cwd=tmp_path)
    assert done.exit_code == 0, done.output
    (found,) = evidence(tmp_path)
    assert {each["outcome"] for each in found["steps"]} == {"passed"}
    assert {"monitor", "mcp"} <= {each["stage"] for each in found["steps"]}
    left = {each.name for each in tmp_path.iterdir()} - {"state"}  # which is where tests remember
    assert left == {"reports"}
    assert str(ROOT) not in done.output
    example = installed.site / "golive" / "acceptance" / "secrets.example.json"
    assert done.output.startswith(f"golive {__version__}  {example}\n")


def test_procedure_is_performed_against_the_gateway_of_the_settings(
    installed: Installed, tmp_path: Path
) -> None:
    with gateway(installed, tmp_path) as port:
        path = write_secrets(tmp_path / "secrets.json", port, Monitor={}, Mcp={})
        done = installed.golive("check", cwd=tmp_path)
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"golive {__version__}  {path.name}\n")
    (found,) = evidence(tmp_path)
    assert (found["target"], found["verdict"]) == ("live", "GO")
    run = found["run_id"]
    verified = installed.golive("report", "verify", run, cwd=tmp_path)
    assert verified.last_line.startswith("VERIFIED"), verified.output
    assert installed.golive("report", "write", run, cwd=tmp_path).exit_code == 0
    assert installed.golive("report", "index", cwd=tmp_path).exit_code == 0
    assert "1 GO" in installed.golive("report", "summary", cwd=tmp_path).output


def test_no_go_names_the_command_that_was_typed(installed: Installed, tmp_path: Path) -> None:
    done = installed.golive("rehearse", "silent", cwd=tmp_path)
    assert done.exit_code == 1
    assert "golive rehearse silent" in done.output
    assert "pytest acceptance" not in done.output
    assert "python -m golive" not in done.output


def test_smoke_card_schema_and_service_need_no_clone(installed: Installed, tmp_path: Path) -> None:
    with gateway(installed, tmp_path) as port:
        write_secrets(tmp_path / "secrets.json", port)
        smoke = installed.golive("smoke", cwd=tmp_path)
    assert smoke.exit_code == 0, smoke.output
    card = installed.golive("card", cwd=tmp_path)
    assert "golive check" in card.output
    assert installed.golive("schema", cwd=tmp_path).exit_code == 0
    service = installed.golive("service", cwd=tmp_path)
    assert f"WorkingDirectory={tmp_path}\n" in service.output
    assert " -P -m golive monitor" in service.output


@pytest.mark.skipif(os.name == "nt", reason="stops the Monitor by a POSIX signal")
def test_monitor_is_kept_and_its_health_is_told(installed: Installed, tmp_path: Path) -> None:
    with gateway(installed, tmp_path) as port:
        write_secrets(tmp_path / "secrets.json", port, Monitor={"HealthPort": 0})
        with subprocess.Popen(
            [installed.program("golive"), "monitor"],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ) as monitor:
            assert monitor.stdout is not None
            said = []
            for line in monitor.stdout:
                said.append(line)
                if "Retrieved" in line:
                    break
            health = installed.golive("health", cwd=tmp_path)
            monitor.terminate()
            assert monitor.wait(SECONDS) == 0, said
    assert health.output.startswith("GOLIVE OK"), health.output


@pytest.mark.parametrize("how", ["name", "path"])
def test_pytest_alone_never_makes_the_installed_steps_a_go(
    how: str, installed: Installed, tmp_path: Path
) -> None:
    steps = ["--pyargs", "golive.acceptance"]
    if how == "path":
        steps = [str(installed.site / "golive" / "acceptance")]
    done = ran(installed.python, "-m", "pytest", *steps, "-m", "golive", cwd=tmp_path)
    assert done.exit_code == 4, done.output
    assert ("golive check" in done.output) is (how == "path")
    assert not (tmp_path / "reports").exists()


def test_other_peoples_pytest_has_the_fake_and_nothing_of_the_procedure(
    installed: Installed, tmp_path: Path
) -> None:
    (tmp_path / "test_of_a_trader.py").write_text(
        "import socket, sys\n"
        "def test_gateway_listens(fake_gateway):\n"
        "    socket.create_connection(('127.0.0.1', fake_gateway.port), 5).close()\n"
        "    assert not [each for each in sys.modules if each.startswith('golive.plugin')]\n",
        encoding="utf-8",
    )
    done = ran(installed.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert done.exit_code == 0, done.output


def test_selftest_of_an_installed_golive_says_that_it_needs_a_clone(
    installed: Installed, tmp_path: Path
) -> None:
    done = installed.golive("selftest", cwd=tmp_path)
    assert (done.exit_code, done.output.count("\n")) == (4, 1)
    assert "run selftest in a clone" in done.output


def test_editable_install_performs_the_clones_own_steps_from_anywhere(
    pytestconfig: pytest.Config, own_project: Project, tmp_path: Path
) -> None:
    needs(pytestconfig, "hatchling", "editables")
    made = new_environment(tmp_path / "env", is_alone=False)
    clone = own_project.folder
    holds = "assert positions.is_complete"
    made.pip("--no-deps", "--no-build-isolation", "-e", str(clone), "-e", str(clone / "fakes"))
    here = tmp_path / "here"
    here.mkdir()
    assert made.golive("rehearse", cwd=here).exit_code == 0
    own_project.edit("acceptance/test_4_positions.py", holds, f"{holds}\n    assert False")
    done = made.golive("rehearse", cwd=here)
    assert done.exit_code == 1, done.output
    assert not (clone / ".venv").exists()


# looked at


def test_wheels_hold_one_package_each_and_what_is_promised(dist: Path) -> None:
    for wheel in dist.iterdir():
        with zipfile.ZipFile(wheel) as file:
            names = file.namelist()
            (metadata,) = (each for each in names if each.endswith(".dist-info/METADATA"))
            about = email.message_from_bytes(file.read(metadata))
            entries = file.read(metadata.replace("METADATA", "entry_points.txt")).decode()
        tops = {each.partition("/")[0] for each in names if ".dist-info/" not in each}
        package = about["Name"].replace("-", "_")
        assert tops == {package}
        assert f"{package}/py.typed" in names
        assert not [each for each in names if "__pycache__" in each]
        assert about["License-Expression"] == "MIT"
        assert about.get_all("Project-URL") is None
        assert about["Description-Content-Type"] == "text/markdown"
        assert ("pytest11" in entries) is (package == "fake_ib_gateway")


def test_wheel_carries_the_steps_their_conftest_and_the_example(dist: Path) -> None:
    (wheel,) = dist.glob("golive-*.whl")
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
        told = file.read("golive/acceptance/conftest.py")
    steps = {f"golive/acceptance/{each.name}" for each in (ROOT / "acceptance").glob("test_*.py")}
    assert names >= steps | {"golive/acceptance/secrets.example.json", "golive/plugin/pytest.ini"}
    assert told == (ROOT / "conftest.py").read_bytes()


@pytest.mark.parametrize("part", [".", "fakes"])
def test_sdist_builds_the_same_wheel(part: str, dist: Path, tree: Path, tmp_path: Path) -> None:
    sdist = built(tree / part, "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as file:
        file.extractall(tmp_path / "unpacked", filter="data")
    (folder,) = (tmp_path / "unpacked").iterdir()
    again = built(folder, "wheel", tmp_path / "again")
    with zipfile.ZipFile(again) as second, zipfile.ZipFile(dist / again.name) as first:
        assert first.namelist() == second.namelist()
        assert [each for each in first.namelist() if first.read(each) != second.read(each)] == []


def test_what_an_index_would_look_at_is_in_order(
    pytestconfig: pytest.Config, dist: Path, tree: Path, tmp_path: Path
) -> None:
    needs(pytestconfig, "twine", "check_wheel_contents")
    sdists = [built(tree / each, "sdist", tmp_path) for each in (".", "fakes")]
    wheels = [str(each) for each in dist.iterdir()]
    twine = ran(
        sys.executable, "-m", "twine", "check", "--strict", *wheels, *map(str, sdists), cwd=tmp_path
    )
    assert twine.exit_code == 0, twine.output
    looked = ran(sys.executable, "-m", "check_wheel_contents", *wheels, cwd=tmp_path)
    assert looked.exit_code == 0, looked.output


def test_uvx_runs_golive_of_a_folder_of_wheels(
    pytestconfig: pytest.Config, dist: Path, tmp_path: Path
) -> None:
    needs(pytestconfig, "uv")
    uv = shutil.which("uv", path=sysconfig.get_path("scripts"))
    assert uv is not None
    (fake,), (golive,) = dist.glob("fake_ib_gateway-*.whl"), dist.glob("golive-*.whl")
    command = [uv, "tool", "run", "--python", sys.executable, "--with", str(fake)]
    run = ("--from", str(golive), "golive", "rehearse", "-q")
    done = ran(*command, *run, cwd=tmp_path, seconds=300)
    assert done.exit_code == 0, done.output
    assert [each["verdict"] for each in evidence(tmp_path)] == ["GO"]
