"""Gateways that no table of faults foresees: whole runs against a server under a test's control."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.fakes import Fake
from tests.support.gateways import (
    NEXT_ID,
    READY,
    VERSION,
    Scripted,
    converse,
    error,
    handshake,
    message,
)
from tests.support.projects import ROOT, Outcome, Project, Rehearsal

Written = Callable[..., Path]
Script = Callable[[socket.socket], None]


def row(con_id: int, quantity: str = "5") -> bytes:
    contract = (con_id, "SPY", "STK", "", 0.0, "", "", "ARCA", "USD", "SPY", "SPY")
    return message(3, "U21146542", *contract, quantity, 1.5, number=61)


ROWS = b"".join(row(number) for number in range(1, 25))
END = message(1, number=62)


def starting_with(answer: bytes) -> Script:
    """A gateway that answers START_API with this."""

    def script(gateway: socket.socket) -> None:
        gateway.recv(4096)
        gateway.sendall(VERSION)
        gateway.recv(4096)
        gateway.sendall(answer)
        converse(gateway)

    return script


def answering(answer: bytes) -> Script:
    """A gateway that gives this answer to the request for positions."""

    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        converse(gateway, {61: answer})

    return script


def go_live(script: Script, project: Project, secrets: Written, **golive: object) -> Rehearsal:
    with Scripted(script) as server:
        settings = secrets(server.port, **{"HandshakeTimeoutSeconds": 2} | golive)
        return project.rehearse("--secrets", str(settings))


def smoke(script: Script, secrets: Written) -> Outcome:
    with Scripted(script) as server:
        settings = secrets(server.port, HandshakeTimeoutSeconds=2)
        return Project(ROOT).run("golive", "smoke", "--secrets", str(settings))


def assert_no_go(run: Rehearsal, failed: str, code: str) -> None:
    assert (run.exit_code, run.evidence["verdict"]) == (1, "NO-GO"), run.output
    assert run.having("failed") == [failed]
    assert run.evidence["diagnosis"]["code"] == code
    assert run.evidence["attempts"] == 1


def test_scripted_gateway_that_does_all_well_is_go(project: Project, secrets: Written) -> None:
    run = go_live(answering(ROWS + END), project, secrets)
    assert (run.exit_code, run.evidence["verdict"], run.evidence["target"]) == (0, "GO", "live")
    assert re.match(r"GO with \d weakened checks: 24 positions", run.last_line)


def test_gateway_that_hangs_up_when_asked_for_ids_is_no_go(
    project: Project, secrets: Written
) -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        gateway.recv(4096)

    assert_no_go(go_live(script, project, secrets), "handshake.read-only-off", "connection-lost")


def test_refusal_of_ids_counts_though_ids_come_as_well(project: Project, secrets: Written) -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        converse(gateway, {8: NEXT_ID + error(321, "Read-Only"), 61: ROWS + END})

    assert_no_go(go_live(script, project, secrets), "handshake.read-only-off", "read-only-api")


def test_positions_that_were_not_asked_for_are_no_answer(
    project: Project, secrets: Written
) -> None:
    run = go_live(starting_with(ROWS + END + READY), project, secrets)
    assert_no_go(run, "positions.complete", "positions-incomplete")


@pytest.mark.parametrize(
    ("answer", "failed", "code"),
    [
        (ROWS + row(99, "") + END, "positions.complete", "positions-incomplete"),
        (ROWS + row(99, "1E+2000000000") + END, "positions.complete", "positions-incomplete"),
        (ROWS + END + row(99), "positions.settled", "positions-changed"),
        (ROWS + END + row(1, "0"), "positions.settled", "positions-changed"),
        (ROWS + END + error(1100), "positions.complete", "connectivity-lost"),
        (error(1100) + ROWS + error(1102) + END, "positions.settled", "connectivity-lost"),
        (ROWS + error(1101) + END, "positions.settled", "connectivity-lost"),
        (ROWS + error(1300) + END, "positions.complete", "port-changed"),
        (ROWS + message(1, "U9", number=15) + END, "positions.settled", "accounts-changed"),
    ],
)
def test_answer_that_only_looks_complete_is_no_go(
    answer: bytes, failed: str, code: str, project: Project, secrets: Written
) -> None:
    assert_no_go(go_live(answering(answer), project, secrets), failed, code)


def test_accounts_that_are_taken_back_count_from_when_they_come_again(
    project: Project, secrets: Written
) -> None:
    def script(gateway: socket.socket) -> None:
        gateway.recv(4096)
        gateway.sendall(VERSION)
        gateway.recv(4096)
        gateway.sendall(message(1, "U1", number=15) + message(1, "", number=15))
        gateway.sendall(message(1, 1, number=9))
        gateway.settimeout(0.5)  # twice the budget
        with pytest.raises(TimeoutError):
            gateway.recv(1)
        gateway.settimeout(10)
        gateway.sendall(message(1, "U21146542", number=15))
        converse(gateway)

    late = {"HandshakeTimeoutSeconds": 5, "HandshakeBudgetSeconds": 0.25}
    run = go_live(script, project, secrets, **late)
    assert_no_go(run, "handshake.under-budget", "slow-handshake")


@pytest.mark.parametrize("noise", [error(2104), b"\0\0\0\0", row(1)])
def test_gateway_that_never_stops_talking_meets_the_deadline(
    noise: bytes, project: Project, secrets: Written
) -> None:
    def script(gateway: socket.socket) -> None:
        gateway.recv(4096)
        gateway.sendall(VERSION)
        gateway.recv(4096)
        with suppress(OSError):  # until the client has left
            while True:
                gateway.sendall(noise * 200)

    run = go_live(script, project, secrets)
    assert_no_go(run, "handshake.next-valid-id", "no-id-no-account")


def test_gateway_that_dies_of_our_goodbye_is_no_go(project: Project, secrets: Written) -> None:
    def script(gateway: socket.socket) -> None:
        answering(ROWS + END)(gateway)
        server.stop_listening()

    with Scripted(script) as server:
        run = project.rehearse("--secrets", str(secrets(server.port)))
    assert_no_go(run, "afterwards.still-listening", "gateway-restarted")


def test_zombie_of_the_last_moment_makes_it_no_go(own_project: Project) -> None:
    (own_project.folder / "acceptance" / "conftest.py").write_text(
        "import socket, pytest\n"
        "kept = []\n"
        "@pytest.hookimpl(wrapper=True)\n"
        "def pytest_runtestloop(session):\n"
        "    yield\n"
        "    target = session.config.pluginmanager.get_plugin('golive-session').run.wanted.target\n"
        "    client = socket.create_connection((target.host, target.port), timeout=60)\n"
        "    client.sendall(b'\\0\\0\\0\\0')\n"
        "    assert client.recv(1) == b''\n"
        "    kept.append(client)\n",
        encoding="utf-8",
    )
    run = own_project.rehearse("--fake")
    assert (run.exit_code, run.evidence["verdict"]) == (1, "NO-GO"), run.output
    assert run.having("failed") == ["afterwards.no-zombies"]
    assert run.evidence["diagnosis"]["code"] == "zombies"
    assert "CLOSE_WAIT" in {each["state"] for each in run.evidence["sockets"]["after"]}


def test_zombie_that_comes_while_the_gateway_is_waited_for_lets_no_attempt_be_made(
    own_project: Project,
) -> None:
    (own_project.folder / "acceptance" / "conftest.py").write_text(
        "import socket, pytest\n"
        "kept = []\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_runtest_setup(item):\n"
        "    if 'initialization_time' not in item.name:\n"
        "        return\n"
        "    target = item.config.pluginmanager.get_plugin('golive-session').run.wanted.target\n"
        "    client = socket.create_connection((target.host, target.port), timeout=60)\n"
        "    client.sendall(b'\\0\\0\\0\\0')\n"
        "    assert client.recv(1) == b''\n"
        "    kept.append(client)\n",
        encoding="utf-8",
    )
    run = own_project.rehearse("--fake")
    assert run.having("failed") == ["handshake.one-attempt"], run.output
    assert (run.exit_code, run.evidence["attempts"]) == (1, 0)
    diagnosis = run.evidence["diagnosis"]
    assert (diagnosis["code"], diagnosis["procedure"]) == ("zombies", "A")


def test_smoke_test_looks_for_zombies_again_once_it_has_waited(
    fake: Callable[..., Fake], secrets: Written
) -> None:
    gateway = fake("late-zombies=2")
    settings = secrets(gateway.port, InitializationSeconds=4)
    done = Project(ROOT).run("golive", "smoke", "--secrets", str(settings))
    assert (done.exit_code, "CLOSE_WAIT" in done.output) == (3, True), done.output
    assert "hello" not in gateway.received


def test_client_that_comes_during_the_run_makes_it_no_go(own_project: Project) -> None:
    (own_project.folder / "acceptance" / "conftest.py").write_text(
        "import socket, pytest\n"
        "kept = []\n"
        "@pytest.hookimpl(wrapper=True)\n"
        "def pytest_runtestloop(session):\n"
        "    yield\n"
        "    target = session.config.pluginmanager.get_plugin('golive-session').run.wanted.target\n"
        "    kept.append(socket.create_connection((target.host, target.port), timeout=60))\n",
        encoding="utf-8",
    )
    run = own_project.rehearse("--fake")
    assert (run.exit_code, run.evidence["verdict"]) == (1, "NO-GO"), run.output
    assert run.having("failed") == ["gateway.no-other-client"]
    diagnosis = run.evidence["diagnosis"]
    assert diagnosis["code"] == "another-client"
    assert re.search(r"Close these programs.* not \d+, it is this run", diagnosis["next_steps"][0])


def test_text_of_a_gateway_cannot_repaint_the_terminal(secrets: Written) -> None:
    painted = "\\u001b[2J\\u001b[32mSUCCESS in 1ms\\u202e"
    done = smoke(starting_with(error(2104, painted)), secrets)
    assert done.exit_code == 2
    assert "?[2J?[32mSUCCESS in 1ms?" in done.output
    assert "\x1b" not in done.output


@pytest.mark.parametrize(
    ("behind", "code"), [(error(326), "client-id-in-use"), (error(1100), "connectivity-lost")]
)
def test_trouble_right_behind_a_complete_handshake_is_no_success(
    behind: bytes, code: str, project: Project, secrets: Written
) -> None:
    done = smoke(starting_with(READY + behind), secrets)
    assert (done.exit_code, code in done.output) == (2, True), done.output
    run = go_live(starting_with(READY + behind), project, secrets)
    assert (run.exit_code, run.evidence["verdict"]) == (1, "NO-GO")
    assert run.evidence["diagnosis"]["code"] == code


def test_gateway_that_dies_of_our_goodbye_is_no_success(secrets: Written) -> None:
    def script(gateway: socket.socket) -> None:
        starting_with(READY)(gateway)
        server.stop_listening()

    with Scripted(script) as server:
        settings = secrets(server.port)
        done = Project(ROOT).run("golive", "smoke", "--secrets", str(settings))
    assert (done.exit_code, "gateway-restarted" in done.output) == (2, True), done.output


@pytest.mark.parametrize("version", ["000000203999", "2" * 5000, "-1"])
def test_version_that_is_no_version_is_a_protocol_error(version: str, secrets: Written) -> None:
    def script(gateway: socket.socket) -> None:
        gateway.recv(4096)
        gateway.sendall(message(version, "20261122 09:00:00 UTC"))
        converse(gateway)

    done = smoke(script, secrets)
    assert (done.exit_code, "protocol-error" in done.output) == (2, True), done.output


@pytest.mark.parametrize("order_id", ["-1", "2147483647"])
def test_next_valid_id_that_is_not_valid_is_none(
    order_id: str, project: Project, secrets: Written
) -> None:
    started = message(1, "U21146542", number=15) + message(1, order_id, number=9)
    run = go_live(starting_with(started), project, secrets)
    assert_no_go(run, "handshake.next-valid-id", "no-next-valid-id")


def test_fake_that_was_left_on_the_gateways_port_is_named_beside_the_verdict(
    project: Project, fake: Callable[..., Fake], secrets: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOLIVE_TESTS_FRESH", "1")  # for its command line
    gateway = fake()
    run = project.rehearse("--secrets", str(secrets(gateway.port)))
    told = f"a fake gateway listens on port {gateway.port}, pid "
    assert any(each.startswith(told) for each in run.evidence["noted"]), run.output
    assert told in run.output
    rehearsed = project.rehearse("--fake")
    assert "a fake gateway listens" not in rehearsed.output
