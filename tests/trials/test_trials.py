"""The programs of the settings, tried by whole runs: in their order, by the rules, none left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from golive.discipline.journal import Journal
from golive.discipline.running_monitor import RunningMonitor
from golive.evidence.record import Diagnosis
from golive.kit.clock import SYSTEM
from golive.machine.sockets import SocketTable
from golive.run import session
from golive.run.session import Exit, Session
from golive.settings.secrets_json import read
from golive.settings.target import Target
from golive.trials import command
from tests.support import forked
from tests.support.fakes import Fake, wait_until
from tests.support.left_running import has_ended, nothing_left
from tests.support.projects import SECONDS, Project, Rehearsal, write_secrets

pytestmark = pytest.mark.skipif(os.name == "nt", reason="ends programs under POSIX")

Secrets = Callable[..., Path]
MONITOR = ["monitor.connected", "monitor.positions", "monitor.one-connection",
           "monitor.left-as-asked", "monitor.no-zombies"]  # fmt: skip
MCP = ["mcp.tools", "mcp.one-connection", "mcp.positions", "mcp.of-this-run", "mcp.ended"]
COUNTED = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone counts the bytes")
TELL = (
    "import json, os, sys; path = {path!r}; "
    "open(path, 'w').write(json.dumps([os.getpid(), *sys.argv[1:]])); "
)


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    with nothing_left():
        yield


def foreign(name: str, *oddity: str, **settings: Any) -> dict[str, Any]:
    words = [sys.executable, "-m", f"tests.support.foreign.{name}", "{port}", *oddity]
    return {"Command": words, "ReadyTimeoutSeconds": 20, **settings}


def python(code: str, *words: str, **settings: Any) -> dict[str, Any]:
    return {"Command": [sys.executable, "-c", code, *words], "ReadyTimeoutSeconds": 20, **settings}


def rehearsed(project: Project, secrets: Secrets, *words: str, **golive: Any) -> Rehearsal:
    return project.rehearse(*(words or ("--fake",)), "--secrets", str(secrets(4001, **golive)))


def outcomes(folder: Path) -> list[tuple[str, str]]:
    """What the journal tells of attempts: `(monitor, begun)`, and "" of the run itself."""
    entries = Journal(folder).read().entries
    return [(each.run.partition("Z-")[2].partition("-")[2], each.outcome) for each in entries]


def test_both_are_tried_one_after_the_other_and_each_attempt_is_remembered(
    project: Project, secrets: Secrets
) -> None:
    """Of a rehearsal no Monitor stays, whatever the settings say."""
    monitor = foreign("monitor", KeepRunning=True)
    run = rehearsed(project, secrets, Monitor=monitor, Mcp=foreign("mcp_server"))
    assert (run.exit_code, run.evidence["verdict"]) == (0, "GO"), run.output
    assert set(run.having("passed")) >= {*MONITOR, *MCP}
    assert (run.evidence["attempts"], run.connections) == (1, 3)
    assert outcomes(run.folder / "state") == [
        ("", "begun"), ("", "GO"), ("monitor", "begun"), ("monitor", "GO"),
        ("mcp", "begun"), ("mcp", "GO"),
    ]  # fmt: skip
    assert run.steps["monitor.left-as-asked"]["observed"]["how"] == "politely"
    assert run.steps["mcp.tools"]["observed"]["server"] == "foreign 1"
    assert list(run.folder.rglob("*secrets*")) == []


def at_night(*oddity: str) -> Any:
    """One whose kind another one shows already, and that is tried alone in this folder as well."""
    return pytest.param(*oddity, marks=pytest.mark.nightly)


@pytest.mark.parametrize(
    ("monitor", "mcp", "failed", "code"),
    [
        ("only-says", "", "monitor.one-connection", "monitor-not-connected"),
        pytest.param("bare", "", "monitor.one-connection", "monitor-not-answered", marks=COUNTED),
        ("twice", "", "monitor.one-connection", "second-connection"),
        at_night("again", "", "monitor.one-connection", "second-connection"),
        ("stubborn", "", "monitor.left-as-asked", "program-not-ended"),
        at_night("", "elsewhere", "mcp.positions", "mcp-mismatch"),
        ("", "stale", "mcp.of-this-run", "mcp-stale"),
        ("", "twice", "mcp.one-connection", "second-connection"),
        at_night("", "stays", "mcp.ended", "program-not-ended"),
    ],
)
def test_oddity_fails_its_step_blocks_the_rest_and_is_named(
    monitor: str, mcp: str, failed: str, code: str, project: Project, secrets: Secrets
) -> None:
    run = rehearsed(
        project,
        secrets,
        Monitor=foreign("monitor", *filter(None, [monitor])),
        Mcp=foreign("mcp_server", *filter(None, [mcp])),
    )
    fails(run, failed, code)
    assert list(run.folder.rglob("*secrets*")) == []


def fails(run: Rehearsal, failed: str, code: str) -> None:
    """At this step, which blocks all that come behind it."""
    assert (run.exit_code, run.evidence["diagnosis"]["code"]) == (1, code), run.output
    steps = [*MONITOR, *MCP]
    assert run.having("failed") == [failed]
    assert run.having("blocked") == steps[steps.index(failed) + 1 :]


def test_server_that_tells_no_time_may_be_go_and_is_listed(
    project: Project, secrets: Secrets
) -> None:
    run = rehearsed(project, secrets, Mcp=foreign("mcp_server", "no-time"))
    assert (run.exit_code, run.having("not-configured")) == (0, MONITOR)
    assert "mcp.of-this-run" in run.having("not-observable")


def test_nothing_is_started_where_an_earlier_step_failed(
    tmp_path: Path, project: Project, secrets: Secrets
) -> None:
    told = [tmp_path / "monitor.json", tmp_path / "mcp.json"]
    programs = [python(TELL.format(path=str(each)), "{port}") for each in told]
    run = rehearsed(
        project, secrets, "--fake=missing-positions", Monitor=programs[0], Mcp=programs[1]
    )
    assert run.evidence["diagnosis"]["code"] == "positions-mismatch"
    assert set(run.having("blocked")) >= {*MONITOR, *MCP}
    assert not any(each.exists() for each in told)


@pytest.mark.skipif(os.name == "nt", reason="hands on no connection")
def test_who_a_server_leaves_connected_is_named_with_what_ends_it(
    project: Project, secrets: Secrets
) -> None:
    run = rehearsed(project, secrets, Mcp=foreign("mcp_server", "leaves"))
    diagnosis = run.evidence["diagnosis"]
    assert diagnosis["code"] == "program-still-connected", run.output
    assert run.having("failed") == ["gateway.no-other-client"]
    pid = re.search(r"left behind: \S+: kill (\d+)$", diagnosis["next_steps"][0])
    assert pid, diagnosis
    psutil.Process(int(pid[1])).kill()
    assert "--kill-stale" not in run.output


def test_rehearsal_starts_no_command_that_would_go_to_the_live_gateway(
    tmp_path: Path, project: Project, secrets: Secrets
) -> None:
    told = tmp_path / "told.json"
    run = rehearsed(
        project,
        secrets,
        Monitor=python(TELL.format(path=str(told)), "4001"),
        Mcp=python(TELL.format(path=str(told)), "{host}", "{client_id}"),
    )
    assert (run.exit_code, run.having("not-configured")) == (0, [*MONITOR, *MCP])
    why = run.steps["monitor.connected"]["observed"]["reason"]
    assert why == (
        "a rehearsal does not start it: GoLive.Monitor.Command has neither {secrets} nor {port},"
        " so it would go to the live gateway"
    )
    assert not told.exists()


@pytest.mark.parametrize(
    ("name", "is_fallback", "starts"),
    [("live", False, True), ("fallback", True, False), ("fake", False, False)],
)
def test_command_that_cannot_be_told_where_to_connect_is_for_the_live_gateway_alone(
    name: Any, is_fallback: bool, starts: bool, tmp_path: Path
) -> None:
    target = Target(name, "127.0.0.1", 4001, "IB Gateway (live)", is_fallback=is_fallback)
    for words, is_told in ((["monitor"], False), (["m", "--port={port}"], True)):
        path = write_secrets(tmp_path / "s.json", 4001, Monitor={"Command": words})
        why = command.why_not("monitor", read(path).settings, target)
        assert (why == "") is (starts or is_told)


def test_rehearsed_program_gets_settings_of_its_own_that_aim_at_the_fake(
    tmp_path: Path, project: Project, secrets: Secrets
) -> None:
    told, kept = tmp_path / "told.json", tmp_path / "kept.json"
    code = TELL.format(path=str(told)) + (
        f"import shutil; shutil.copy(sys.argv[1], {str(kept)!r}); "
        "print(oct(os.stat(sys.argv[1]).st_mode & 0o777))"
    )
    path = secrets(4001, Monitor=python(code, "{secrets}", "{host}:{port}", "{client_id}"))
    document = json.loads(path.read_text(encoding="utf-8"))
    document["Somebody"] = {"Elses": 1}
    document["IBKRCredentials"] |= {"AutoLaunch": True, "AutoReconnect": True}
    document["GoLive"]["AutoFallback"] = True
    path.write_text(json.dumps(document), encoding="utf-8")
    run = project.rehearse("--fake", "--secrets", str(path))
    assert run.evidence["diagnosis"]["code"] == "monitor-not-ready"
    assert "it printed: 0o600" in run.evidence["diagnosis"]["cause"]
    _, secrets_path, where, client_id = json.loads(told.read_text(encoding="utf-8"))
    given = json.loads(kept.read_text(encoding="utf-8"))
    credentials = given["IBKRCredentials"]
    assert f"{credentials['Host']}:{credentials['Port']}" == where
    assert (credentials["Port"], client_id) == (run.evidence["endpoint"]["port"], "10")
    assert not credentials["AutoLaunch"]
    assert not credentials["AutoReconnect"]
    assert not given["GoLive"]["AutoFallback"]
    assert (given["GoLive"]["InitializationSeconds"], given["Somebody"]) == (0, {"Elses": 1})
    assert not Path(secrets_path).exists()
    assert read(kept).settings.golive.expected_positions == 24


@pytest.mark.parametrize(
    "how", ["SIGINT", "SIGTERM", pytest.param("SIGHUP", marks=pytest.mark.nightly)]
)
def test_program_ends_where_pytest_is_ended(
    how: str, tmp_path: Path, project: Project, secrets: Secrets
) -> None:
    told = tmp_path / "told.json"
    code = TELL.format(path=str(told)) + "import time; time.sleep(60)"
    path = secrets(4001, Monitor=python(code, "{port}", ReadyTimeoutSeconds=60))
    words = ["pytest", "acceptance", "-m", "golive", "--fake", "--secrets", str(path)]
    process = forked.started(
        project.command(*words),
        project.folder,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    pid = _pid(told, process)
    process.send_signal(signal.Signals[how])
    output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 2, output
    assert "NO-GO" in output
    assert has_ended(pid)


def _pid(told: Path, process: subprocess.Popen[str]) -> int:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if told.exists() and (text := told.read_text(encoding="utf-8")):
            return int(json.loads(text)[0])
        time.sleep(0.02)
    raise AssertionError("the program was never started")


# a live run, against a fake gateway that stands for the live one


def test_monitor_of_a_live_run_stays_where_it_is_to_and_all_has_passed(
    fake: Callable[..., Fake], project: Project, secrets: Secrets, state: Path
) -> None:
    gateway = fake()
    path = secrets(gateway.port, Monitor=foreign("monitor", KeepRunning=True))
    run = project.rehearse("--secrets", str(path))
    try:
        assert (run.exit_code, run.evidence["target"]) == (0, "live"), run.output
        left = run.steps["monitor.left-as-asked"]["observed"]
        assert left["how"] == "left running"
        log = Path(left["log"])
        assert log.parent == state
        assert log.stat().st_mode & 0o077 == 0
        assert "Retrieved 24 positions" in log.read_text(encoding="utf-8")
        assert f"pid {left['pid']}, log {log}; end it with:\n  {left['end_with']}\n" in run.output
    finally:
        pid = run.steps["monitor.connected"]["observed"]["pid"]
        monitor = psutil.Process(pid)
        assert monitor.is_running()
        monitor.terminate()
        monitor.wait(SECONDS)
    assert outcomes(state)[-2:] == [("monitor", "begun"), ("monitor", "GO")]


def test_monitor_does_not_stay_where_the_run_is_no_go_after_all(
    fake: Callable[..., Fake], project: Project, secrets: Secrets
) -> None:
    """The foreign server opens a connection beside the Monitor's."""
    path = secrets(
        fake().port, Monitor=foreign("monitor", KeepRunning=True), Mcp=foreign("mcp_server")
    )
    run = project.rehearse("--secrets", str(path))
    assert run.evidence["diagnosis"]["code"] == "second-connection", run.output
    assert run.steps["mcp.one-connection"]["observed"]["may_open"] == 0
    assert has_ended(run.steps["monitor.connected"]["observed"]["pid"])


