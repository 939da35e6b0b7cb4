"""What a tired person does next is refused before anything is connected; a reason overrides it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from golive.discipline.attempts import endpoint
from golive.discipline.journal import Entry, Journal
from tests.support import forked
from tests.support.fakes import Fake, wait_until
from tests.support.projects import ROOT, Outcome, Project, Rehearsal

Started = Callable[..., Fake]
Written = Callable[..., Path]
WHY = "I looked at the gateway myself"
AGO = 2
"""Seconds after which a first failure may be followed by another attempt, without a cool-down."""


def go_live(project: Project, settings: Path, *more: str) -> Rehearsal:
    return project.rehearse("--secrets", str(settings), *more)


def smoke(settings: Path, *more: str) -> Outcome:
    return Project(ROOT).run("golive", "smoke", "--secrets", str(settings), *more)


def remember(state: Path, port: int, ago: float, outcome: str, **more: Any) -> None:
    """As if an attempt had been made so many seconds ago."""
    remembered = Journal(state)
    remembered.prepare()
    moment = datetime.now(UTC) - timedelta(seconds=ago)
    facts = {"time": moment, "run": "earlier", "endpoint": endpoint("127.0.0.1", port)}
    entry = {"client_id": 10, "outcome": outcome} | facts | more
    remembered.append(Entry.model_validate(entry))


def remembered(state: Path) -> list[dict[str, Any]]:
    text = Journal(state).path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def assert_refused(run: Rehearsal, step: str, code: str) -> None:
    assert (run.exit_code, run.evidence["verdict"], run.evidence["attempts"]) == (1, "NO-GO", 0)
    assert run.having("failed") == [step], run.output
    assert run.evidence["diagnosis"]["code"] == code


@contextmanager
def under_way(project: Project, settings: Path, gateway: Fake) -> Iterator[subprocess.Popen[bytes]]:
    """A run in another process, in the middle of its handshake."""
    words = ("pytest", "acceptance", "-m", "golive", "--secrets", str(settings))
    process = forked.started(
        project.command(*words),
        project.folder,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: "hello" in gateway.received)
        yield process
    finally:
        process.kill()
        process.wait(60)


# what is remembered


def test_run_leaves_two_lines_and_a_rehearsal_none(
    project: Project, fake: Started, secrets: Written, state: Path
) -> None:
    project.rehearse("--fake")
    assert not state.exists()

    gateway = fake()
    run = go_live(project, secrets(gateway.port))
    assert run.exit_code == 0, run.output
    begun, ended = remembered(state)
    assert (begun["outcome"], ended["outcome"], ended["zombies"]) == ("begun", "GO", 0)
    assert begun["endpoint"] == f"127.0.0.1:{gateway.port}"
    assert begun["run"] == ended["run"] == run.evidence["run_id"]
    assert (begun["client_id"], begun["override"]) == (10, None)
    assert datetime.fromisoformat(begun["gateway_started"]) < datetime.now(UTC)
    assert run.evidence["overrides"] == []


def test_outcome_that_cannot_be_remembered_is_told_and_changes_no_verdict(
    own_project: Project,
) -> None:
    (own_project.folder / "acceptance" / "conftest.py").write_text(
        "import pytest\n"
        "@pytest.hookimpl(wrapper=True)\n"
        "def pytest_runtestloop(session):\n"
        "    yield\n"
        "    for file in session.config.rootpath.glob('reports/runs/*/state/attempts.jsonl'):\n"
        "        file.unlink()\n"
        "        file.mkdir()\n",
        encoding="utf-8",
    )
    run = own_project.rehearse("--fake")
    assert (run.exit_code, run.evidence["verdict"]) == (0, "GO")
    assert "Note: the outcome of the attempt cannot be recorded" in run.output


def test_attempt_that_cannot_be_remembered_is_not_made(own_project: Project) -> None:
    own_project.edit(
        "golive/discipline/journal.py",
        "if os.write(descriptor, line) != len(line):",
        "if os.getpid():",
    )
    run = own_project.rehearse("--fake")
    assert_refused(run, "handshake.one-attempt", "not-remembered")
    assert run.connections == 0
    diagnosis = run.evidence["diagnosis"]
    assert (
        "attempts.jsonl: only part of a line was written" in diagnosis["cause"].partition(": ")[2]
    )
    assert any("GOLIVE_STATE" in each for each in diagnosis["next_steps"])


@pytest.mark.parametrize("command", ["acceptance", "smoke"])
def test_state_folder_that_cannot_be_written_is_a_usage_error(
    command: str, project: Project, fake: Started, secrets: Written, state: Path
) -> None:
    gateway, before = fake(), project.runs
    settings = secrets(gateway.port)
    state.write_text("in the way", encoding="utf-8")
    if command == "smoke":
        done = smoke(settings)
    else:
        done = project.run("pytest", "acceptance", "-m", "golive", "--secrets", str(settings))
    assert done.exit_code == 4
    assert str(state) in done.output
    assert "GOLIVE_STATE" in done.output
    assert "Traceback" not in done.output
    assert (project.runs, gateway.connections) == (before, 0)


@pytest.mark.parametrize("folder", ["state", "./state", "~/state", " "])
def test_state_folder_is_the_same_from_wherever_a_run_is_started(
    folder: str, project: Project, fake: Started, secrets: Written
) -> None:
    gateway = fake()
    words = ("--secrets", str(secrets(gateway.port)))
    for each in (("golive", "smoke"), ("pytest", "acceptance", "-m", "golive")):
        done = project.run(*each, *words, GOLIVE_STATE=folder)
        assert (done.exit_code, "not a full path" in done.output) == (4, True), done.output
    assert gateway.connections == 0


def test_damaged_lines_are_told_and_passed_over(
    project: Project, fake: Started, secrets: Written, state: Path
) -> None:
    gateway = fake()
    remember(state, gateway.port, 10, "zombies")
    with Journal(state).path.open("ab") as file:
        file.write(b'{"time": "2026-')
    run = go_live(project, secrets(gateway.port))
    assert_refused(run, "environment.cool-down", "cool-down")
    assert run.steps["environment.cool-down"]["observed"]["damaged_lines"] == [2]
    assert "damaged lines in the journal of attempts, ignored: 1" in run.output


# one run at a time


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_second_run_at_the_same_time_connects_nothing_and_names_the_first(
    project: Project, fake: Started, secrets: Written
) -> None:
    gateway = fake("silent")
    settings = secrets(gateway.port, HandshakeTimeoutSeconds=40)
    with under_way(project, settings, gateway) as first:
        second = go_live(project, secrets(gateway.port, host="localhost"), "--override", WHY)
        assert_refused(second, "environment.only-run", "another-run")
        assert f"pid {first.pid}" in second.evidence["diagnosis"]["cause"]
        assert second.evidence["diagnosis"]["not_before"] is None, "its attempt has not failed"
        third = smoke(settings, "--override", WHY)
        assert (third.exit_code, "another-run" in third.output) == (3, True), third.output
        assert "not before" not in third.output
        first.send_signal(signal.SIGINT)
        assert first.wait(60) == 2
    assert gateway.connections == 1


def test_killed_run_leaves_its_attempt_behind_but_not_its_lock(
    project: Project, fake: Started, secrets: Written, state: Path
) -> None:
    gateway = fake("silent")
    settings = secrets(gateway.port, HandshakeTimeoutSeconds=40)
    with under_way(project, settings, gateway) as first:
        first.kill()
        first.wait(60)
    assert [each["outcome"] for each in remembered(state)] == ["begun"]
    done = smoke(settings)
    assert (done.exit_code, "cool-down" in done.output) == (3, True), done.output
    assert "no outcome (the run was killed)" in done.output
    assert gateway.connections == 1


# cool-down, restart, client id, flipping


def test_quick_retry_is_refused_under_any_name_of_the_machine_and_says_until_when(
    project: Project, fake: Started, secrets: Written, state: Path
) -> None:
    gateway = fake("refuses")
    assert smoke(secrets(gateway.port)).exit_code == 2
    assert remembered(state)[-1]["outcome"] == "handshake-refused"
    run = go_live(project, secrets(gateway.port, host="localhost"))
    assert_refused(run, "environment.cool-down", "cool-down")
    diagnosis = run.evidence["diagnosis"]
    assert "handshake-refused" in diagnosis["cause"]
    assert "not before" in diagnosis["next_steps"][-1]
    (fact,) = (each for each in diagnosis["facts"] if "next attempt not before " in each)
    assert re.fullmatch(r"next attempt not before [\d-]{10} [\d:]{8} UTC([+-]\d{4})?", fact)
    waiting = datetime.fromisoformat(diagnosis["not_before"]) - datetime.now(UTC)
    assert timedelta(0) < waiting <= timedelta(seconds=91)  # a whole second, not before
    assert gateway.connections == 1


def test_next_attempt_is_made_once_the_cool_down_is_over(
    fake: Started, secrets: Written, state: Path
) -> None:
    gateway = fake()
    remember(state, gateway.port, 91, "handshake-refused")
    assert smoke(secrets(gateway.port)).exit_code == 0
    assert smoke(secrets(gateway.port)).exit_code == 0  # and at once after a success


def test_gateway_that_was_left_with_zombies_is_tried_only_after_its_restart(
    project: Project, fake: Started, secrets: Written, state: Path
) -> None:
    gateway, younger, begun = fake(), fake(), time.monotonic()
    settings = secrets(gateway.port, RetryCooldownSeconds=0)
    wait_until(lambda: time.monotonic() - begun > AGO + 1)  # it is older than that attempt
    for each in (gateway, younger):
        remember(state, each.port, 3600 if each is younger else AGO, "zombies", zombies=2)
    run = go_live(project, settings)
    assert_refused(run, "gateway.restarted", "zombies")
    assert run.evidence["diagnosis"]["procedure"] == "A"
    assert smoke(settings).exit_code == 3
    assert gateway.connections == 0
    assert smoke(secrets(younger.port)).exit_code == 0


def test_other_client_id_than_the_last_attempts_is_refused(
    project: Project, fake: Started, secrets: Written, state: Path
) -> None:
    gateway = fake()
    remember(state, gateway.port, 3600, "GO", client_id=11)
    run = go_live(project, secrets(gateway.port))
    assert_refused(run, "environment.client-id", "client-id-changed")
    assert "the last attempt used 11" in run.evidence["diagnosis"]["cause"]
    assert smoke(secrets(gateway.port)).exit_code == 3
    assert gateway.connections == 0


def test_flipping_back_and_forth_is_refused(
    project: Project, fake: Started, secrets: Written, state: Path
) -> None:
    gateway, tws = fake(), fake()
    settings = secrets(gateway.port, Fallback={"Port": tws.port})
    remember(state, gateway.port, 60, "GO")
    remember(state, tws.port, 30, "GO")
    run = go_live(project, settings)
    assert_refused(run, "environment.no-flipping", "flipping")
    done = smoke(settings)
    assert (done.exit_code, "flipping" in done.output) == (3, True)
    assert gateway.connections == 0


def test_fallback_run_knows_which_endpoint_it_is_the_fallback_of(
    fake: Started, secrets: Written, state: Path
) -> None:
    gateway, tws = fake(), fake("--account", "DU1")
    settings = secrets(gateway.port, Fallback={"Port": tws.port, "ExpectedAccount": "DU1"})
    remember(state, gateway.port, 95, "zombies")
    once = smoke(settings, "--fallback")
    assert once.exit_code == 0, once.output
    remember(state, gateway.port, 0, "GO")
    again = smoke(settings, "--fallback")
    assert (again.exit_code, "flipping" in again.output) == (3, True), again.output
    assert tws.connections == 1


def test_after_ten_minutes_of_failures_the_advice_is_to_switch(
    project: Project, fake: Started, secrets: Written, state: Path
) -> None:
    gateway = fake("refuses")
    remember(state, gateway.port, 665, "zombies")
    remember(state, gateway.port, 300, "zombies")
    run = go_live(project, secrets(gateway.port))
    diagnosis = run.evidence["diagnosis"]
    assert (diagnosis["code"], diagnosis["procedure"]) == ("handshake-refused", "C")
    assert diagnosis["next_steps"][0].startswith("Stop. The first attempt failed")


# the override


def test_override_lets_the_rules_about_earlier_attempts_pass_and_is_shown(
    project: Project, fake: Started, secrets: Written, state: Path
) -> None:
    gateway, tws = fake(), fake()
    remember(state, gateway.port, 40, "zombies", client_id=11)
    remember(state, tws.port, 30, "GO")
    remember(state, gateway.port, 0, "zombies", client_id=11, zombies=2)
    settings = secrets(gateway.port, Fallback={"Port": tws.port})
    remember(state, tws.port, 0, "GO")

    run = go_live(project, settings, "--override", WHY)
    assert (run.exit_code, run.evidence["verdict"]) == (0, "GO"), run.output
    overrides = run.evidence["overrides"]
    assert [each["step"] for each in overrides] == [
        "environment.client-id",
        "environment.cool-down",
        "environment.no-flipping",
        "gateway.restarted",
    ]
    assert {each["reason"] for each in overrides} == {WHY}
    against = [each["found"] for each in overrides]
    assert against[0] == "the last attempt used client id 11"
    assert all(re.search(r"from \d\d:\d\d:\d\d local time$", each) for each in against[1:3])
    assert "zombies" in against[3]
    assert all(run.steps[each["step"]]["observed"]["overridden"] == WHY for each in overrides)
    assert f"OVERRIDE: {WHY}" in run.output
    said = r"GO (\(fake gateway\) )?with \d+ weakened checks: OVERRIDDEN, 24 positions"
    assert re.match(said, run.last_line)
    assert [each["override"] for each in remembered(state)[-2:]] == [WHY, WHY]


def test_smoke_test_can_be_overridden_as_well(fake: Started, secrets: Written, state: Path) -> None:
    gateway = fake()
    remember(state, gateway.port, 0, "zombies", client_id=11, zombies=2)
    done = smoke(secrets(gateway.port), "--override", WHY)
    assert done.exit_code == 0, done.output
    assert f"OVERRIDE: {WHY}" in done.output
    assert "OVERRIDDEN: gateway.restarted" in done.output
    assert remembered(state)[-1]["override"] == WHY
    assert remembered(state)[-1]["gateway_started"] is not None


@pytest.mark.parametrize(
    ("faults", "golive", "step"),
    [
        (["zombies"], {}, "environment.no-zombies"),
        ([], {"PinnedClientId": 11}, "environment.client-id"),
    ],
)
def test_override_lets_nothing_else_pass(
    faults: list[str], golive: dict[str, Any], step: str,
    project: Project, fake: Started, secrets: Written,
) -> None:  # fmt: skip
    gateway = fake(*faults)
    run = go_live(project, secrets(gateway.port, **golive), "--override", WHY)
    assert run.having("failed") == [step]
    assert run.evidence["overrides"] == []
    assert smoke(secrets(gateway.port, **golive), "--override", WHY).exit_code == 3
    assert gateway.connections == 0


@pytest.mark.parametrize("reason", ["", "  "])
def test_override_without_a_reason_is_a_usage_error(reason: str, project: Project) -> None:
    before = project.runs
    words = ("pytest", "acceptance", "-m", "golive", "--fake", "--override", reason)
    for done in (project.run(*words), project.run("golive", "smoke", "--override", reason)):
        assert done.exit_code == 4
        assert "needs a reason" in done.output
    assert project.runs == before
