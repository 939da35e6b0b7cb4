"""What would perform the steps in parallel, again, in another order or in part is refused.

Proven with the plugins themselves, unmodified, which a run finds by PYTHONPATH.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from golive.plugin.refused_options import OPTIONS
from tests.support.clients import environments
from tests.support.fakes import Fake
from tests.support.projects import Project

TYPED = """
    --pdb --trace -n=auto --dist=load -d --tx=popen --looponfail --workers=1 --tests-per-worker=auto
    --parallel-threads=auto --iterations=2 --forever --forked --reruns=1 --force-reruns=1
    --retries=1 --force-flaky --count=2 --flake-finder --random-order --random-order-bucket=module
    --random-order-seed=1 --reverse --splits=2 --num-shards=2 --setup-only --setup-plan
"""
HARMLESS = "-n 0 --dist no --reruns 0 --count 1 --iterations 1 --num-shards 1"
INI = ("reruns", "retries", "workers", "tests_per_worker")
MARKERS = ("flaky(reruns=1)", "repeat(2)", "iterations(2)", "parallel_threads(2)", "forked")


@pytest.fixture(scope="module")
def plugins() -> str:
    """The folder of the plugins, all of them."""
    return str(environments.packages("pytest-plugins"))


def refusal(project: Project, *words: str, **variables: str) -> str:
    """What a go-live run says that is refused before anything is begun."""
    before = project.runs
    done = project.run("pytest", "acceptance", "-m", "golive", *words, **variables)
    assert done.exit_code == 4, done.output
    assert done.output.isascii()
    assert "Traceback" not in done.output
    assert "INTERNALERROR" not in done.output
    assert project.runs == before
    return "\n".join(line for line in done.output.splitlines() if line.startswith("ERROR: "))


def test_each_option_is_refused_with_the_reason_and_the_way_out(
    project: Project, plugins: str
) -> None:
    lines = refusal(project, "--fake", *TYPED.split(), PYTHONPATH=plugins).splitlines()
    refused = [line.split()[1] for line in lines]
    assert sorted(refused) == sorted(typed for typed, _ in OPTIONS.values())
    assert {word.partition("=")[0] for word in TYPED.split()} == {*refused} - {"pytest-randomly"}
    assert all(", but " in line or "hold the gateway's connection" in line for line in lines)
    assert all("leave it out" in line for line in lines if "pytest-randomly" not in line)
    assert sum("add -p no:randomly" in line for line in lines) == 1


def test_the_same_in_the_ini_file_is_refused(project: Project, plugins: str) -> None:
    words = [word for name in INI for word in ("-o", f"{name}=1")]
    said = refusal(project, "--fake", "-p", "no:randomly", *words, PYTHONPATH=plugins)
    assert [line.split()[1] for line in said.splitlines()] == sorted(INI, key=[*OPTIONS].index)


def test_plugins_that_are_not_asked_for_anything_change_nothing(
    project: Project, plugins: str
) -> None:
    words = ("--fake", "-p", "no:randomly", *HARMLESS.split())
    run = project.rehearse(*words, PYTHONPATH=plugins)
    assert run.exit_code == 0, run.output
    assert run.connections == run.evidence["attempts"] == 1


ALIKE = [pytest.param(it, marks=pytest.mark.nightly) for it in ("--reruns 1", "--count 2")]
"""They perform a step again, in this process; that each is refused is proven for every change."""


@pytest.mark.parametrize("option", ["-n 2", "-f", "--workers 2", *ALIKE])
def test_live_gateway_sees_no_connection(
    option: str,
    project: Project,
    plugins: str,
    fake: Callable[..., Fake],
    secrets: Callable[..., Path],
) -> None:
    gateway = fake()
    words = ("--secrets", str(secrets(gateway.port)), "-p", "no:randomly")
    said = refusal(project, *words, PYTHONPATH=plugins, PYTEST_ADDOPTS=option)
    assert said.count("ERROR: ") == 1
    assert gateway.connections == 0


def test_option_in_the_projects_own_addopts_is_refused(own_project: Project, plugins: str) -> None:
    own_project.edit("pyproject.toml", 'addopts = "', 'addopts = "-n 2 -p no:randomly ')
    assert "-n performs steps" in refusal(own_project, "--fake", PYTHONPATH=plugins)


def test_marker_on_a_step_is_refused(own_project: Project, plugins: str) -> None:
    step = '@step("handshake.one-attempt")'
    marks = "".join(f"@pytest.mark.{marker}\n" for marker in MARKERS)
    own_project.edit("acceptance/test_3_handshake.py", step, f"import pytest\n{marks}{step}")
    said = refusal(own_project, "--fake", "-p", "no:randomly", PYTHONPATH=plugins)
    for marker in MARKERS:
        assert f"the marker {marker.partition('(')[0]} on handshake.one-attempt" in said


def test_worker_of_a_parallel_run_performs_no_procedure_whatever_its_parent_did(
    own_project: Project,
    plugins: str,
    fake: Callable[..., Fake],
    secrets: Callable[..., Path],
) -> None:
    gateway = fake()
    loaded = 'pytest_plugins = ["golive.plugin.plugin"]'
    in_workers = "__import__('os').environ.get('PYTEST_XDIST_WORKER')"
    own_project.edit("conftest.py", loaded, f"{loaded} if {in_workers} else []")
    done = own_project.run(
        *("pytest", "acceptance", "-m", "golive", "-p", "no:randomly", "-n", "2"),
        PYTHONPATH=plugins,
        GOLIVE_SECRETS=str(secrets(gateway.port)),
    )
    assert done.exit_code != 0
    assert "a worker of pytest-xdist performs no procedure" in done.output
    assert gateway.connections == 0
    assert own_project.runs == []


def test_tests_of_the_project_itself_may_run_in_parallel(project: Project, plugins: str) -> None:
    words = ("pytest", "tests/diagnosis/test_diagnosis.py", "-p", "no:randomly", "-n", "2")
    assert project.run(*words, PYTHONPATH=plugins).exit_code == 0