def test_own_monitor_does_not_outlive_a_run_that_is_killed(
    fake: Callable[..., Fake], project: Project, secrets: Secrets, state: Path
) -> None:
    gateway = fake()
    path = secrets(gateway.port, Monitor={"PositionsPattern": "never (?P<count>x)"})
    words = ["pytest", "acceptance", "-m", "golive", "--secrets", str(path)]
    process = forked.started(
        project.command(*words),
        project.folder,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
    )
    try:
        endpoint = f"127.0.0.1:{gateway.port}"
        wait_until(lambda: gateway.connections == 2)
        monitor = RunningMonitor.find(state, endpoint)
        assert monitor is not None
    finally:
        process.kill()
        process.wait(SECONDS)
    assert has_ended(monitor.pid)
    assert RunningMonitor.find(state, endpoint) is None
    assert SocketTable().on(gateway.port).clients == []


def test_program_that_failed_is_an_attempt_that_failed(
    fake: Callable[..., Fake], project: Project, secrets: Secrets, state: Path
) -> None:
    path = secrets(fake().port, Monitor=python("raise SystemExit(1)", "{port}"))
    run = project.rehearse("--secrets", str(path))
    assert run.evidence["diagnosis"]["code"] == "monitor-not-ready"
    assert outcomes(state) == [
        ("", "begun"), ("", "GO"), ("monitor", "begun"), ("monitor", "monitor-not-ready"),
        ("", "monitor-not-ready"),
    ]  # fmt: skip
    again = project.rehearse("--secrets", str(path))
    assert again.having("failed") == ["environment.cool-down"]
    assert "monitor-not-ready" in again.evidence["diagnosis"]["cause"]


