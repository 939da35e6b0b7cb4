"""The standalone handshake test: its lines, its exit codes, and what the gateway saw of it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from ibapi.server_versions import MAX_CLIENT_VER

from golive.cli import card
from golive.cli.main import main
from golive.client.official_client import TELLS_CONFIG
from golive.diagnosis import commands
from golive.machine import sockets
from golive.procedure import steps
from golive.run import preflight
from golive.run.smoke import ANY_ACCOUNT
from golive.run.smoke import smoke as in_process
from golive.settings.model import EXPECTED
from tests.support import forked, four_ports
from tests.support.fakes import Fake, FakeHere, wait_until
from tests.support.gateways import NEXT_ID, Scripted, converse, handshake, message
from tests.support.programs import WAIT, started
from tests.support.projects import ROOT, SHORT, Outcome, Project, environment, patience

Started = Callable[..., Fake]
Written = Callable[..., Path]
HERE = Project(ROOT)


def smoke(path: Path, **variables: str) -> Outcome:
    return HERE.run("golive", "smoke", "--secrets", str(path), **variables)


def smoke_here(path: Path) -> Outcome:
    """What the command performs, in this process."""
    told: list[str] = []
    return Outcome(in_process(path, told.append), "\n".join(told))


@contextmanager
def here(folder: Path, fault: str) -> Iterator[FakeHere]:
    with four_ports.alone_with(fault):
        gateway = FakeHere((fault,), folder / "fake.jsonl")
        try:
            yield gateway
        finally:
            gateway.stop()


IN_A_PROCESS = {"down", "silent", "zombies", "restored"}
"""One fault for each exit code, against the command; the rest against what it performs."""


def test_success_is_told_in_five_numbered_lines_with_the_callbacks(
    fake: Started, secrets: Written
) -> None:
    gateway = fake()
    done = smoke(secrets(gateway.port))
    assert done.exit_code == 0, done.output
    assert re.findall(r"^\[(\d)/5\]", done.output, re.MULTILINE) == list("12345")
    for callback in (r"connectAck\(\)", r"nextValidId\(1\)", r"managedAccounts\(U21146542\)"):
        lines = re.findall(rf"^\[\d\d:\d\d:\d\d\.\d\d\d\] {callback}", done.output, re.M)
        assert len(lines) == 1
    assert done.output.count("(asking for order ids once more, to test Read-Only API)") == 1
    assert re.search(r"^SUCCESS in \d+ms", done.output, re.MULTILINE)
    told = ["REQ_CONFIG"] if MAX_CLIENT_VER >= TELLS_CONFIG else []
    assert gateway.received == ["hello", "START_API", "REQ_IDS", "REQ_IDS", *told]
    assert gateway.connections == 1


def test_fake_gateway_on_the_port_is_called_fake_in_a_note(
    fake: Started, secrets: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(forked.FRESH, "1")  # its command line is to be its own
    gateway = fake()
    done = smoke_here(secrets(gateway.port))
    is_fake = f"a fake gateway listens on port {gateway.port}, pid {gateway.pid}, not a real one"
    assert (done.exit_code, done.output.splitlines().count(f"Note: {is_fake}")) == (0, 1)


@pytest.mark.parametrize(
    ("fault", "exit_code", "says", "connections"),
    [
        ("down", 1, "gateway-not-running", 0),
        ("silent", 2, "api-listener-stuck, Procedure B", 1),
        ("leaky", 2, "zombies, Procedure A", 1),
        ("no-close", 2, "zombies, Procedure A", 1),
        ("no-start", 2, "api-listener-stuck", 1),
        ("tls", 2, "other-protocol", 1),
        ("connectivity-lost", 2, "connectivity-lost", 1),
        ("accounts-only", 2, "no-next-valid-id", 1),
        ("refuses", 2, "handshake-refused", 1),
        ("garbage", 2, "protocol-error", 1),
        ("slow", 2, "slow-handshake", 1),
        ("wrong-account", 2, "wrong-account", 1),
        ("client-id-in-use", 2, "client-id-in-use", 1),
        ("zombies", 3, "zombies, Procedure A", 0),
        ("wedged", 3, "api-listener-stuck", 0),
        ("read-only", 2, "read-only-api", 1),
        ("mute", 2, "half-open, Procedure A", 1),
        ("busy", 3, "another-client", 1),  # the other one's
        ("unknown-code", 2, "gateway-in-trouble", 1),
        ("disclaimer", 2, "login-not-usable", 1),
        ("disclaimer-closes", 2, "login-not-usable", 1),
        ("disclaimer-granted", 2, "login-not-usable", 1),
        ("port-changed", 2, "port-changed", 1),
        ("farm-broken", 0, "error(2103 ", 1),
        ("other-orders", 0, "error(202 ", 1),
        ("restored", 0, "SUCCESS", 1),
        ("boundary", 0, "SUCCESS", 1),
        ("fragmented", 0, "SUCCESS", 1),
    ],
)
def test_each_fault_has_its_exit_code_and_its_name(
    fault: str, exit_code: int, says: str, connections: int, fake: Started, secrets: Written,
    tmp_path: Path,
) -> None:  # fmt: skip
    apart = fault in IN_A_PROCESS
    with ExitStack() as stack:
        gateway = fake(fault) if apart else stack.enter_context(here(tmp_path, fault))
        times = {"HandshakeBudgetSeconds": 1} if fault == "slow" else {}
        path = secrets(gateway.port, HandshakeTimeoutSeconds=patience(fault), **times)
        done = smoke(path) if apart else smoke_here(path)
        assert (done.exit_code, says in done.output) == (exit_code, True), done.output
        assert gateway.connections == connections


def test_notices_without_end_are_told_in_part_and_the_handshake_in_full(
    fake: Started, secrets: Written
) -> None:
    gateway = fake("flood-of-notices=1")
    done = smoke(secrets(gateway.port, HandshakeTimeoutSeconds=60, HandshakeBudgetSeconds=60))
    assert done.exit_code == 0, done.output
    assert re.search(r"^SUCCESS in \d+ms", done.output, re.MULTILINE)
    assert len(done.output.splitlines()) < 100
    assert "the rest are not shown" in done.output


def test_what_cannot_be_seen_after_the_attempt_is_no_refusal_of_it(
    fake: Started, secrets: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, told, see = fake(), list[str](), sockets.kernel_sockets

    def seen_until_the_attempt() -> list[sockets.Socket]:
        if gateway.received:
            raise sockets.TableRefused("no longer")
        return see()

    monkeypatch.setattr(sockets, "kernel_sockets", seen_until_the_attempt)
    assert in_process(secrets(gateway.port), told.append) == 2
    assert "FAILED: what the attempt left behind was not observed: no longer" in told
    assert not any("nothing was connected" in line for line in told)


def test_failed_login_is_read_from_the_gateways_own_log(
    fake: Started, secrets: Written, tmp_path: Path
) -> None:
    folder = str(tmp_path / "Jts")
    gateway = fake("authentication-failed", "--settings-dir", folder)
    done = smoke(secrets(gateway.port, HandshakeTimeoutSeconds=SHORT, GatewayFolder=folder))
    assert (done.exit_code, "Diagnosis: authentication-failed" in done.output) == (2, True)


def test_gateway_that_waits_for_its_second_factor_is_named_by_pid_and_not_started_again(
    fake: Started, secrets: Written, tmp_path: Path
) -> None:
    folder = str(tmp_path / "Jts")
    gateway = fake("second-factor", "--settings-dir", folder)
    done = smoke(secrets(gateway.port, GatewayFolder=folder))
    assert (done.exit_code, "Diagnosis: second-factor-pending" in done.output) == (1, True)
    assert re.search(r"IB Gateway \(pid \d+\) has been waiting for the second factor", done.output)
    assert "Do not start a second gateway" in done.output


def test_id_that_comes_unasked_does_not_hide_read_only_mode(
    fake: Started, secrets: Written
) -> None:
    gateway = fake("read-only", "joined", "orders-first", "slow=0.1", "fragmented")
    done = smoke(secrets(gateway.port))
    assert (done.exit_code, "read-only-api" in done.output) == (2, True), done.output


def test_other_accounts_behind_the_handshake_are_no_success(secrets: Written) -> None:
    def script(gateway: socket.socket) -> None:
        handshake(gateway)
        converse(gateway, {8: message(1, "U9", number=15) + NEXT_ID})

    with Scripted(script) as server:
        done = smoke(secrets(server.port))
    assert (done.exit_code, "accounts-changed" in done.output) == (2, True), done.output


@pytest.mark.parametrize(
    ("golive", "says"),
    [
        ({"PinnedClientId": 11}, "client-id-changed"),
        ({"ApiVersion": "10.50.2"}, "ibapi-not-the-one"),
        ({"ExpectedAccount": "DU1"}, "identity-mismatch"),
    ],
)
def test_preflight_that_does_not_hold_refuses_before_connecting(
    golive: dict[str, object], says: str, fake: Started, secrets: Written
) -> None:
    gateway = fake()
    done = smoke(secrets(gateway.port, **golive))
    assert (done.exit_code, says in done.output) == (3, True), done.output
    assert gateway.connections == 0


def without_expectation(path: Path) -> Path:
    """The file as it is before anybody has said which account and how many positions."""
    document = json.loads(path.read_text(encoding="utf-8"))
    for key in EXPECTED:
        del document["GoLive"][key]
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_without_an_expected_account_any_account_is_success_and_it_says_so(
    fake: Started, secrets: Written
) -> None:
    gateway = fake("healthy")
    done = smoke(without_expectation(secrets(gateway.port)))
    assert (done.exit_code, "SUCCESS in" in done.output) == (0, True), done.output
    assert ANY_ACCOUNT in done.output
    assert ANY_ACCOUNT not in smoke(secrets(gateway.port)).output


def test_without_an_expected_account_a_paper_account_on_a_live_port_is_none(
    fake: Started, secrets: Written
) -> None:
    gateway = fake("healthy", "--account", "DU1234567")
    done = smoke(without_expectation(secrets(gateway.port)))
    assert (done.exit_code, "Diagnosis: wrong-account" in done.output) == (2, True), done.output


@pytest.mark.parametrize(
    "command",
    [("check",), ("rehearse",), ("soak",), ("check", "--fallback"), ("monitor",), ("mcp",),
     ("service",)],
)  # fmt: skip
def test_all_that_goes_live_refuses_settings_without_an_expectation(
    command: tuple[str, ...], fake: Started, secrets: Written, tmp_path: Path
) -> None:
    gateway = fake("healthy")
    path = without_expectation(secrets(gateway.port))
    done = HERE.run("golive", *command, "--secrets", str(path), GOLIVE_REPORTS=str(tmp_path / "r"))
    assert done.exit_code == 4, done.output
    assert 'add "ExpectedAccount": "U..." to GoLive' in done.output
    assert 'add "ExpectedPositions": N to GoLive' in done.output
    assert gateway.connections == 0
    assert not (tmp_path / "r").exists()


@pytest.mark.skipif(os.name == "nt", reason="starts programs under POSIX")
def test_stale_client_refuses_before_connecting(
    fake: Started, secrets: Written, tmp_path: Path
) -> None:
    gateway = fake()
    with started(tmp_path) as start:
        stale = start(name := f"stale-{os.getpid()}", WAIT)
        done = smoke(secrets(gateway.port, StaleProcesses=[name]))
    assert (done.exit_code, "Diagnosis: stale-client" in done.output) == (3, True), done.output
    assert f"{name}: {commands.HERE.end(stale.pid)}" in done.output
    assert gateway.connections == 0


def test_other_port_that_listens_is_named(
    monkeypatch: pytest.MonkeyPatch, secrets: Written, fake: Started
) -> None:
    other, lines = fake(), list[str]()
    for module in ("machine.gateway", "diagnosis.placeholders"):
        monkeypatch.setattr(f"golive.{module}.PORTS", {other.port: "TWS (paper)"})
    assert in_process(secrets(fake("down").port), lines.append) == 1
    assert "Diagnosis: wrong-port" in "\n".join(lines)


def test_every_step_of_the_preflight_can_refuse_the_smoke_test() -> None:
    refused = {*preflight.BEFORE_ALL, *preflight.BEFORE_WAITING, *preflight.AFTER_WAITING}
    refused |= {"gateway.initialized"}  # while it is waited for
    elsewhere = {"environment.settings", "gateway.listening"}  # exit codes 4 and 1
    assert refused | elsewhere == {
        step.id for step in steps.STEPS if step.stage in ("environment", "gateway")
    }


def test_young_gateway_is_waited_for_and_not_harmed(
    own_project: Project, fake: Started, secrets: Written
) -> None:
    own_project.finds_every_gateway_young()
    settings = secrets(fake().port, InitializationSeconds=2)
    done = own_project.run("golive", "smoke", "--secrets", str(settings))
    assert done.exit_code == 0
    assert "more: still initializing" in done.output


def test_console_that_knows_few_characters_is_written_to_all_the_same(
    fake: Started, secrets: Written
) -> None:
    gateway = fake("silent")
    done = smoke(secrets(gateway.port, HandshakeTimeoutSeconds=SHORT), PYTHONIOENCODING="ascii")
    assert done.exit_code == 2
    assert "Traceback" not in done.output


@pytest.mark.parametrize("fault", ["down", "silent", "zombies", "busy"])
def test_what_is_to_be_typed_next_has_the_options_of_this_call(
    fault: str, fake: Started, secrets: Written
) -> None:
    there = {"Port": fake(fault).port, "ExpectedAccount": "DU1234567"}
    settings = secrets(1, Fallback=there, HandshakeTimeoutSeconds=patience(fault))
    done = HERE.run("golive", "smoke", "--fallback", "--secrets", str(settings))
    again = f"python -m golive smoke --fallback --secrets {settings}"
    assert f": {again}" in done.output, done.output
    assert "Procedure C" not in done.output  # there is no fallback from the fallback
    kill = f"python -m golive check --fallback --secrets {settings} --kill-stale"
    assert (kill in done.output) is (fault == "busy"), done.output


def test_gateway_to_be_restarted_is_named_by_its_pid_before_any_attempt(
    fake: Started, secrets: Written
) -> None:
    gateway = fake("zombies")
    done = smoke(secrets(gateway.port))
    assert f"gone: {commands.HERE.process(gateway.pid)}" in done.output, done.output
    assert "If that fails\n  1. Switch to TWS paper" in done.output


@pytest.mark.parametrize("words", [["smok"], ["smoke", "--bogus"]])
def test_wrong_words_are_one_line_and_exit_4(words: list[str]) -> None:
    done = HERE.run("golive", *words)
    assert (done.exit_code, done.output.count("\n")) == (4, 1)


def test_command_that_is_interrupted_while_it_is_imported_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def imports(words: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(card, "main", imports)
    assert main(["card"]) == 130
    assert capsys.readouterr().err == "golive: interrupted\n"


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_smoke_test_that_is_stopped_closes_its_connection(
    name: str, fake: Started, secrets: Written
) -> None:
    gateway = fake("silent")
    settings = secrets(gateway.port, HandshakeTimeoutSeconds=40)
    process = forked.started(
        HERE.command("golive", "smoke", "--secrets", str(settings)),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: "hello" in gateway.received)
    process.send_signal(signal.Signals[name])
    assert "interrupted; no connection is left" in process.communicate(timeout=120)[1]
    assert process.returncode == 130
    wait_until(lambda: gateway.events[-1]["event"] == "closed")
    assert gateway.events[-1]["by"] == "client"
