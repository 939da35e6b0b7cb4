"""What a run cannot see is not-observable: never absent, and never the same as before."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.machine.test_forwarded import INTERPRETER
from tests.run.test_scripted import END, ROWS, answering
from tests.support.fakes import Fake
from tests.support.gateways import Scripted
from tests.support.programs import Program, started
from tests.support.projects import SUPPORT, Project
from tests.support.seeing_less import (
    IN_ANOTHER_PID_SPACE,
    SeeingLess,
    hiding_processes,
    in_a_network_of_its_own,
    with_hosts,
)
from tests.support.talking import Talking

Written = Callable[..., Path]
Started = Callable[..., Fake]

ANOTHER = "64001"
"""A user that nobody is."""
STALE = f"hidden-{os.getpid()}"
"""A name that no program of another test has."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone hides processes so")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    with started(tmp_path) as program:
        yield program


@pytest.fixture
def ordinary(project: Project) -> SeeingLess:
    """A run that is told of other users' processes what any user is."""
    return SeeingLess(project.folder)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def forwarder(program: str, to: int, port: int = 0) -> tuple[Talking, int]:
    """One of another user's. A port that is named stands in its command line."""
    script = str(SUPPORT / "relay.py")
    relay = Talking(program, script, str(port), str(to), ANOTHER)
    return relay, int(relay.says(0))


@in_a_network_of_its_own
def test_forwarder_of_another_user_is_known_by_dialling_though_its_process_is_hidden(
    ordinary: SeeingLess, fake: Started, secrets: Written
) -> None:
    gateway = fake("zombies")
    relay, port = forwarder(INTERPRETER, gateway.port)
    with relay:
        run = ordinary.rehearse("--secrets", str(secrets(port)))
    assert run.exit_code == 1, run.output
    assert run.having("not-observable")[-1] == "afterwards.no-zombies"
    assert f"connected to 127.0.0.1:{gateway.port}" in run.evidence["diagnosis"]["cause"]


@in_a_network_of_its_own
def test_forwarder_of_another_user_whose_command_line_names_the_port_is_not_connected_to(
    ordinary: SeeingLess, fake: Started, secrets: Written, tmp_path: Path
) -> None:
    gateway, named = fake("zombies"), tmp_path / "socat"
    named.symlink_to(INTERPRETER)
    relay, port = forwarder(str(named), gateway.port, free_port())
    with relay:
        run = ordinary.rehearse("--secrets", str(secrets(port)))
    assert run.having("not-observable") == ["environment.no-zombies"], run.output
    assert "socat" in run.evidence["diagnosis"]["cause"]
    assert gateway.connections == 0


@in_a_network_of_its_own
def test_gateway_whose_process_is_hidden_is_go(
    ordinary: SeeingLess, fake: Started, secrets: Written
) -> None:
    run = ordinary.rehearse("--secrets", str(secrets(fake().port)))
    assert run.exit_code == 0, run.output
    (listener,) = run.steps["gateway.listening"]["observed"]["listeners"]
    assert (listener["pid"], listener["uid"]) == (None, 0)


@in_a_network_of_its_own
def test_gateway_in_another_pid_space_of_the_same_network_is_go(
    project: Project, fake: Started, secrets: Written
) -> None:
    joined = SeeingLess(project.folder, IN_ANOTHER_PID_SPACE)
    settings = str(secrets(fake().port))
    smoke = joined.run("golive", "smoke", "--secrets", settings)
    assert smoke.exit_code == 0, smoke.output
    run = joined.rehearse("--secrets", settings)
    assert run.exit_code == 0, run.output
    assert run.steps["gateway.listening"]["observed"]["process"] is None


@pytest.mark.parametrize("command", ["rehearse", "smoke"])
@in_a_network_of_its_own
def test_hidden_gateway_that_was_replaced_is_not_the_same(
    command: str, ordinary: SeeingLess, secrets: Written
) -> None:
    new: list[socket.socket] = []

    def script(gateway: socket.socket) -> None:
        answering(ROWS + END)(gateway)
        server.stop_listening()
        new.append(socket.create_server(("127.0.0.1", server.port)))

    with Scripted(script) as server:
        words = ("--secrets", str(secrets(server.port)))
        if command == "smoke":
            done = ordinary.run("golive", "smoke", *words)
            assert (done.exit_code, "gateway-restarted" in done.output) == (2, True), done.output
        else:
            run = ordinary.rehearse(*words)
            assert run.having("failed") == ["afterwards.still-listening"], run.output
            assert run.evidence["diagnosis"]["code"] == "gateway-restarted"
    new[0].close()


