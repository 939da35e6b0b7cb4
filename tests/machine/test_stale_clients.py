"""Stale clients are found by their name and by their connection, and only they are ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from golive.diagnosis.commands import HERE
from golive.kit.clock import SystemClock
from golive.machine import processes, stale_clients
from golive.machine.gateway import Gateway
from golive.machine.processes import Process
from golive.machine.sockets import Socket, SocketTable, TableRefused
from golive.settings.model import Settings
from golive.settings.secrets_json import read
from tests.support import recorded
from tests.support.fakes import Fake
from tests.support.programs import WAIT, Program, started
from tests.support.projects import ROOT, Project, environment
from tests.support.talking import Talking

pytestmark = pytest.mark.skipif(os.name == "nt", reason="starts programs under POSIX")

STALE, SAME, LAUNCHER = (f"{each}-{os.getpid()}" for each in ("stale", "same", "launch"))
"""Names that no program of another test has, which may be running at the same time."""

LAUNCH = """
import subprocess
words = [sys.argv[1], '-c', "import sys; print('here', flush=True); sys.stdin.read()"]
for _ in range(int(sys.argv[2])):
    child = subprocess.Popen(words, stdout=subprocess.PIPE)
    child.stdout.readline()
    print(child.pid, flush=True)
    child.wait()
"""
"""Launches a program, and again whenever that has ended, so many times in all.

Its pid is said once it has begun: until then it has no name of its own.
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    with started(tmp_path) as program:
        yield program


def looking_for(*names: str) -> Settings:
    example = read(ROOT / "secrets.example.json").settings
    wanted = example.golive.model_copy(update={"stale_processes": list(names)})
    return example.model_copy(update={"golive": wanted})


def gateway(*rows: Socket) -> Gateway:
    return Gateway(4001, SocketTable(read=lambda: rows))


def own_end(pid: int | None, state: str = "ESTABLISHED", port: int = 51910) -> Socket:
    """A connection to the gateway, as the table shows it at its client's end."""
    return Socket(state, "127.0.0.1", port, "127.0.0.1", 4001, pid)


def listener(pid: int | None) -> Socket:
    return Socket("LISTEN", "127.0.0.1", 4001, "", 0, pid)


@pytest.mark.parametrize("form", ["{}", "{}.EXE", r"C:\Program Files\x\{}.exe", "/x/{}"])
def test_client_is_found_by_its_name_in_any_case_with_path_or_suffix(
    form: str, start: Callable[..., Program]
) -> None:
    program = start(STALE, WAIT, "--password", "hunter2", "YourUserName", "--port", "4001")
    (found,) = stale_clients.find(gateway(), looking_for(form.format(STALE.title())))
    assert (found.pid, found.name) == (program.pid, STALE)
    assert found.started
    assert found.command.endswith("--password *** *** --port 4001")
    assert (found.connection, found.spared) == ("", "")


def test_client_is_found_by_its_connection_once_whatever_it_holds(
    start: Callable[..., Program],
) -> None:
    pid = start(STALE).pid
    rows = [own_end(pid), own_end(pid, port=51911), own_end(pid, "CLOSE_WAIT", 51912)]
    its_other_end = Socket("ESTABLISHED", "127.0.0.1", 4001, "127.0.0.1", 51910, recorded.GATEWAY)
    (found,) = stale_clients.find(gateway(*rows, its_other_end), looking_for(STALE))
    assert found.pid == pid
    assert found.connection == "ESTABLISHED from 127.0.0.1:51910 and 2 more"
    assert found.why == "its name is in StaleProcesses"


def test_client_that_left_its_side_open_is_found(start: Callable[..., Program]) -> None:
    pid = start("anything").pid
    (found,) = stale_clients.find(gateway(own_end(pid, "CLOSE_WAIT")), looking_for())
    assert (found.pid, found.connection) == (pid, "CLOSE_WAIT from 127.0.0.1:51910")


def test_client_whose_process_is_not_told_is_listed_as_such() -> None:
    far = Socket("ESTABLISHED", "192.168.1.20", 4001, "192.168.1.77", 50123, recorded.GATEWAY)
    found = stale_clients.find(gateway(own_end(None), far), looking_for())
    assert [each.pid for each in found] == [None, None]
    assert [each.connection for each in found] == [
        "ESTABLISHED from 127.0.0.1:51910",
        "ESTABLISHED from 192.168.1.77:50123",
    ]
    assert [each.spared for each in found] == [
        "its process was not observed",
        "it is on another machine",
    ]
    assert [each.how for each in stale_clients.end(found)] == ["not ended"] * 2


def test_client_that_has_ended_since_the_table_was_read_is_none() -> None:
    ended = Talking(sys.executable, "-c", "")
    ended.exit_code()
    ended.leave()
    assert stale_clients.find(gateway(own_end(ended.pid)), looking_for()) == []


