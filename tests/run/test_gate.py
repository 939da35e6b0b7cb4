"""The gate: a step runs only behind steps that have passed, whatever is asked of pytest."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from golive.run.rehearsal import LOG_NAME
from tests.support import forked
from tests.support.fakes import Fake, events, wait_until
from tests.support.projects import IDS, ROOT, TRIED, Project, Rehearsal

FILES = sorted(f"acceptance/{path.name}" for path in (ROOT / "acceptance").glob("test_*.py"))


def assert_nothing_was_connected(run: Rehearsal) -> None:
    assert run.exit_code == 1
    assert run.evidence["verdict"] == "NO-GO"
    assert run.evidence["attempts"] == run.connections == 0


def test_naming_one_file_blocks_its_steps_instead_of_skipping_the_earlier(project: Project) -> None:
    run = project.rehearse("acceptance/test_3_handshake.py", "--fake")
    assert_nothing_was_connected(run)
    assert run.having("blocked") == IDS
    assert run.steps["handshake.next-valid-id"]["blocked_by"] == "environment.one-ibapi"
    assert run.evidence["diagnosis"]["code"] == "unfinished"


@pytest.mark.parametrize(
    "deselection",
    [
        ("-k", "not zombie"),
        ("--deselect", "acceptance/test_1_environment.py::test_no_zombie_is_on_the_gateway_port"),
    ],
)
def test_deselecting_a_step_blocks_all_later_ones(
    deselection: tuple[str, ...], project: Project
) -> None:
    run = project.rehearse("--fake", *deselection)
    assert_nothing_was_connected(run)
    at = IDS.index("environment.no-zombies")
    assert run.having("passed") == IDS[:at]
    assert run.having("blocked") == IDS[at:]
    assert run.blockers == {None, "environment.no-zombies"}
    assert "left out of this run: no zombie is on the gateway port" in run.output


def test_running_only_what_failed_last_time_blocks_instead_of_skipping_the_rest(
    own_project: Project,
) -> None:
    first = own_project.rehearse("--fake=missing-positions")
    assert first.having("failed") == ["positions.count"]
    again = own_project.rehearse("--fake", "--lf")
    assert_nothing_was_connected(again)
    assert again.having("blocked") == IDS
    assert again.blockers == {None, "environment.one-ibapi"}


def test_running_what_failed_first_performs_nothing_out_of_order(own_project: Project) -> None:
    own_project.rehearse("--fake=missing-positions")
    again = own_project.rehearse("--fake", "--ff")
    assert again.steps["positions.count"]["outcome"] == "blocked"
    assert again.exit_code == 1
    assert again.evidence["verdict"] == "NO-GO"


@pytest.mark.parametrize("option", ["--pdb", "--trace", "-pno:timeout"])
def test_what_could_hold_the_connection_open_is_a_usage_error(
    option: str, project: Project
) -> None:
    done = project.run("pytest", "acceptance", "-m", "golive", "--fake", option)
    assert done.exit_code == 4
    assert "INTERNALERROR" not in done.output


def test_passing_only_the_first_stage_is_no_go(project: Project) -> None:
    run = project.rehearse("acceptance/test_1_environment.py", "--fake")
    assert_nothing_was_connected(run)
    assert run.having("passed") == [each for each in IDS if each.startswith("environment.")]


def test_order_holds_whatever_the_order_of_files_on_the_command_line(project: Project) -> None:
    run = project.rehearse(*reversed(FILES), "--fake")
    assert run.exit_code == 0, run.output
    assert run.having("passed") == TRIED


def test_without_the_ordering_plugin_reversed_files_are_blocked_not_performed(
    project: Project,
) -> None:
    run = project.rehearse(*reversed(FILES), "--fake", "-p", "no:order", "-o", "addopts=")
    assert_nothing_was_connected(run)
    assert run.steps["afterwards.no-zombies"]["blocked_by"] == "environment.one-ibapi"


def test_step_that_is_marked_to_be_skipped_counts_as_not_passed(own_project: Project) -> None:
    own_project.edit(
        "acceptance/test_1_environment.py",
        '@step("environment.no-zombies")',
        '@__import__("pytest").mark.skip\n@step("environment.no-zombies")',
    )
    run = own_project.rehearse("--fake")
    assert_nothing_was_connected(run)
    assert run.having("failed") == ["environment.no-zombies"]


def test_step_that_is_expected_to_fail_counts_as_failed(own_project: Project) -> None:
    own_project.edit(
        "acceptance/test_4_positions.py",
        '@step("positions.count")',
        '@__import__("pytest").mark.xfail\n@step("positions.count")',
    )
    run = own_project.rehearse("--fake=missing-positions")
    assert run.exit_code == 1
    assert run.having("failed") == ["positions.count"]


def test_failing_test_beside_the_procedure_is_no_go(own_project: Project) -> None:
    beside = own_project.folder / "acceptance" / "test_9_beside.py"
    beside.write_text("import pytest\n@pytest.mark.golive\ndef test_no():\n    assert False\n")
    run = own_project.rehearse("--fake")
    assert run.exit_code == 1
    assert run.having("passed") == TRIED
    assert run.evidence["verdict"] == "NO-GO"


def test_foreign_test_cannot_reach_the_connection_before_the_preflight(
    own_project: Project,
) -> None:
    beside = own_project.folder / "acceptance" / "test_0_beside.py"
    beside.write_text(
        "import pytest\n@pytest.mark.golive\n@pytest.mark.order(0)\n"
        "def test_no(connection):\n    pass\n"
    )
    run = own_project.rehearse("--fake", "-k", "test_no")
    assert_nothing_was_connected(run)


def test_rehearsal_that_does_not_name_the_procedure_is_a_usage_error(project: Project) -> None:
    done = project.run("pytest", "-m", "golive", "--fake")
    assert done.exit_code == 4
    assert "pytest acceptance -m golive" in done.output


def test_stopping_at_the_first_failure_still_accounts_for_every_step(project: Project) -> None:
    run = project.rehearse("--fake=down", "-x")
    assert run.exit_code == 1
    assert run.having("blocked") == IDS[IDS.index("gateway.listening") + 1 :]
    assert run.blockers == {"gateway.listening"}


def test_failed_step_that_passes_when_performed_again_stays_failed(own_project: Project) -> None:
    own_project.edit(
        "acceptance/test_1_environment.py",
        "    assert zombies == []",
        "    assert globals().setdefault('again', iter('10')) and next(again) == '0'",
    )
    (own_project.folder / "acceptance" / "conftest.py").write_text(
        "from _pytest.runner import runtestprotocol\n"
        "def pytest_runtest_protocol(item, nextitem):\n"
        "    runtestprotocol(item, nextitem=nextitem)\n"
        "    runtestprotocol(item, nextitem=nextitem)\n"
        "    return True\n",
        encoding="utf-8",
    )
    run = own_project.rehearse("--fake")
    assert_nothing_was_connected(run)
    assert run.having("failed") == ["environment.no-zombies"]


def test_interpreter_that_leaves_out_assertions_is_a_usage_error(project: Project) -> None:
    done = project.run("pytest", "acceptance", "-m", "golive", "--fake", PYTHONOPTIMIZE="1")
    assert done.exit_code == 4
    assert "leaves out assertions" in done.output


def test_step_performed_twice_opens_no_second_connection(own_project: Project) -> None:
    handshake = own_project.folder / "acceptance" / "test_3_handshake.py"
    text = handshake.read_text(encoding="utf-8")
    (handshake.parent / "test_3_once_more.py").write_text(text, encoding="utf-8")
    run = own_project.rehearse("--fake")
    assert run.connections == run.evidence["attempts"] == 1


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_hang_ends_by_timeout_with_the_evidence_written(method: str, own_project: Project) -> None:
    if method == "signal" and not hasattr(signal, "SIGALRM"):
        pytest.skip("this platform has no SIGALRM")
    own_project.edit("golive/plugin/plugin.py", "STEP_SECONDS = 60.0", "STEP_SECONDS = -9.0")
    own_project.edit(
        "acceptance/test_4_positions.py",
        "    assert positions.is_complete\n",
        "    __import__('threading').Event().wait(50)\n",
    )
    run = own_project.rehearse("--fake", "-o", f"timeout_method={method}")
    assert run.exit_code == 1, run.output
    assert run.evidence["verdict"] == "NO-GO"
    assert run.having("failed") == ["positions.complete"]
    wait_until(lambda: "closed" in [each["event"] for each in events(run.folder / LOG_NAME)])


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
@pytest.mark.parametrize(("name", "exit_code"), [("SIGINT", 2), ("SIGTERM", 2), ("SIGKILL", -9)])
def test_run_that_is_ended_from_outside_leaves_no_go_and_no_connection(
    name: str,
    exit_code: int,
    project: Project,
    fake: Callable[..., Fake],
    secrets: Callable[..., Path],
) -> None:
    gateway = fake("silent")
    settings = secrets(gateway.port, HandshakeTimeoutSeconds=40)
    before = project.runs
    words = ("pytest", "acceptance", "-m", "golive", "--secrets", str(settings))
    process = forked.started(
        project.command(*words),
        project.folder,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
    )
    wait_until(lambda: "hello" in gateway.received)
    process.send_signal(signal.Signals[name])
    assert process.wait(60) == exit_code

    (folder,) = (each for each in project.runs if each not in before)
    evidence = json.loads((folder / "evidence.json").read_text(encoding="utf-8"))
    assert evidence["verdict"] == "NO-GO"
    assert evidence["target"] == "live"
    assert evidence["diagnosis"]["code"] == "unfinished"
    wait_until(lambda: gateway.events[-1]["event"] == "closed")
    assert gateway.connections == 1


@pytest.mark.parametrize(
    "trick",
    [
        "@pytest.hookimpl(trylast=True)\ndef pytest_sessionfinish(session): session.exitstatus = 0",
        "def pytest_sessionfinish(session): pytest.exit('well', returncode=0)",
        "def pytest_collection(session): pytest.exit('well', returncode=0)",
    ],
)
def test_exit_code_is_not_0_without_a_go_whatever_another_plugin_makes_of_it(
    trick: str, own_project: Project
) -> None:
    (own_project.folder / "trick.py").write_text(f"import pytest\n{trick}\n", encoding="utf-8")
    done = own_project.run("pytest", "acceptance", "-m", "golive", "--fake=down", "-p", "trick")
    assert done.exit_code == 1, done.output
