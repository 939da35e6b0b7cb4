"""Exactly one ibapi, the pinned version, unmodified: each of the three can be made to fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import ibapi
import pytest

from golive.machine import installed
from tests.support.projects import Project, Rehearsal, environment

SITE = Path(sysconfig.get_paths()["purelib"])
(OWNER,) = installed.read().distributions
DISTRIBUTION = OWNER.replace("-", "_").replace(" ", "-") + ".dist-info"

linked = pytest.mark.skipif(os.name == "nt", reason="lays out packages with symbolic links")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The installed packages once more, with an ibapi of its own that may be changed."""
    folder = tmp_path / "site"
    folder.mkdir()
    for entry in SITE.iterdir():
        if entry.name == "ibapi" or entry.name == DISTRIBUTION:
            shutil.copytree(entry, folder / entry.name)
        elif not entry.name.endswith(".pth"):
            (folder / entry.name).symlink_to(entry)
    return folder


def rehearse(project: Project, *sites: Path) -> Rehearsal:
    """A rehearsal that sees these folders of packages and no others."""
    before = project.runs
    done = subprocess.run(
        [sys.executable, "-S", "-m", "pytest", "acceptance", "-m", "golive", "--fake"],
        cwd=project.folder,
        env=environment(PYTHONPATH=os.pathsep.join(map(str, sites))),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    (folder,) = (each for each in project.runs if each not in before)
    return Rehearsal(done.returncode, done.stdout, folder)


def assert_no_go(run: Rehearsal, failed: str) -> None:
    assert run.exit_code == 1, run.output
    assert run.having("failed") == [failed]
    assert run.evidence["diagnosis"]["code"] == "ibapi-not-the-one"
    assert run.evidence["attempts"] == run.connections == 0


@linked
def test_untouched_copy_is_go(project: Project, site: Path) -> None:
    run = rehearse(project, site)
    assert run.exit_code == 0, run.output


@linked
def test_missing_ibapi_is_no_go_and_no_traceback(project: Project, site: Path) -> None:
    shutil.rmtree(site / "ibapi")
    shutil.rmtree(site / DISTRIBUTION)
    run = rehearse(project, site)
    assert_no_go(run, "environment.one-ibapi")
    assert "Traceback" not in run.output


@linked
def test_second_ibapi_on_the_import_path_is_no_go(
    project: Project, site: Path, tmp_path: Path
) -> None:
    shutil.copytree(site / "ibapi", tmp_path / "unpacked" / "ibapi")
    run = rehearse(project, site, tmp_path / "unpacked")
    assert_no_go(run, "environment.one-ibapi")
    assert len(run.steps["environment.one-ibapi"]["observed"]["folders"]) == 2


@linked
def test_second_distribution_that_owns_the_same_folder_is_no_go(
    project: Project, site: Path
) -> None:
    other = site / "ibapi-9.81.1.post1.dist-info"
    shutil.copytree(site / DISTRIBUTION, other)
    metadata = other / "METADATA"
    text = metadata.read_text(encoding="utf-8").replace("Name: ibapi-stable", "Name: ibapi")
    metadata.write_text(text, encoding="utf-8")
    assert_no_go(rehearse(project, site), "environment.one-ibapi")


@linked
@pytest.mark.parametrize("change", ["altered", "added", "removed"])
def test_changed_file_of_ibapi_is_no_go_and_named(
    change: str, project: Project, site: Path
) -> None:
    name = {"altered": "connection.py", "added": "patched.py", "removed": "news.py"}[change]
    file = site / "ibapi" / name
    if change == "removed":
        file.unlink()
    else:
        with file.open("a", encoding="utf-8") as text:
            text.write("# changed\n")
    run = rehearse(project, site)
    assert_no_go(run, "environment.ibapi-unmodified")
    observed = run.steps["environment.ibapi-unmodified"]["observed"]
    assert observed["changed"] == [f"ibapi/{name}"]


def test_other_version_than_the_pinned_one_is_no_go(project: Project, secrets: object) -> None:
    path = secrets(4001, ApiVersion="10.50.2")  # type: ignore[operator]
    run = project.rehearse("--fake", "--secrets", str(path))
    assert_no_go(run, "environment.ibapi-version")


def test_asking_imports_nothing_of_ibapi() -> None:
    look = "from golive.machine import installed; installed.read()"
    code = f"import sys; {look}; print('ibapi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert installed.read().version == ibapi.get_version_string()
