"""The Monitor, as a process of its own: its lines, its exit codes, what the gateway saw of it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from fake_ib_gateway import FakeGateway
from golive.client import position_answer
from golive.discipline.attempts import endpoint
from golive.discipline.one_run import OneRun
from golive.discipline.running_monitor import RunningMonitor
from golive.monitor.holding import last_answers
from tests.monitor.conftest import SERVED
from tests.support.fakes import wait_until
from tests.support.monitoring import MonitorHere
from tests.support.monitors import WORDS, Running, connections, journal, settings_for, zombies
from tests.support.projects import ROOT, Project

Gateways = Callable[..., FakeGateway]
Start = Callable[..., tuple[FakeGateway, Running]]
Here = Callable[..., tuple[FakeGateway, MonitorHere]]
TIME = re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC([+-]\d{4})?\] \S")
LINES = (
    r"\[IBKR\] Connecting to 127\.0\.0\.1:\d+ \(ClientId: 10\)\.\.\.",
    r"\[IBKR\] eConnect\(\) completed\. IsConnected: True",
    r"\[IBKR\] startApi\(\) called - requesting handshake",
    r"\[IBKR\] Connected successfully",
    r"Retrieved 24 positions for account U21146542",
)


def is_connected(monitor: Running | MonitorHere) -> None:
    monitor.hears("Retrieved 24 positions")


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_it_says_the_procedures_lines_keeps_its_one_connection_and_closes_it_when_stopped(
    name: str, start: Start, state: Path
) -> None:
    gateway, monitor = start()
    is_connected(monitor)
    beats = gateway.received.count("REQ_CURRENT_TIME")
    wait_until(lambda: gateway.received.count("REQ_CURRENT_TIME") > beats)
    assert monitor.stopped(name) == 0, monitor.output
    gateway.wait_for("closed")
    assert re.search(r"(?s)" + r"\n(?:.*\n)?\[[^]]*\] ".join(LINES), monitor.output), monitor.output
    assert monitor.lines[-1].endswith(f"stopped ({name}): closed cleanly")
    assert all(TIME.match(line) for line in monitor.lines if line), monitor.output
    assert (connections(gateway), zombies(gateway), gateway.orders_received) == (1, 0, 0)
    assert [each["by"] for each in gateway.events if each["event"] == "closed"] == ["client"]
    assert [each.outcome for each in journal(state)] == ["begun", "GO"]
    here = endpoint("127.0.0.1", gateway.port)
    lock = OneRun(state, here)
    assert lock.begin("next", journal(state)[0].time)
    lock.end()
    assert RunningMonitor.find(state, here) is None


TIMES: dict[str, dict[str, float]] = {
    "slow": {"HandshakeBudgetSeconds": 1},
    "silent": {"HandshakeTimeoutSeconds": 0.5},
    "leaky": {"HandshakeTimeoutSeconds": 0.5},
    "mute": {"HandshakeTimeoutSeconds": 2},
}


@pytest.mark.parametrize(
    ("fault", "exit_code", "says", "attempts"),
    [
        ("down", 1, "gateway-not-running", 0),
        ("silent", 2, "api-listener-stuck, Procedure B", 1),
        ("leaky", 2, "zombies, Procedure A", 1),
        ("slow", 2, "slow-handshake", 1),
        ("wrong-account", 2, "wrong-account", 1),
        ("read-only", 2, "read-only-api", 1),
        ("mute", 2, "half-open, Procedure A", 1),
        ("zombies", 3, "zombies, Procedure A", 0),
        ("wedged", 3, "api-listener-stuck", 0),
        ("busy", 3, "another-client", 1),  # the other one's
    ],
)
def test_what_fails_the_smoke_test_ends_it_before_it_has_begun(
    fault: str, exit_code: int, says: str, attempts: int, here: Here
) -> None:
    gateway, monitor = here(fault, **TIMES.get(fault, {}))
    assert (monitor.ended(), f"Diagnosis: {says}" in monitor.output) == (exit_code, True)
    assert "Connected successfully" not in monitor.output
    assert "Retrieved" not in monitor.output
    assert connections(gateway) == attempts


@pytest.mark.parametrize(
    ("fault", "line", "says"),
    [
        (
            "missing-positions=2",
            "Retrieved 22 positions for account U21146542, BUT 24 ARE EXPECTED",
            "Diagnosis: positions-mismatch",
        ),
        ("endless-positions", "Connected successfully", "Diagnosis: positions-incomplete"),
        ("closed-positions", "Retrieved 24 positions for account U21146542", "")
    ],
)  # fmt: skip
def test_positions_that_are_not_the_expected_ones_are_said_and_no_success(
    fault: str, line: str, says: str, here: Here
) -> None:
    _, monitor = here(fault, HandshakeTimeoutSeconds=2 if "endless" in fault else 20)
    monitor.hears(line)
    monitor.hears(says)
    assert monitor.stopped() == (2 if says else 0), monitor.output
    retrieved = [each.partition("] ")[2] for each in monitor.lines if "Retrieved" in each]
    assert retrieved == ([] if "Connected" in line else [line])


def test_gateway_that_goes_mute_is_named_half_open_and_said_to_be_back(
    here: Here,
) -> None:
    gateway, monitor = here(RetryCooldownSeconds=0, **SERVED)
    is_connected(monitor)
    gateway.become("mute")
    monitor.hears("Diagnosis: half-open")
    gateway.become("healthy")
    monitor.hears("connected: the gateway answers again")
    monitor.becomes_ready()
    assert (monitor.stopped(), connections(gateway)) == (0, 1), monitor.output


def test_gateway_that_is_mute_to_the_end_is_no_success(here: Here) -> None:
    gateway, monitor = here()
    is_connected(monitor)
    gateway.become("mute")
    monitor.hears("Diagnosis: half-open")
    assert monitor.stopped() == 2, monitor.output
    assert connections(gateway) == 1


def test_lost_link_to_ibkr_and_farms_are_said_and_said_to_be_back(here: Here) -> None:
    gateway, monitor = here(**SERVED)
    is_connected(monitor)
    gateway.say(2103)
    monitor.hears("not connected; this is a warning only")
    gateway.say(1100)
    monitor.hears("Diagnosis: connectivity-lost")
    gateway.say(1102)
    monitor.hears("connected: the gateway has its link to IBKR again")
    monitor.hears("Retrieved 24 positions", 2)
    monitor.becomes_ready()
    assert (monitor.stopped(), connections(gateway)) == (0, 1), monitor.output


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        ("not-available-yet", "positions-not-available", "error 2151"),
        ("account-unavailable", "positions-not-available", "error 10275"),
        ("unknown-at-positions", "gateway-in-trouble", "error 9999"),
        ("advisor", "too-many-accounts", "60 accounts"),
        ("contradictory-rows", "positions-contradictory", "100 at 187.444, and 101"),
        ("accounts-behind", "accounts-changed", "different accounts"),
    ],
)
def test_what_the_gateway_says_against_its_positions_is_said_and_they_are_none(
    fault: str, code: str, says: str, here: Here
) -> None:
    late = {"HandshakeTimeoutSeconds": 2} if fault == "unknown-at-positions" else {}
    _, monitor = here(fault, **late)
    line = monitor.hears(f"Diagnosis: {code}")
    assert says in line or any(says in each for each in monitor.lines), monitor.output
    monitor.hears("If that fails" if "trouble" in code else "Then run again")
    assert monitor.stopped() == 2, monitor.output
    assert "positions-incomplete" not in monitor.output
    assert "Retrieved 0" not in monitor.output
    if code not in ("accounts-changed",):  # which are named behind the end
        assert "Retrieved" not in monitor.output


def test_what_is_said_and_then_settled_by_a_new_answer_is_said_and_no_failure(
    here: Here,
) -> None:
    gateway, monitor = here(**SERVED)
    is_connected(monitor)
    gateway.say(9999)
    monitor.hears("the gateway said error 9999: ")
    assert "error 9999" in monitor.hears("Diagnosis: gateway-in-trouble: ")
    monitor.hears("Retrieved 24 positions", 2)
    monitor.becomes_ready()
    assert (monitor.stopped(), connections(gateway)) == (0, 1), monitor.output


def test_flood_of_positions_ends_it_in_order_with_its_diagnosis(
    here: Here, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (last_answers, position_answer):
        monkeypatch.setattr(module, "MOST_ROWS", 1000)
    gateway, monitor = here("flood-of-rows")
    monitor.hears("Diagnosis: flood")
    assert monitor.ended() == 5, monitor.output
    assert "disconnected: more than 1,000 rows arrived" in monitor.output
    assert "Retrieved" not in monitor.output
    assert [each.outcome for each in journal(state)] == ["begun", "flood"]
    assert zombies(gateway) == 0


def test_positions_that_change_are_said(here: Here) -> None:
    gateway, monitor = here()
    is_connected(monitor)
    gateway.hold("NEWCO", 7)
    monitor.hears("positions changed: 25 open in U21146542")


def test_zombies_that_appear_while_it_runs_are_said_and_no_success(here: Here) -> None:
    gateway, monitor = here()
    is_connected(monitor)
    gateway.add_zombies(2)
    monitor.hears("zombies: 2 CLOSE_WAIT on the gateway's port")
    monitor.hears("Diagnosis: zombies")
    assert monitor.stopped() == 2, monitor.output


def test_gateway_that_never_closes_its_side_is_named_when_it_is_stopped(
    here: Here, state: Path
) -> None:
    gateway, monitor = here("no-close")
    is_connected(monitor)
    assert monitor.stopped() == 2, monitor.output
    assert "Diagnosis: zombies, Procedure A" in monitor.output
    assert [each.outcome for each in journal(state)] == ["begun", "zombies"]
    assert journal(state)[-1].zombies == zombies(gateway) == 1


def test_gateway_that_has_no_link_to_ibkr_when_it_connects_is_not_shown_as_a_success(
    here: Here,
) -> None:
    _, monitor = here("connectivity-lost")
    monitor.hears("Diagnosis: connectivity-lost")
    assert monitor.ended() == 2, monitor.output
    assert "Retrieved" not in monitor.output


def test_connection_that_is_lost_ends_it_with_the_diagnosis(here: Here, state: Path) -> None:
    gateway, monitor = here(RetryCooldownSeconds=90)
    is_connected(monitor)
    gateway.drop_everyone()
    assert monitor.ended() == 5, monitor.output
    assert "disconnected: the gateway closed the connection (FIN)" in monitor.output
    assert "Diagnosis: connection-lost" in monitor.output
    assert (connections(gateway), zombies(gateway)) == (1, 0)
    # it did not last for as long as the cool-down: nobody is to try again at once
    assert [each.outcome for each in journal(state)] == ["begun", "connection-lost"]


# the endpoint is its own


def test_another_run_meanwhile_is_refused_and_told_of_the_monitor(
    here: Here, tmp_path: Path
) -> None:
    gateway, monitor = here()
    is_connected(monitor)
    project = Project(ROOT)
    for command in ("smoke", "monitor"):
        other = project.run("golive", command, "--secrets", str(tmp_path / "settings.json"))
        assert other.exit_code == 3, other.output
        assert "Diagnosis: another-run" in other.output
        assert re.search(rf"-monitor, pid {os.getpid()}, since", other.output)
    assert connections(gateway) == 1
    assert "disconnected" not in monitor.output


def test_monitor_is_found_with_its_url_and_answers_there(here: Here, state: Path) -> None:
    gateway, monitor = here(**SERVED)
    is_connected(monitor)
    found = RunningMonitor.find(state, endpoint("127.0.0.1", gateway.port))
    assert found is not None
    assert found.pid == os.getpid()
    assert found.url is not None
    assert f"Health: {found.url}/healthz" in monitor.output
    status, told = monitor.asked("/readyz")
    assert (status, told["smoke"], told["reconnects"], told["positions"]) == (200, "GO", 0, 24)
    gateway.drop_everyone()
    assert monitor.ended() == 5, monitor.output


def test_port_of_the_health_endpoint_that_is_taken_is_one_line_and_nothing_is_connected(
    here: Here, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gateway, monitor = here(Monitor={"HealthPort": taken.getsockname()[1]})
        assert monitor.ended() == 4, monitor.output
    told = capfd.readouterr().err.splitlines()
    said = [line for line in told if line.startswith("golive: settings: ")]
    assert len(said) == 1
    assert "HealthPort" in said[0]
    assert connections(gateway) == 0


def test_settings_that_are_wrong_are_one_line(tmp_path: Path) -> None:
    done = Project(ROOT).run("golive", "monitor", "--secrets", str(tmp_path / "none.json"))
    assert (done.exit_code, done.output.count("\n")) == (4, 1)


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_stopped_while_it_waits_for_a_young_gateway_it_has_connected_nothing(
    start: Start,
) -> None:
    gateway, monitor = start(InitializationSeconds=60)
    monitor.hears("still initializing")
    assert (monitor.stopped("SIGINT"), connections(gateway)) == (130, 0)
    assert monitor.lines[-1].endswith("] interrupted; no connection was left open")


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_stopped_in_the_middle_of_the_handshake_it_closes_its_connection(
    start: Start, state: Path
) -> None:
    gateway, monitor = start("silent", HandshakeTimeoutSeconds=40)
    gateway.wait_for("received")
    assert monitor.stopped("SIGINT") == 130
    gateway.wait_for("closed")
    assert gateway.events[-1]["by"] == "client"
    assert [each.outcome for each in journal(state)] == ["begun", "unfinished"]


def test_it_goes_on_when_nobody_reads_its_lines_any_more(
    gateways: Gateways, tmp_path: Path
) -> None:
    gateway = gateways()
    path = settings_for(tmp_path / "s.json", gateway.port)
    monitor = subprocess.Popen([*WORDS, "--secrets", str(path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert monitor.stdout is not None
    while b"Retrieved 24 positions" not in monitor.stdout.readline():
        assert monitor.poll() is None
    monitor.stdout.close()
    beats = gateway.received.count("REQ_CURRENT_TIME")
    gateway.say(2103)
    gateway.say(2104)
    wait_until(lambda: gateway.received.count("REQ_CURRENT_TIME") >= beats + 2)
    monitor.terminate()
    assert monitor.wait(60) == 0


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_killed_monitor_leaves_neither_its_lock_nor_its_name(start: Start, state: Path) -> None:
    gateway, monitor = start()
    is_connected(monitor)
    monitor.signal("SIGKILL")
    monitor.exit_code()
    here = endpoint("127.0.0.1", gateway.port)
    assert RunningMonitor.find(state, here) is None
    lock = OneRun(state, here)
    assert lock.begin("next", journal(state)[0].time)
    lock.end()


# as a part of a run

RUN = """
import json, os, subprocess, sys
from datetime import UTC, datetime
from pathlib import Path
from golive.discipline.one_run import OneRun
lock = OneRun(Path(os.environ["GOLIVE_STATE"]), sys.argv[1])
assert lock.begin("the-run", datetime.now(UTC))
words = [sys.executable, "-m", "golive", "monitor", "--secrets", sys.argv[2]]
child = subprocess.Popen(words, env=os.environ | {"GOLIVE_RUN": sys.argv[3]}, text=True,
                         stdout=subprocess.PIPE)