@pytest.mark.parametrize("mode", ["1", "2"])
@in_a_network_of_its_own
def test_stale_client_that_proc_hides_is_not_observable_and_no_go(
    mode: str,
    project: Project,
    fake: Started,
    secrets: Written,
    start: Callable[..., Program],
) -> None:
    start(STALE)
    gateway = fake()
    settings = str(secrets(gateway.port, StaleProcesses=[STALE]))
    hidden = SeeingLess(project.folder, hiding_processes(mode))
    run = hidden.rehearse("--secrets", settings)
    assert run.having("not-observable") == ["environment.no-stale-client"], run.output
    assert "hidden from this user" in run.evidence["diagnosis"]["cause"]
    smoke = hidden.run("golive", "smoke", "--secrets", settings)
    assert (smoke.exit_code, "hidden from this user" in smoke.output) == (3, True), smoke.output
    assert gateway.connections == 0


@in_a_network_of_its_own
def test_hidden_processes_are_no_obstacle_where_none_is_named(
    project: Project, fake: Started, secrets: Written
) -> None:
    hidden = SeeingLess(project.folder, hiding_processes())
    run = hidden.rehearse("--secrets", str(secrets(fake().port, StaleProcesses=[])))
    assert run.exit_code == 0, run.output


@in_a_network_of_its_own
def test_processes_that_root_sees_all_the_same_are_not_hidden(
    project: Project, fake: Started, secrets: Written
) -> None:
    through = hiding_processes()
    all_rights = through[: through.index("setpriv")]
    run = SeeingLess(project.folder, all_rights).rehearse("--secrets", str(secrets(fake().port)))
    assert run.exit_code == 0, run.output


@pytest.mark.parametrize("address", ["::1", "127.0.0.1"])
@in_a_network_of_its_own
def test_of_two_addresses_of_a_name_the_one_is_dialled_at_which_the_gateway_listens(
    address: str, project: Project, fake: Started, secrets: Written, tmp_path: Path
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n::1 localhost\n", encoding="ascii")
    gateway = fake("--host", address)
    named = SeeingLess(project.folder, with_hosts(hosts))
    run = named.rehearse("--secrets", str(secrets(gateway.port, host="localhost")))
    assert run.exit_code == 0, run.output
    assert gateway.connections == 1


@pytest.mark.parametrize("host", ["127.0.0.2", "0.0.0.0", "192.0.2.1", "::1"])
@in_a_network_of_its_own
def test_gateway_at_another_address_than_host_is_found_there_and_not_connected_to(
    host: str, project: Project, fake: Started, secrets: Written
) -> None:
    gateway = fake()
    here = ("sh", "-c", 'ip address replace 192.0.2.1/32 dev lo && exec "$@"', "sh")
    settings = str(secrets(gateway.port, host=host))
    run = SeeingLess(project.folder, here).rehearse("--secrets", settings)
    assert run.having("failed") == ["gateway.listening"], run.output
    assert run.evidence["diagnosis"]["code"] == "wrong-address"
    assert "something does at 127.0.0.1" in run.evidence["diagnosis"]["cause"]
    assert run.evidence["diagnosis"]["also"] == []
    smoke = SeeingLess(project.folder, here).run("golive", "smoke", "--secrets", settings)
    assert (smoke.exit_code, "at 127.0.0.1" in smoke.output) == (1, True), smoke.output
    assert gateway.connections == 0


DIALLING = """
import socket, threading, time
server = socket.create_server(("127.0.0.1", 0))
kept = []

def dial():
    while True:
        kept.append(socket.create_connection(server.getsockname()))
        kept.append(server.accept()[0])
        kept[:] = kept[-100:]
        time.sleep(0.02)

threading.Thread(target=dial, daemon=True).start()
print("here", flush=True)
sys.stdin.read()
"""


@in_a_network_of_its_own
def test_what_the_user_of_a_hidden_gateway_dials_for_another_reason_makes_no_forwarder_of_it(
    ordinary: SeeingLess, fake: Started, secrets: Written, start: Callable[..., Program]
) -> None:
    start(f"dialling-{os.getpid()}", DIALLING)
    run = ordinary.rehearse("--secrets", str(secrets(fake().port)))
    assert run.exit_code == 0, run.output