def refused(path: Path) -> Diagnosis:
    """What the next attempt with these settings is told; nothing is connected."""
    file = read(path)
    memory, run_next = session.begin("the next", file)
    try:
        tried = Session(file, memory, run_next, lambda line: None, SYSTEM, lambda event: None)
        trouble = tried.check()
    finally:
        memory.close()
    assert trouble is not None
    assert (trouble.exit, trouble.found.code) == (Exit.REFUSED, "cool-down")
    return trouble.found


@pytest.mark.parametrize("is_own", [True, False])
def test_server_that_failed_is_followed_by_the_cool_down_that_its_diagnosis_names(
    is_own: bool, fake: Callable[..., Fake], project: Project, secrets: Secrets
) -> None:
    failing = {"Tool": "no-such-tool"} if is_own else python("raise SystemExit(1)", "{port}")
    path = secrets(fake().port, Mcp=failing)
    run = project.rehearse("--secrets", str(path))
    assert run.evidence["diagnosis"]["code"] == "mcp-failed"
    assert "mcp-failed" in refused(path).cause


@pytest.mark.parametrize(
    ("monitor", "mcp", "failed", "code"),
    [
        ("one-less", "", "monitor.positions", "monitor-mismatch"),
        ("", "another-quantity", "mcp.positions", "mcp-mismatch"),
    ],
)
def test_whatever_says_not_before_is_held(
    monitor: str,
    mcp: str,
    failed: str,
    code: str,
    fake: Callable[..., Fake],
    project: Project,
    secrets: Secrets,
    state: Path,
) -> None:
    path = secrets(
        fake().port,
        Monitor=foreign("monitor", *filter(None, [monitor])),
        Mcp=foreign("mcp_server", *filter(None, [mcp])),
    )
    run = project.rehearse("--secrets", str(path))
    fails(run, failed, code)
    assert outcomes(state)[-1] == ("", code)
    again = refused(path)
    assert code in again.cause
    promised = datetime.fromisoformat(run.evidence["diagnosis"]["not_before"])
    until = datetime.fromisoformat(str(again.not_before))
    assert timedelta(0) <= until - promised < timedelta(seconds=90)  # it counts from the run's end


