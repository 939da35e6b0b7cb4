"""Faults of the port, and of who is on it: shown by the socket table and by real clients."""

from __future__ import annotations

import os
import socket
import sys

import psutil
import pytest

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.__main__ import main
from golive.machine.sockets import SocketTable, accept_queue, kernel_sockets
from tests.support import four_ports
from tests.support.fakes import wait_until
from tests.support.heard import positions
from tests.support.on_the_port import (
    assert_holds_a_connection,
    established,
    wait_for_zombies,
    zombies,
)
from tests.support.proving import proves
from tests.support.steered import PlainClient
from tests.support.talking import Talking


@proves("down")
def test_nothing_listens_where_the_gateway_is_down(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert client.hear("connect returned") == [False]
    assert client.codes == [502]
    assert SocketTable().on(gateway.port).listeners == []


@proves("wrong-address")
def test_gateway_at_the_wrong_address_listens_there_and_nowhere_else(faults: str) -> None:
    command = (sys.executable, "-m", "fake_ib_gateway", "--stop-with-stdin", "--fault", faults)
    with Talking(*command) as gateway, PlainClient() as client:
        own, other = (int(gateway.says(number).rpartition(":")[2]) for number in (0, 1))
        assert gateway.lines[0] == f"fake gateway NOT listening, as asked, on 127.0.0.1:{own}"
        listeners = [each for each in kernel_sockets() if each.state == psutil.CONN_LISTEN]
        (found,) = [each for each in listeners if each.pid == gateway.pid]
        assert found.local_port == other == own
        assert gateway.lines[1] == f"fake gateway listening instead on {found.local_ip}:{own}"
        assert found.local_ip in ("::1", "127.0.0.2")
        client.connect(own)
        assert client.hear("connect returned") == [False]
        assert client.codes == [502]


@proves("wrong-port")
def test_gateway_on_the_wrong_port_listens_there_and_nowhere_else(faults: str) -> None:
    command = (sys.executable, "-m", "fake_ib_gateway", "--stop-with-stdin", "--fault", faults)
    with four_ports.alone(), Talking(*command) as gateway, PlainClient() as client:
        own, other = (int(gateway.says(number).rpartition(":")[2]) for number in (0, 1))
        assert gateway.lines == [
            f"fake gateway NOT listening, as asked, on 127.0.0.1:{own}",
            f"fake gateway listening instead on 127.0.0.1:{other}",
        ]
        assert other in (4001, 4002, 7496, 7497)
        listeners = [each for each in kernel_sockets() if each.state == psutil.CONN_LISTEN]
        assert [each.local_port for each in listeners if each.pid == gateway.pid] == [other]
        client.connect(own)
        assert client.hear("connect returned") == [False]
        assert client.codes == [502]
        client.connect(other)
        assert len(positions(client)) == 24


@proves("leaky")
def test_leaky_gateway_keeps_a_zombie_of_every_client_that_gave_up(
    gateway: FakeGateway, client: PlainClient
) -> None:
    gateway.wait_for("received")
    assert_holds_a_connection(client, gateway)
    client.kill()
    wait_for_zombies(gateway.port, 1)
    with PlainClient() as another:
        another.connect(gateway.port)
        gateway.wait_for("received", 2)
        assert another.lines == []
    wait_for_zombies(gateway.port, 2)


@proves("zombies", "zombies=5")
def test_zombies_are_there_before_any_client_and_stay_while_one_is_served(
    gateway: FakeGateway, faults: str
) -> None:
    count = 5 if "=" in faults else 3
    assert gateway.connections == 0
    assert [each.pid for each in zombies(gateway.port)] == [os.getpid()] * count
    with PlainClient() as client:
        client.connect(gateway.port)
        assert len(positions(client)) == 24
        wait_for_zombies(gateway.port, count)


@proves("late-zombies=1")
def test_late_zombies_come_after_their_time_while_a_client_is_served(
    gateway: FakeGateway, client: PlainClient
) -> None:
    early = zombies(gateway.port)
    assert early == [] or gateway.state["up_seconds"] >= 1
    client.hear("nextValidId")
    wait_for_zombies(gateway.port, 3)
    assert gateway.state["up_seconds"] >= 1
    assert len(positions(client)) == 24


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows the accept queue")
@proves("wedged", "wedged=4")
def test_wedged_gateway_leaves_its_clients_in_the_accept_queue_and_in_close_wait(
    gateway: FakeGateway, faults: str
) -> None:
    queued = int(faults.partition("=")[2] or 1)
    assert accept_queue(gateway.port) == queued
    with PlainClient() as client:
        client.connect(gateway.port)
        wait_until(lambda: accept_queue(gateway.port) == queued + 1)
        assert zombies(gateway.port) == []
        client.kill()
    wait_until(lambda: len(zombies(gateway.port)) == 1)
    assert accept_queue(gateway.port) == queued + 1
    assert gateway.connections == 0


@proves("http", "tls")
def test_other_protocol_answers_the_hello_and_closes(gateway: FakeGateway, faults: str) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as raw:
        raw.sendall(b"API\0\0\0\0\x09v100..203")
        answer = raw.makefile("rb").read()
    begins = {"http": b"HTTP/1.1 400", "tls": b"\x15\x03\x03\x00\x02\x02"}
    assert answer.startswith(begins[faults])


@proves("no-close")
def test_gateway_that_does_not_close_keeps_a_zombie_of_a_client_that_left_cleanly(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert len(positions(client)) == 24
    client.ask("disconnect")
    client.hear("connectionClosed")
    wait_for_zombies(gateway.port, 1)
    client.leave()
    with PlainClient() as another:
        another.connect(gateway.port)
        assert len(positions(another)) == 24
        wait_for_zombies(gateway.port, 1)
    wait_for_zombies(gateway.port, 2)


@proves("busy", "busy=2")
def test_busy_gateway_has_clients_of_other_processes(faults: str) -> None:
    with FakeGateway(faults=[faults]) as gateway, PlainClient() as client:
        others = established(gateway.port) - {os.getpid()}
        assert len(others) == len(gateway.state["client_ids"]) == (2 if "=" in faults else 1)
        client.connect(gateway.port)
        assert len(positions(client)) == 24
        assert established(gateway.port) == others | {os.getpid(), client.pid}
    assert not any(psutil.pid_exists(pid) for pid in others if pid)


def test_faults_that_leave_another_client_without_an_answer_are_one_line_and_exit_4(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--fault", "busy", "--fault", "refuses"]) == 4
    told = capsys.readouterr().err
    assert told.endswith("another program's client 1 gets no answer\n")
    assert told.count("\n") == 1
