"""Where the gateway's sockets are out of sight: another machine's, or behind a forwarder."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from golive.machine.gateway import Gateway
from golive.machine.sockets import NotObservable, SocketTable
from golive.procedure import steps
from tests.support.fakes import Fake
from tests.support.projects import SUPPORT, Project
from tests.support.talking import Talking

PERFORMED = [each for each in steps.of("golive") if each.stage not in steps.CONFIGURED_OUT]
HIDDEN = {each.id for each in PERFORMED if each.looks_at_sockets}
MAY_BE_HIDDEN = HIDDEN | {each.id for each in PERFORMED if each.may_be_unobserved}
"""What a newer client is told over the API is seen also there."""
Relay = Callable[..., int]
INTERPRETER = getattr(sys, "_base_executable", sys.executable)


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    """Forwards a free port to another, in a process that is called socat."""
    if os.name == "nt":
        pytest.skip("a symbolic link to an interpreter needs rights here")
    named = tmp_path / "socat"
    named.symlink_to(INTERPRETER)
    started: list[Talking] = []

    def forward(port: int, program: str = str(named)) -> int:
        script = str(SUPPORT / "relay.py")
        started.append(Talking(program, script, "0", str(port)))
        return int(started[-1].says(0))

    yield forward
    for each in started:
        each.leave()


def test_gateway_behind_a_forwarder_is_not_observable_and_no_go(
    project: Project, fake: Callable[..., Fake], relay: Relay, secrets: Callable[..., Path]
) -> None:
    gateway = fake()
    run = project.rehearse("--secrets", str(secrets(relay(gateway.port))))
    assert run.exit_code == 1
    assert run.having("not-observable") == ["environment.no-zombies"]
    assert run.evidence["diagnosis"]["code"] == "not-observable"
    assert "socat" in run.evidence["diagnosis"]["cause"]
    assert gateway.connections == 0


def test_gateway_behind_a_forwarder_is_go_where_the_settings_allow_it_and_the_report_lists_it(
    project: Project, fake: Callable[..., Fake], relay: Relay, secrets: Callable[..., Path]
) -> None:
    gateway = fake()
    settings = secrets(relay(gateway.port), AllowUnobservedSockets=True)
    run = project.rehearse("--secrets", str(settings))
    assert run.exit_code == 0, run.output
    assert HIDDEN <= set(run.having("not-observable")) <= MAY_BE_HIDDEN
    assert run.evidence["sockets"]["may_be_unobserved"]
    assert "not observed: " in run.output
    assert gateway.connections == 1


def test_forwarder_before_a_gateway_that_is_down_is_closed_at_once_and_no_go(
    project: Project, fake: Callable[..., Fake], relay: Relay, secrets: Callable[..., Path]
) -> None:
    gateway = fake("down")
    settings = secrets(relay(gateway.port), AllowUnobservedSockets=True)
    run = project.rehearse("--secrets", str(settings))
    assert run.exit_code == 1
    assert run.evidence["diagnosis"]["code"] == "handshake-refused"
    assert any("socat" in fact for fact in run.evidence["diagnosis"]["facts"])


def test_forwarder_of_an_unknown_name_gives_itself_away_by_dialling(
    project: Project, fake: Callable[..., Fake], relay: Relay, secrets: Callable[..., Path]
) -> None:
    gateway = fake("zombies")
    run = project.rehearse("--secrets", str(secrets(relay(gateway.port, INTERPRETER))))
    assert run.exit_code == 1
    assert run.having("not-observable")[-1] == "afterwards.no-zombies"
    assert f"connected to 127.0.0.1:{gateway.port}" in run.evidence["diagnosis"]["cause"]


def test_zombies_of_the_forwarder_itself_are_zombies(
    project: Project, fake: Callable[..., Fake], relay: Relay, secrets: Callable[..., Path]
) -> None:
    gateway = fake("no-close")
    settings = secrets(relay(gateway.port), AllowUnobservedSockets=True)
    run = project.rehearse("--secrets", str(settings))
    assert run.exit_code == 1
    assert run.evidence["diagnosis"]["code"] == "zombies"


def test_smoke_test_of_a_gateway_behind_a_forwarder_is_refused_or_allowed(
    project: Project, fake: Callable[..., Fake], relay: Relay, secrets: Callable[..., Path]
) -> None:
    gateway = fake()
    port = relay(gateway.port)
    words = ("golive", "smoke", "--secrets")
    assert project.run(*words, str(secrets(port))).exit_code == 3
    allowed = project.run(*words, str(secrets(port, AllowUnobservedSockets=True)))
    assert allowed.exit_code == 0, allowed.output
    assert gateway.connections == 1


@pytest.mark.parametrize("question", ["zombies", "listeners", "clients"])
def test_nothing_is_said_of_the_sockets_of_another_machine(question: str) -> None:
    with pytest.raises(NotObservable, match="another machine"):
        getattr(Gateway(4001, SocketTable("192.0.2.1")), question)