def test_quiet_machine_has_none() -> None:
    assert stale_clients.find(gateway(*recorded.WINDOWS), looking_for("nosuchprogram")) == []


def test_refused_table_leaves_the_names(start: Callable[..., Program]) -> None:
    def refuse() -> list[Socket]:
        raise TableRefused("run with sudo")

    pid = start(STALE).pid
    refused = Gateway(4001, SocketTable(read=refuse))
    assert [each.pid for each in stale_clients.find(refused, looking_for(STALE))] == [pid]


def test_gateway_and_its_launcher_of_the_same_program_are_no_stale_clients(
    start: Callable[..., Program], tmp_path: Path
) -> None:
    launcher = start(SAME, LAUNCH, str(tmp_path / SAME), "1")
    launched, other = int(launcher.says(0)), start(SAME)
    for pid in (launcher.pid, launched):
        found = stale_clients.find(gateway(listener(pid)), looking_for(SAME))
        assert [(each.pid, each.spared) for each in found] == [(other.pid, "")]


def test_client_is_one_whether_it_launched_the_gateway_or_was_launched_by_it(
    start: Callable[..., Program], tmp_path: Path
) -> None:
    start(SAME)
    launcher = start(LAUNCHER, LAUNCH, str(tmp_path / SAME), "1")
    launched = int(launcher.says(0))
    (found,) = stale_clients.find(gateway(listener(launched)), looking_for(LAUNCHER))
    assert (found.pid, found.spared) == (launcher.pid, "")

    launcher = start(SAME, LAUNCH, str(tmp_path / SAME), "1")
    launched = int(launcher.says(0))
    rows = [listener(launcher.pid), own_end(launched)]
    (found,) = stale_clients.find(gateway(*rows), looking_for())
    assert (found.pid, found.spared) == (launched, "")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("java", "it may be a gateway"),
        ("ibgateway1", "it may be a gateway"),
        ("sshd", "it only forwards connections: close the program behind it"),
    ],
)
def test_what_may_be_another_gateway_or_only_forwards_is_listed_and_never_ended(
    name: str, why: str, start: Callable[..., Program]
) -> None:
    pid = start(name).pid
    found = stale_clients.find(gateway(own_end(pid)), looking_for())
    assert [(each.pid, each.spared) for each in found] == [(pid, why)]
    assert [each.how for each in stale_clients.end(found)] == ["not ended"]
    assert processes.process(pid)


def test_what_listens_on_another_of_the_four_ports_is_never_ended(
    start: Callable[..., Program],
) -> None:
    pid = start(STALE).pid
    tws = Socket("LISTEN", "0.0.0.0", 7497, "", 0, pid)
    (found,) = stale_clients.find(gateway(tws), looking_for(STALE))
    assert found.spared == "it listens on a gateway's port"


def test_run_itself_is_no_stale_client_of_its_own() -> None:
    itself = processes.process(os.getpid())
    assert itself
    assert itself not in stale_clients.named(None, [itself.name])


def test_clients_are_ended_and_stay_away(start: Callable[..., Program]) -> None:
    pids = [start(STALE).pid, start(STALE).pid]
    left, endings = stale_clients.cleared(gateway(), looking_for(STALE), end_them=True)
    assert left == []
    assert [(each.pid, each.how) for each in endings] == [(pid, "politely") for pid in sorted(pids)]


def test_clients_are_left_alone_where_nobody_asked(start: Callable[..., Program]) -> None:
    pid = start(STALE).pid
    left, endings = stale_clients.cleared(gateway(), looking_for(STALE), end_them=False)
    assert ([each.pid for each in left], endings) == ([pid], [])
    assert processes.process(pid)


def test_client_that_comes_back_is_found(start: Callable[..., Program], tmp_path: Path) -> None:
    start(STALE)
    supervisor = start("supervisor", LAUNCH, str(tmp_path / STALE), "2")
    first = int(supervisor.says(0))

    class OnceBack(SystemClock):
        """The time in which that is watched passes once it is back."""

        passed = 0.0

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if not processes.process(first):
                supervisor.says(1)
                self.passed += seconds

        def monotonic(self) -> float:
            return self.passed

    left, endings = stale_clients.cleared(
        gateway(own_end(first)), looking_for(STALE), True, OnceBack()
    )
    assert first in [each.pid for each in endings]
    assert [each.pid for each in left] == [int(supervisor.says(1))]


