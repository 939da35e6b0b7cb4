"""The fake as anybody installs it: its wheel, beside a pytest and a protobuf of another project."""

from __future__ import annotations

import email
import hashlib
import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest

import fake_ib_gateway
from tests.support.clients import environments
from tests.support.projects import ROOT, environment

PLUGIN = "fake_ib_gateway.pytest_plugin"
SECONDS = 120.0

USING = """
def test_of_somebody(fake_gateway, make_fake_gateway):
    import socket
    socket.create_connection(("127.0.0.1", fake_gateway.port), 10).close()
    fake_gateway.wait_for("closed")
    assert make_fake_gateway(3).orders_received == 0
"""
NOT_USING = """
import sys
def test_of_somebody():
    assert "fake_ib_gateway.pytest_plugin" in sys.modules
    ours = [each for each in sys.modules if each.startswith("fake_ib_gateway")]
    assert ours == ["fake_ib_gateway", "fake_ib_gateway.pytest_plugin"]
    assert not any(each.startswith("google.protobuf") for each in sys.modules)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the wheel."""
    pytest.importorskip("hatchling", reason="nothing builds wheels here")
    folder = tmp_path_factory.mktemp("built")
    pip_wheel(ROOT / "fakes", folder)
    return folder


@pytest.fixture(scope="module")
def site(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the wheel is installed, its command in `bin` or `Scripts`."""
    folder = tmp_path_factory.mktemp("site")
    python = str(environments.python("ib_async"))
    target = ("--target", str(folder), "--no-deps", "--no-index", str(wheel_in(built)))
    run(python, "-I", "-m", "pip", "--disable-pip-version-check", "install", "-q", *target)
    return folder


def run(*command: str, cwd: Path = ROOT, **env: str) -> str:
    """What a command that succeeds says."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pip_wheel(project: Path, folder: Path) -> None:
    options = ("--no-deps", "--no-build-isolation", "--no-index", "-q", "-w", str(folder))
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", *options, str(project), cwd=folder)


def wheel_in(folder: Path) -> Path:
    (wheel,) = folder.glob("*.whl")
    return wheel


def pytest_of_somebody(site: Path, folder: Path, test: str, *options: str) -> str:
    """What a pytest that has the wheel says of one test of somebody's."""
    (folder / "test_somebody.py").write_text(test, encoding="utf-8")
    python = str(environments.python("ib_async"))
    words = ("-q", "--rootdir", str(folder), *options)
    return run(python, "-m", "pytest", *words, cwd=folder, PYTHONPATH=str(site))


def test_fixtures_are_there_without_a_word(site: Path, tmp_path: Path) -> None:
    assert "1 passed" in pytest_of_somebody(site, tmp_path, USING)


def test_who_names_the_plugin_all_the_same_does_no_harm(site: Path, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(f'pytest_plugins = ["{PLUGIN}"]\n', encoding="utf-8")
    assert "1 passed" in pytest_of_somebody(site, tmp_path, USING, "-p", PLUGIN)


def test_plugin_can_be_asked_for_where_none_is_loaded_by_itself(site: Path, tmp_path: Path) -> None:
    options = ("--disable-plugin-autoload", "-p", PLUGIN)
    assert "1 passed" in pytest_of_somebody(site, tmp_path, USING, *options)


def test_fake_is_not_even_imported_where_nobody_asks_for_it(site: Path, tmp_path: Path) -> None:
    assert "1 passed" in pytest_of_somebody(site, tmp_path, NOT_USING)


def test_command_is_the_module(site: Path, tmp_path: Path) -> None:
    (command,) = (path for name in ("bin", "Scripts") for path in site.glob(f"{name}/fake-ib-*"))
    python = str(environments.python("ib_async"))
    for words in (["--version"], ["--help"], ["--list-faults"], ["record", "--help"]):
        said = run(str(command), *words, cwd=tmp_path, PYTHONPATH=str(site))
        module = (python, "-m", "fake_ib_gateway", *words)
        assert said == run(*module, cwd=tmp_path, PYTHONPATH=str(site))
        assert "fake-ib-gateway" in said or words == ["--list-faults"]


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as file:
        (name,) = (each for each in file.namelist() if each.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(file.read(name))


def contents(wheel: Path) -> dict[str, str]:
    """The digest of each file."""
    with zipfile.ZipFile(wheel) as file:
        return {name: hashlib.sha256(file.read(name)).hexdigest() for name in file.namelist()}


def test_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    names = set(contents(wheel_in(built)))
    assert {name.partition("/")[0] for name in names} == {
        "fake_ib_gateway",
        f"fake_ib_gateway-{fake_ib_gateway.__version__}.dist-info",
    }
    package = Path(fake_ib_gateway.__file__).parent
    there = {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there <= names
    assert "fake_ib_gateway/py.typed" in there


def test_metadata_names_no_address_and_its_page_leads_nowhere_else(built: Path) -> None:
    told = metadata(wheel_in(built))
    assert told["Name"] == "fake-ib-gateway"
    assert told["License-Expression"] == "MIT"
    absent = ("Home-page", "Project-URL", "Author", "Author-email", "Maintainer", "Download-URL")
    assert [name for name in absent if name in told] == []
    page = str(told.get_payload())
    assert page.startswith("# ")
    links = re.findall(
        r"\]\(([^)]+)\)", page
    )  # none is relative to a clone: a reader may have none
    assert [link for link in links if not link.startswith(("#", "https://"))] == []


def test_source_distribution_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    hatchling = (sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path))
    run(*hatchling, cwd=ROOT / "fakes")
    (source,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(source) as file:
        file.extractall(tmp_path / "source", filter="data")
    (project,) = (tmp_path / "source").iterdir()
    beside = {"LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}
    there = {path.name for path in project.iterdir()} - {".gitignore"}  # hatchling's own choice
    assert there == {"fake_ib_gateway", *beside}
    pip_wheel(project, tmp_path)
    assert contents(wheel_in(tmp_path)) == contents(wheel_in(built))
