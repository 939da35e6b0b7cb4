"""A fake that is changed while it runs: from Python, in a thread or a process, or over a port."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.faults.shared.named import FAULTS
from fake_ib_gateway.faults.wrong_port import WrongPort
from fake_ib_gateway.serving.control import COMMANDS, NotUnderstood
from fake_ib_gateway.serving.running import InThread
from fake_ib_gateway.world.book import ACCOUNT
from golive.machine.sockets import SocketTable, accept_queue
from tests.support.fakes import Fake, wait_until
from tests.support.projects import ROOT
from tests.support.steered import PlainClient, ib_async
from tests.support.talking import Talking


@pytest.fixture(params=["thread", "process"])
def gateway(request: pytest.FixtureRequest) -> Iterator[FakeGateway]:
    with FakeGateway(process=request.param == "process") as gateway:
        yield gateway


@pytest.fixture
def client(gateway: FakeGateway) -> Iterator[PlainClient]:
    """The official client, connected."""
    with PlainClient() as client:
        client.connect(gateway.port)
        client.hear("error", 3)
        yield client


def is_served(client: PlainClient, count: int = 1) -> bool:
    """Whether it gets the positions, for the count-th time."""
    client.ask("reqPositions")
    return client.hear("positionEnd", count) == [] and len(client.all("position")) == 24 * count


def is_refused(port: int) -> bool:
    with socket.socket() as raw:
        raw.settimeout(5)
        return raw.connect_ex(("127.0.0.1", port)) != 0


def test_gateway_becomes_mute_under_a_client_and_healthy_again(
    gateway: FakeGateway, client: PlainClient
) -> None:
    heard = len(client.lines)
    gateway.become("mute")
    client.ask("reqCurrentTime")
    wait_until(lambda: "REQ_CURRENT_TIME" in gateway.received)
    assert client.hears_only(heard, 0.3)
    gateway.become("healthy")
    assert is_served(client)
    assert "currentTime" not in client.names


def test_gateway_becomes_several_faults_at_once(gateway: FakeGateway, client: PlainClient) -> None:
    gateway.become("missing-positions=4", "drops-after-positions")
    client.ask("reqPositions")
    client.hear("connectionClosed")
    assert len(client.all("position")) == 20
    assert client.names[-2:] == ["positionEnd", "connectionClosed"]


def test_gateway_goes_down_and_is_up_again_on_its_port(gateway: FakeGateway) -> None:
    gateway.become("down")
    assert is_refused(gateway.port)
    gateway.become("healthy")
    with PlainClient() as client:
        client.connect(gateway.port)
        client.hear("nextValidId")


def test_everybody_is_dropped_and_may_come_again(gateway: FakeGateway, client: PlainClient) -> None:
    with PlainClient() as another:
        another.connect(gateway.port, client_id=11)
        another.hear("nextValidId")
        gateway.drop_everyone()
        another.hear("connectionClosed")
        client.hear("connectionClosed")
    wait_until(lambda: gateway.state["client_ids"] == [])
    client.connect(gateway.port)
    client.hear("nextValidId", 2)


def test_zombies_are_added_under_a_client_until_a_restart(
    gateway: FakeGateway, client: PlainClient
) -> None:
    gateway.add_zombies()
    gateway.add_zombies(2)
    assert len(SocketTable().on(gateway.port).close_wait) == gateway.state["zombies"] == 5
    assert is_served(client)
    gateway.restart()
    wait_until(lambda: SocketTable().on(gateway.port).close_wait == [])
    assert gateway.state["zombies"] == 0


def test_client_waits_in_the_queue_while_nobody_accepts_and_is_served_then(
    gateway: FakeGateway, client: PlainClient
) -> None:
    gateway.stop_accepting()
    with PlainClient() as waiting:
        waiting.connect(gateway.port, client_id=11)
        if sys.platform == "linux":
            wait_until(lambda: accept_queue(gateway.port) == 1)
        assert waiting.hears_only(0, 0.3)
        assert is_served(client)
        assert gateway.connections == 1
        gateway.accept()
        waiting.hear("nextValidId")
        assert is_served(waiting)


def test_ib_async_waits_in_the_queue_and_is_served_then() -> None:
    with FakeGateway() as gateway:
        gateway.stop_accepting()
        with ib_async(gateway.port) as client:
            wait_until(lambda: SocketTable().on(gateway.port).connections != [])
            assert gateway.connections == 0
            gateway.accept()
            got = json.loads(client.says(0))
    assert (got["failure"], len(got["positions"])) == (None, 24)


def test_restart_closes_the_port_for_its_time_and_frees_the_client_ids(
    gateway: FakeGateway, client: PlainClient
) -> None:
    restart = threading.Thread(target=gateway.restart, args=(1.0,))
    restart.start()
    client.hear("connectionClosed")
    wait_until(lambda: is_refused(gateway.port))
    restart.join(60)
    assert gateway.state["client_ids"] == []
    client.connect(gateway.port)
    client.hear("nextValidId", 2)
    assert is_served(client)
    assert 326 not in client.codes


def test_command_waits_for_the_one_that_is_being_done(
    gateway: FakeGateway, client: PlainClient
) -> None:
    restart = threading.Thread(target=gateway.restart, args=(0.3,))
    restart.start()
    client.hear("connectionClosed")
    gateway.become("missing-positions")
    assert not is_refused(gateway.port)
    restart.join(60)
    client.connect(gateway.port)
    client.hear("nextValidId", 2)
    client.ask("reqPositions")
    client.hear("positionEnd")
    assert len(client.all("position")) == 23


def test_gateway_is_cured_of_every_fault() -> None:
    with FakeGateway() as gateway, PlainClient() as client:
        for count, fault in enumerate(FAULTS, 1):
            gateway.become(fault)
            gateway.become("healthy")
            client.connect(gateway.port)
            client.hear("nextValidId", count)
            assert is_served(client, count)
            gateway.drop_everyone()
            wait_until(lambda: gateway.state["client_ids"] == [])
        assert set(client.codes) == {2104, 2106, 2158}


def test_zombies_that_were_to_come_do_not_come_to_a_cured_gateway() -> None:
    with FakeGateway(faults=["late-zombies=0.3"]) as gateway:
        gateway.become("healthy")
        wait_until(lambda: gateway.state["up_seconds"] > 0.5)
        assert gateway.state["zombies"] == 0


@pytest.mark.parametrize("code", [2151, 9999, 10141, 10275])
def test_what_is_wrong_with_data_or_login_may_be_said_unasked(
    gateway: FakeGateway, client: PlainClient, code: int
) -> None:
    gateway.say(code)
    _, told, text = client.hear("error", 4)
    assert told == code
    assert (ACCOUNT in text) == (code == 10275)
    assert is_served(client)


def test_lost_and_restored_connectivity_are_heard_in_this_order(
    gateway: FakeGateway, client: PlainClient
) -> None:
    gateway.say(1100)
    gateway.say(1102)
    client.hear("error", 5)
    assert client.codes[3:] == [1100, 1102]
    assert "lost" in client.all("error")[3][2]
    assert "restored - data maintained" in client.all("error")[4][2]
    assert is_served(client)


def test_what_is_held_from_now_on_is_told_to_those_who_follow_it(
    gateway: FakeGateway, client: PlainClient
) -> None:
    gateway.hold("AAPL", 250)  # nobody follows anything yet
    assert is_served(client)
    client.ask("reqAccountSummary", 7, "All", "NetLiquidation,SettledCash")
    client.hear("accountSummaryEnd")
    before = client.all("accountSummary")
    gateway.hold("AAPL", 300)
    gateway.hold("NEW", "0.5")
    gateway.hold("AAPL", 0)
    client.hear("position", 24 + 3)
    client.hear("accountSummary", len(before) + 3)
    rows = [(contract["symbol"], held) for _, contract, held, _ in client.all("position")]
    assert rows[0] == ("AAPL", "250")
    assert rows[24:] == [("AAPL", "300"), ("NEW", "0.5"), ("AAPL", "0")]
    changed = {tag for _, _, tag, *_ in client.all("accountSummary")[len(before) :]}
    assert changed == {"NetLiquidation"}
    client.ask("cancelPositions")
    client.ask("cancelAccountSummary", 7)
    wait_until(lambda: "CANCEL_ACCOUNT_SUMMARY" in gateway.received)
    heard = len(client.lines)
    gateway.hold("NEW", 1)
    assert client.hears_only(heard, 0.3)


def test_third_subscription_to_the_account_summary_is_refused_until_one_is_cancelled(
    gateway: FakeGateway, client: PlainClient
) -> None:
    for number in (1, 2, 3):
        client.ask("reqAccountSummary", number, "All", "NetLiquidation")
    client.hear("error", 4)
    assert client.all("error")[3][:2] == [3, 322]
    client.ask("cancelAccountSummary", 1)
    client.ask("reqAccountSummary", 3, "All", "NetLiquidation")
    client.hear("accountSummaryEnd", 3)
    assert client.all("accountSummaryEnd") == [[1], [2], [3]]


def test_reset_makes_it_what_it_was_at_its_start(gateway: FakeGateway, client: PlainClient) -> None:
    gateway.become("missing-positions")
    gateway.hold("NEW", 1)
    gateway.add_zombies()
    client.ask("placeOrder", 1, {"ibapi.contract.Contract": {}}, {"ibapi.order.Order": {}})
    wait_until(lambda: gateway.orders_received == 1)
    gateway.reset()
    client.hear("connectionClosed")
    state = gateway.state
    assert (state["connections"], state["client_ids"], state["zombies"]) == (0, [], 0)
    assert gateway.orders_received == 0
    assert gateway.received == []
    client.connect(gateway.port)
    client.hear("nextValidId", 2)
    assert is_served(client)


def test_what_is_not_understood_changes_nothing(gateway: FakeGateway, client: PlainClient) -> None:
    with pytest.raises(NotUnderstood, match="no fault 'nope'"):
        gateway.become("mute", "nope")
    with pytest.raises(NotUnderstood, match="expected a number from 0 to 1000, not '-1'"):
        gateway.add_zombies(-1)
    with pytest.raises(NotUnderstood, match=r"say takes one of 1100, 1101, 1102, .* not '999'"):
        gateway.say(999)
    assert gateway.state["zombies"] == 0
    assert is_served(client)


class Commands:
    """The control port of a gateway, as anything that can open a socket would use it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.done: set[str] = set()

    def send(self, data: bytes) -> list[str]:
        """The lines that come back, until both sides have closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            answer = b""
            with suppress(OSError):  # it closes where it has not read all there is
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                while more := connection.recv(4096):
                    answer += more
        return answer.decode("utf-8").splitlines()

    def do(self, command: str) -> dict[str, Any]:
        """The state afterwards."""
        self.done.add(command.split()[0])
        (line,) = self.send(command.encode() + b"\n")
        state: dict[str, Any] = json.loads(line)
        return state


@dataclass(frozen=True)
class Announced:
    """A gateway on the command line, where it says it is."""

    port: int
    commands: Commands


@pytest.fixture
def announced() -> Iterator[Announced]:
    command = (sys.executable, "-m", "fake_ib_gateway", "--control", "0", "--stop-with-stdin")
    with Talking(*command) as gateway:
        assert gateway.says(0).startswith("fake gateway listening on 127.0.0.1:")
        assert gateway.says(1).startswith("fake gateway takes commands on 127.0.0.1:")
        port, control = (int(line.rpartition(":")[2]) for line in gateway.lines)
        yield Announced(port, Commands(control))


def test_each_command_is_a_line_and_does_what_it_says(announced: Announced) -> None:
    do = announced.commands.do
    with PlainClient() as client:
        client.connect(announced.port)
        client.hear("error", 3)
        state = do("state")
        assert state.pop("up_seconds") > 0
        assert state == {
            "port": announced.port, "connections": 1, "client_ids": [10], "zombies": 0,
            "orders_received": 0,
        }  # fmt: skip
        do("become missing-positions=3 closed-positions")
        client.ask("reqPositions")
        client.hear("positionEnd")
        assert len(client.all("position")) == 28
        assert do("zombies 2")["zombies"] == 2
        do("say 1100")
        do("say 1102")
        client.hear("error", 5)
        assert client.codes[3:] == [1100, 1102]
        do("hold NEW 7")
        client.hear("position", 29)
        do("drop")
        client.hear("connectionClosed")
        do("stop-accepting")
        heard = len(client.lines)
        client.connect(announced.port)
        assert client.hears_only(heard, 0.3)
        do("accept")
        client.hear("nextValidId", 2)
        assert do("restart 0.1")["zombies"] == 0
        client.hear("connectionClosed", 2)
        client.connect(announced.port)
        client.hear("nextValidId", 3)
        assert do("reset")["client_ids"] == []
        client.hear("connectionClosed", 3)
    assert announced.commands.done == set(COMMANDS)


def test_commands_are_taken_one_after_the_other_and_from_this_machine_only(
    announced: Announced,
) -> None:
    lines = announced.commands.send(b"zombies 1\nzombies\r\nstate\n")
    assert [json.loads(line)["zombies"] for line in lines] == [1, 4, 4]
    listeners = SocketTable().on(announced.commands.port).listeners
    assert [each.local_ip for each in listeners] == ["127.0.0.1"]


def test_bad_command_is_one_line_and_changes_nothing(announced: Announced) -> None:
    bad = {
        "bogus": "no command 'bogus'; the commands are: become, drop, zombies",
        "": "no command ''",
        "drop everyone": "drop takes nothing, not ['everyone']",
        "become nope": "no fault 'nope'",
        "become mute slow=abc": "fault slow=SECONDS takes a number from 0 to 1000000, not 'abc'",
        "zombies many": "expected a number from 0 to 1000, not 'many'",
        "zombies 2.5": "expected a number from 0 to 1000, not '2.5'",
        "zombies -1": "expected a number from 0 to 1000, not '-1'",
        "zombies 1 2": "expected a number from 0 to 1000, not '1 2'",
        "restart nan": "expected a number from 0 to 1000, not 'nan'",
        "restart 1e9": "expected a number from 0 to 1000, not '1e9'",
        "hold NEW": "hold takes a symbol and a quantity, not 'NEW'",
        "hold NEW 1.0": "hold takes a symbol and a quantity, not 'NEW 1.0'",
        "say": "say takes one of 1100, 1101, 1102, 2110",
        "say 42": "say takes one of 1100, 1101, 1102, 2110",
    }
    for command, says in bad.items():
        (line,) = announced.commands.send(command.encode() + b"\n")
        assert line.startswith(f"error: {says}")
    assert announced.commands.do("state")["zombies"] == 0
    with PlainClient() as client:
        client.connect(announced.port)
        client.hear("nextValidId")
        assert is_served(client)


def test_what_cannot_be_done_is_one_line_and_the_gateway_goes_on(announced: Announced) -> None:
    announced.commands.do("become down")
    (line,) = announced.commands.send(b"zombies\n")
    assert line.startswith("error: ")
    assert announced.commands.do("become healthy")["zombies"] == 0
    with PlainClient() as client:
        client.connect(announced.port)
        client.hear("nextValidId")


def test_what_is_no_command_at_all_does_no_harm(announced: Announced) -> None:
    send = announced.commands.send
    (line,) = send(b"GET /drop HTTP/1.1\r\nHost: localhost\r\n\r\ndrop\n")
    assert line.startswith("error: no command 'GET'")
    (line,) = send(b"\xff\xfe\x00drop\x1b[2J\n")
    assert line.startswith("error: no command '\ufffd\ufffd\\x00drop\\x1b[2J'")
    assert send(b"become " * 100_000) == []
    assert send(b"") == []
    assert announced.commands.do("state")["port"] == announced.port
    with PlainClient() as client:
        client.connect(announced.port)
        client.hear("nextValidId")


def test_control_port_that_is_taken_is_named(announced: Announced) -> None:
    taken = str(announced.commands.port)
    done = subprocess.run(
        [sys.executable, "-m", "fake_ib_gateway", "--control", taken],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1)
    assert done.stderr.startswith(f"fake-ib-gateway: control port {taken}: ")


def test_cured_gateway_has_no_other_program_and_nobody_in_its_queue(gateway: FakeGateway) -> None:
    gateway.become("busy")
    assert len(SocketTable().on(gateway.port).clients) == 1
    gateway.become("wedged=2")
    gateway.become("healthy")
    wait_until(lambda: gateway.state["connections"] == 0)
    assert SocketTable().on(gateway.port).clients == []


def test_gateway_moves_to_another_port_and_leaves_it() -> None:
    class Elsewhere(WrongPort):
        other_ports = (0,)

    with FakeGateway(faults=["down"]) as gateway, FakeGateway(faults=[Elsewhere()]) as moved:
        assert SocketTable().on(gateway.port).listeners == []
        assert gateway.state["up_seconds"] == 0
        before = moved.state["up_seconds"]
        assert before > 0
        moved.become("down")
        assert moved.state["up_seconds"] == 0


def test_port_on_which_nothing_listens_is_reserved_and_healed(gateway: FakeGateway) -> None:
    gateway.become("down")
    with pytest.raises(OSError, match="in use"), FakeGateway(port=gateway.port):
        pass
    gateway.become("healthy")
    assert SocketTable().on(gateway.port).listeners != []


def test_gateway_whose_port_was_taken_meanwhile_says_so_and_can_be_healed() -> None:
    with FakeGateway() as gateway:
        gateway.become("down")
        running = gateway._now_running
        assert isinstance(running, InThread)
        for each in running._server._sockets:
            each.close()
        with socket.create_server(("127.0.0.1", gateway.port)), pytest.raises(OSError, match="use"):
            gateway.become("healthy")
        with pytest.raises(OSError, match="nothing listens"):
            gateway.accept()
        gateway.become("healthy")
        assert SocketTable().on(gateway.port).listeners != []


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_signal_ends_a_gateway_that_also_watches_its_input_without_a_word(
    tmp_path: Path,
) -> None:
    gateway = Fake((), tmp_path / "log.jsonl")
    os.kill(gateway.pid, signal.SIGTERM)
    wait_until(lambda: gateway.events[-1]["event"] == "stopped")
    assert gateway.exit_code() == 0