for line in child.stdout:
    print(line, end="", flush=True)
    if "] Retrieved" in line:
        break
lock.end()
print("the run is over", flush=True)
for line in child.stdout:
    print(line, end="", flush=True)
sys.exit(child.wait())
"""


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_monitor_of_a_run_goes_on_under_its_lock_and_takes_it_over(
    gateways: Gateways, tmp_path: Path, state: Path
) -> None:
    gateway = gateways()
    path, here = (
        settings_for(tmp_path / "s.json", gateway.port, Monitor={"KeepRunning": True}),
        endpoint("127.0.0.1", gateway.port),
    )
    state.mkdir()
    words = [sys.executable, "-c", RUN, here, str(path)]
    other = OneRun(state, here)
    with subprocess.Popen([*words, "the-run"], cwd=ROOT, stdout=subprocess.PIPE) as run:
        try:
            wait_until(lambda: "-monitor" in (other.holder.run if other.holder else ""))
        finally:
            running = RunningMonitor.find(state, here)
            if running:
                os.kill(running.pid, signal.SIGTERM)
        assert run.wait(60) == 0

    refused = subprocess.run([*words, "another"], cwd=ROOT, stdout=subprocess.PIPE, timeout=120)
    assert refused.returncode == 3
    assert b"another-run" in refused.stdout
    assert connections(gateway) == 1


# the fallback


def test_auto_fallback_runs_on_tws_paper_once_where_the_gateway_is_to_blame(
    gateways: Gateways, here: Here, tmp_path: Path
) -> None:
    with FakeGateway(account="DU1234567", positions=3, process=True) as paper:
        there = {"Port": paper.port, "ExpectedAccount": "DU1234567", "ExpectedPositions": 3}
        gateway, monitor = here("down", AutoFallback=True, Fallback=there)
        monitor.hears("Retrieved 3 positions for account DU1234567")
        assert monitor.stopped() == 0, monitor.output
        assert (connections(gateway), connections(paper)) == (0, 1)
    again = monitor.output.index("AutoFallback: trying once")
    assert monitor.output.index("gateway-not-running") < again


def test_auto_fallback_is_no_way_out_of_what_is_not_the_gateways_fault(here: Here) -> None:
    there = {"Port": 1, "ExpectedAccount": "DU1234567"}
    _, monitor = here("wrong-account", AutoFallback=True, Fallback=there)
    assert monitor.ended() == 2
    assert "AutoFallback" not in monitor.output


def test_nothing_it_says_needs_more_than_ascii(here: Here) -> None:
    gateway, monitor = here("hostile")
    monitor.hears("Retrieved")
    gateway.drop_everyone()
    monitor.ended()
    assert monitor.output.isascii(), json.dumps(monitor.output)


# killed, and started again


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_monitor_that_is_killed_has_failed_and_who_starts_it_again_waits(
    start: Start, tmp_path: Path, state: Path
) -> None:
    gateway, monitor = start(RetryCooldownSeconds=90)
    is_connected(monitor)
    monitor.signal("SIGKILL")
    monitor.exit_code()
    assert [each.outcome for each in journal(state)] == ["begun"]
    for _ in range(2):
        with MonitorHere(tmp_path / "settings.json") as again:
            assert again.ended() == 3, again.output
            assert "Diagnosis: cool-down" in again.output
    assert connections(gateway) == 1


def _has_come_to_something(monitor: Running) -> bool:
    return "Retrieved 24" in monitor.output or "REFUSED" in monitor.output


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_supervisor_without_a_cool_down_is_held_to_the_back_off_of_the_monitor_itself(
    start: Start, tmp_path: Path, state: Path
) -> None:
    """Started again at once, and killed once it is connected: after 1 and 2 seconds, and so on."""
    gateway, monitor = start(RetryCooldownSeconds=0)
    is_connected(monitor)
    monitor.signal("SIGKILL")
    monitor.exit_code()
    while connections(gateway) < 3:
        with Running(tmp_path / "settings.json") as again:
            assert again.wait_for(partial(_has_come_to_something, again))
            again.signal("SIGKILL")
    begun = [each.time for each in journal(state)]
    waits = [(later - earlier).total_seconds() for earlier, later in pairwise(begun)]
    assert len(waits) == 2
    assert all(wait >= 2**n for n, wait in enumerate(waits)), waits


def test_what_the_monitor_said_is_wrong_when_it_was_stopped_holds_for_the_next_attempt(
    here: Here, state: Path
) -> None:
    gateway, monitor = here("missing-positions=2")
    monitor.hears("Diagnosis: positions-mismatch")
    assert monitor.stopped() == 2, monitor.output
    assert [each.outcome for each in journal(state)] == ["begun", "positions-mismatch"]
    assert connections(gateway) == 1