# this project's own


@pytest.mark.parametrize("name", ["smoke", "monitor", "mcp"])
def test_commands_that_connect_take_the_same_options(
    name: str, project: Project, tmp_path: Path
) -> None:
    path = str(tmp_path / "no-such.json")
    done = project.run("golive", name, "--secrets", path, "--fallback", "--override", "why")
    assert done.exit_code == 4
    assert f"{path}: no such file" in done.output


def test_own_monitor_and_own_server_are_tried_where_nothing_else_is_named(
    project: Project, secrets: Secrets
) -> None:
    """With the options that a run starts them with, of which --override is one."""
    override = ("--fake", "--override", "I looked at it myself")
    run = rehearsed(project, secrets, *override, Monitor={}, Mcp={})
    assert run.exit_code == 0, run.output
    assert set(run.having("passed")) >= {*MONITOR, *MCP}
    assert (run.evidence["attempts"], run.connections) == (1, 3)
    assert [outcome for _, outcome in outcomes(run.folder / "state")] == ["begun", "GO"] * 3
    assert list(run.folder.rglob("*secrets*")) == []


def test_own_server_asks_the_own_monitor_that_stays_instead_of_connecting(
    fake: Callable[..., Fake], project: Project, secrets: Secrets, state: Path
) -> None:
    gateway = fake()
    path = secrets(gateway.port, Monitor={"KeepRunning": True, "HealthPort": 0}, Mcp={})
    run = project.rehearse("--secrets", str(path))
    try:
        assert run.exit_code == 0, run.output
        assert set(run.having("passed")) >= {*MONITOR, *MCP}
        assert run.steps["mcp.one-connection"]["observed"]["opened"] == []
        assert gateway.connections == 2
    finally:
        monitor = psutil.Process(run.steps["monitor.connected"]["observed"]["pid"])
        monitor.terminate()
        monitor.wait(SECONDS)
