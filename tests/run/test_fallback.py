"""Going live on the fallback: TWS paper, with its own account and positions."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from golive.diagnosis.commands import HERE
from golive.settings.secrets_json import read
from tests.support import forked
from tests.support.fakes import Fake
from tests.support.projects import Project, environment

PAPER = "DU7654321"
Secrets = Callable[..., Path]


SECONDS = 3
"""For a gateway that is silent, and for the other one, which is not."""


def falling_back_to(port: int, **more: object) -> dict[str, object]:
    there = {"Port": port, "ExpectedAccount": PAPER, "ExpectedPositions": 7}
    return {"Fallback": there, "HandshakeTimeoutSeconds": SECONDS, **more}


def paper(fake: Callable[..., Fake], *faults: str) -> Fake:
    return fake(*faults, "--account", PAPER, "--positions", "7")


def test_fallback_is_gone_live_on_without_editing_a_file(
    project: Project, fake: Callable[..., Fake], secrets: Secrets
) -> None:
    gateway, tws = fake("silent"), paper(fake)
    settings = secrets(gateway.port, **falling_back_to(tws.port))
    run = project.rehearse("--fallback", "--secrets", str(settings))
    assert run.exit_code == 0, run.output
    assert run.evidence["target"] == "fallback"
    assert run.evidence["endpoint"]["port"] == tws.port
    assert run.evidence["positions"]["account"] == PAPER
    assert run.folder.name.endswith("-fallback")
    assert "\nPAPER FALLBACK  " in run.output
    assert re.match(
        r"GO \(fallback(, fake gateway)?\) with \d weakened checks: 7 positions", run.last_line
    )
    assert (gateway.connections, tws.connections) == (0, 1)


def test_go_of_a_fake_gateway_that_was_taken_for_the_real_one_says_so_last(
    project: Project, fake: Callable[..., Fake], secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(forked.FRESH, "1")  # its command line is to be its own
    gateway = fake()
    run = project.rehearse("--secrets", str(secrets(gateway.port)))
    assert (run.exit_code, run.evidence["verdict"]) == (0, "GO"), run.output
    assert re.match(r"GO \(fake gateway\) with \d weakened checks: 24 positions", run.last_line)
    assert len(run.last_line) < 80


def test_fallback_that_manages_a_live_account_is_no_go(
    project: Project, fake: Callable[..., Fake], secrets: Secrets
) -> None:
    live_too = fake("--account", PAPER, "--account", "U21146542", "--positions", "7")
    settings = secrets(4001, **falling_back_to(live_too.port))
    run = project.rehearse("--fallback", "--secrets", str(settings))
    assert run.having("failed") == ["handshake.managed-accounts"]
    assert run.evidence["diagnosis"]["code"] == "wrong-account"


def test_fallback_without_a_paper_account_is_no_go_before_anything_is_connected(
    project: Project, fake: Callable[..., Fake], secrets: Secrets
) -> None:
    tws = fake()
    settings = secrets(4001, Fallback={"Port": tws.port})
    run = project.rehearse("--fallback", "--secrets", str(settings))
    assert run.having("failed") == ["environment.identity"]
    told = " ".join(run.output.split())
    assert 'add "ExpectedAccount": "DU..." to GoLive.Fallback, your TWS paper account.' in told
    assert "IsPaperTrading is true" not in told
    assert tws.connections == 0


def test_exact_command_of_the_fallback_is_told_after_a_failure_of_the_gateway(
    project: Project, fake: Callable[..., Fake], secrets: Secrets
) -> None:
    settings = secrets(fake("refuses").port)
    run = project.rehearse("--secrets", str(settings))
    command = f"pytest acceptance -m golive --fallback --secrets {HERE.quoted(str(settings))}"
    assert any(step.endswith(command) for step in run.evidence["diagnosis"]["if_that_fails"])
    assert command in run.output


@pytest.mark.parametrize("brief", [(), ("-q",)])
def test_run_goes_on_to_the_fallback_once_where_the_settings_say_so(
    brief: tuple[str, ...], own_project: Project, fake: Callable[..., Fake], secrets: Secrets
) -> None:
    gateway, tws = fake("silent"), paper(fake)
    settings = secrets(gateway.port, **falling_back_to(tws.port, AutoFallback=True))
    how = ("--secrets", str(settings), "--operator", "Alex Example", *brief)
    done = own_project.run("pytest", "acceptance", "-m", "golive", *how)
    assert done.exit_code == 0, done.output
    assert "\nNO-GO: api-listener-stuck, Procedure B" in done.output
    told, written = "AutoFallback follows, once the reports", "\nSign-off: "
    assert done.output.find(told) > -1
    assert brief or done.output.find(told) < done.output.find(written)
    assert done.output.count(told) == 1
    assert done.last_line.startswith("GO (fallback")
    live, fallback = (json.loads((each / "evidence.json").read_text()) for each in own_project.runs)
    assert (live["target"], live["verdict"]) == ("live", "NO-GO")
    assert (fallback["target"], fallback["verdict"]) == ("fallback", "GO")
    assert (gateway.connections, tws.connections) == (1, 1)
    assert {each["circumstances"]["operator"] for each in (live, fallback)} == {"Alex Example"}
    assert done.output.count("environment   11 checks") == (0 if brief else 2)


def test_run_goes_on_with_the_same_settings_wherever_it_was_started(
    own_project: Project, fake: Callable[..., Fake], secrets: Secrets, tmp_path: Path
) -> None:
    gateway, tws, other = fake("silent"), paper(fake), paper(fake)
    falling_back = {"Port": tws.port, "ExpectedAccount": PAPER, "ExpectedPositions": 7}
    settings = secrets(
        gateway.port,
        Fallback=falling_back,
        AutoFallback=True,
        HandshakeTimeoutSeconds=SECONDS,
    )
    decoy = secrets(gateway.port, **falling_back_to(other.port))
    (own_project.folder / settings.name).write_bytes(decoy.read_bytes())
    done = subprocess.run(
        own_project.command("pytest", str(own_project.folder / "acceptance"), "-m", "golive"),
        cwd=tmp_path,
        env=environment(GOLIVE_SECRETS=settings.name),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    assert (gateway.connections, tws.connections, other.connections) == (1, 1, 0)


def test_run_that_is_on_the_fallback_already_does_not_fall_back(
    own_project: Project, fake: Callable[..., Fake], secrets: Secrets
) -> None:
    tws = fake("refuses")
    settings = secrets(tws.port, Fallback={"Port": tws.port}, AutoFallback=True)
    done = own_project.run("pytest", "acceptance", "-m", "golive", "--secrets", str(settings))
    assert (done.exit_code, len(own_project.runs)) == (1, 1), done.output
    assert "--fallback" not in done.output


def test_fallback_that_fails_as_well_is_the_end_of_it(
    own_project: Project, fake: Callable[..., Fake], secrets: Secrets
) -> None:
    gateway, tws = fake("refuses"), paper(fake, "refuses")
    settings = secrets(gateway.port, **falling_back_to(tws.port, AutoFallback=True))
    done = own_project.run("pytest", "acceptance", "-m", "golive", "--secrets", str(settings))
    assert done.exit_code == 1
    assert done.last_line.startswith("NO-GO (fallback)")
    assert len(own_project.runs) == 2
    assert (gateway.connections, tws.connections) == (1, 1)


@pytest.mark.parametrize("wrong", [{"PinnedClientId": 11}, {"ExpectedPositions": 23}])
def test_what_is_not_the_gateways_fault_is_no_reason_to_fall_back(
    wrong: dict[str, int], own_project: Project, fake: Callable[..., Fake], secrets: Secrets
) -> None:
    tws = paper(fake)
    settings = secrets(fake().port, **falling_back_to(tws.port, AutoFallback=True), **wrong)
    done = own_project.run("pytest", "acceptance", "-m", "golive", "--secrets", str(settings))
    assert done.exit_code == 1
    assert len(own_project.runs) == 1
    assert tws.connections == 0


def test_rehearsal_of_the_fallback_plays_the_paper_account(project: Project) -> None:
    run = project.rehearse("--fake", "--fallback")
    assert run.exit_code == 0, run.output
    assert run.evidence["target"] == "fake"
    assert run.evidence["positions"]["account"] == "DU1234567"
    assert "TWS paper" in run.evidence["endpoint"]["kind"]


def test_smoke_test_of_the_fallback_is_made_there(
    project: Project, fake: Callable[..., Fake], secrets: Secrets
) -> None:
    tws = paper(fake)
    settings = secrets(4001, **falling_back_to(tws.port))
    done = project.run("golive", "smoke", "--fallback", "--secrets", str(settings))
    assert done.exit_code == 0, done.output
    assert tws.connections == 1


def test_smoke_test_advises_to_run_itself_again_where_it_was(
    project: Project, fake: Callable[..., Fake], secrets: Secrets
) -> None:
    settings = secrets(fake("refuses").port, **falling_back_to(paper(fake, "refuses").port))
    smoke, named = ("golive", "smoke"), f"--secrets {HERE.quoted(str(settings))}"
    words = (*smoke, "--secrets", str(settings))
    again, there = (f": python -m golive smoke {each}\n" for each in (named, f"--fallback {named}"))
    fallen_back = project.run(*words, "--fallback").output
    assert there in fallen_back
    assert again not in fallen_back
    live = project.run(*words, "--override", "another endpoint").output
    assert again in live
    assert f"(Procedure C, 5 minutes){there}" in live


def test_what_the_fallback_does_not_name_is_that_of_the_live_endpoint(secrets: Secrets) -> None:
    there = read(secrets(4001)).on_fallback().settings
    assert there.credentials.port == 7497
    assert there.credentials.is_paper_trading
    assert there.credentials.client_id == 10
    assert there.golive.expected_account == "DU1234567"