def test_process_that_changes_between_two_looks_is_not_ended(
    start: Callable[..., Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    innocent = processes.process(start("innocent").pid)
    assert innocent
    ended = replace(innocent, started=innocent.started - timedelta(hours=1))
    told = [ended]

    def process(pid: int) -> Process | None:
        return told.pop() if pid == innocent.pid and told else real(pid)

    real = processes.process
    monkeypatch.setattr(processes, "process", process)
    left, endings = stale_clients.cleared(gateway(own_end(innocent.pid)), looking_for(), True)
    assert ([each.pid for each in left], endings) == ([innocent.pid], [])
    assert real(innocent.pid)


def test_stale_client_is_no_go_named_by_pid_with_nothing_connected_and_its_secrets_hidden(
    project: Project, start: Callable[..., Program], secrets: Callable[..., Path]
) -> None:
    stale = start(STALE, WAIT, "--password", "hunter2")
    settings = str(secrets(4001, StaleProcesses=[f"{STALE.title()}.exe"]))
    run = project.rehearse("--fake", "--secrets", settings)
    assert run.exit_code == 1
    assert run.having("failed") == ["environment.no-stale-client"]
    assert run.evidence["diagnosis"]["code"] == "stale-client"
    assert f"{STALE}: {HERE.end(stale.pid)}" in run.evidence["diagnosis"]["next_steps"][0]
    (found,) = run.steps["environment.no-stale-client"]["observed"]["running"]
    assert (found["pid"], found["name"]) == (stale.pid, STALE)
    assert found["command"].endswith("--password ***")
    assert run.connections == 0
    for path in (each for each in run.folder.rglob("*") if each.is_file()):
        assert b"hunter2" not in path.read_bytes(), path
    assert "hunter2" not in run.output


def test_client_that_is_connected_is_ended_by_kill_stale_and_the_run_is_go(
    project: Project,
) -> None:
    run = project.rehearse("--fake=busy", "--kill-stale")
    assert run.exit_code == 0, run.output
    observed = run.steps["environment.no-stale-client"]["observed"]
    assert observed["running"] == []
    assert [each["how"] for each in observed["ended"]] == ["politely"]
    assert run.connections == run.evidence["attempts"] + 1


def test_rehearsal_ends_no_program_of_a_persons_for_its_name(
    project: Project, start: Callable[..., Program], secrets: Callable[..., Path]
) -> None:
    bystander = start(STALE)
    settings = str(secrets(4001, StaleProcesses=[STALE]))
    run = project.rehearse("--fake", "--kill-stale", "--secrets", settings)
    assert run.having("failed") == ["environment.no-stale-client"]
    assert "a rehearsal ends only programs connected" in run.output
    assert processes.process(bystander.pid)


def test_named_program_is_ended_by_kill_stale_and_the_run_is_go(
    project: Project,
    start: Callable[..., Program],
    fake: Callable[..., Fake],
    secrets: Callable[..., Path],
) -> None:
    stale = start(STALE)
    settings = str(secrets(fake().port, StaleProcesses=[STALE]))
    run = project.rehearse("--kill-stale", "--secrets", settings)
    assert run.exit_code == 0, run.output
    (ended,) = run.steps["environment.no-stale-client"]["observed"]["ended"]
    assert (ended["pid"], ended["how"]) == (stale.pid, "politely")


def test_parent_of_the_run_is_never_ended_whatever_it_is_called(
    project: Project, tmp_path: Path, secrets: Callable[..., Path]
) -> None:
    settings = str(secrets(4001, StaleProcesses=[STALE]))
    command = project.command("pytest", "acceptance", "-m", "golive", "--fake", "--kill-stale")
    code = "import subprocess; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
    (tmp_path / STALE).symlink_to(sys.executable)
    done = subprocess.run(
        [
            str(tmp_path / STALE),
            "-c",
            f"import sys; {code}",
            *command,
            "--secrets",
            settings,
        ],
        cwd=project.folder,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "it is a parent of this run" in done.stdout
    assert "Cause   stale-client" in done.stdout


def test_kill_stale_without_the_procedure_is_a_usage_error(project: Project) -> None:
    done = project.run("pytest", "tests/house/test_house.py", "--kill-stale")
    assert done.exit_code == 4
    assert "--kill-stale" in done.output


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's socket table unprivileged")
def test_real_connection_is_found_by_the_process_that_holds_it(
    start: Callable[..., Program],
) -> None:
    connect = "import socket; kept = socket.create_connection(('127.0.0.1', int(sys.argv[1])))"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = start("anything", f"{connect}; {WAIT}", str(port))
        real = Gateway(port, SocketTable())
        (found,) = stale_clients.find(real, looking_for())
        assert (found.pid, found.name) == (client.pid, "anything")
        assert found.connection.startswith("ESTABLISHED from 127.0.0.1:")
        server.accept()[0].close()
        left, endings = stale_clients.cleared(real, looking_for(), end_them=True)
    assert ([each.how for each in endings], left) == (["politely"], [])
