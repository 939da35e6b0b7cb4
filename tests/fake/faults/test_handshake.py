"""Each fault of the fake is what its name says: shown by real clients, and by the socket table."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.__main__ import main
from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Gateway
from fake_ib_gateway.faults.boundary import Boundary
from fake_ib_gateway.faults.hostile import Hostile
from fake_ib_gateway.faults.shared.named import FAULTS
from fake_ib_gateway.options import parser
from fake_ib_gateway.protocol.messages import Message, Speech
from fake_ib_gateway.world.book import ACCOUNT, options_book
from golive.machine.sockets import Socket, SocketTable, accept_queue, kernel_sockets
from tests.fake import test_messages
from tests.support import four_ports
from tests.support.fakes import Fake, wait_until
from tests.support.proving import Proven
from tests.support.steered import PlainClient, ib_async
from tests.support.talking import Talking

Started = Callable[..., Fake]

PROVEN = Proven()
proves = PROVEN.by

QUIET_SECONDS = 1.2
"""Of silence: longer than any wait of the official client's own."""


def zombies(port: int) -> list[Socket]:
    return SocketTable().on(port).close_wait


def wait_for_zombies(port: int, count: int) -> None:
    """They are the gateway's own."""
    wait_until(lambda: len(zombies(port)) == count)
    assert {(each.local_port, each.pid) for each in zombies(port)} == {(port, os.getpid())}


def own_sockets(port: int) -> list[Socket]:
    """The gateway's ends of its connections."""
    return [each for each in SocketTable().on(port).connections if each.local_port == port]


def established(port: int) -> set[int | None]:
    """The processes that have a connection of this port, on either side."""
    rows = SocketTable().on(port).connections
    return {each.pid for each in rows if each.state == psutil.CONN_ESTABLISHED}


def assert_holds_a_connection(client: PlainClient, gateway: FakeGateway) -> None:
    assert established(gateway.port) == {os.getpid(), client.pid}


def assert_is_answered(client: PlainClient) -> None:
    """Whatever was to come before has come now."""
    client.ask("reqCurrentTime")
    client.hear("currentTime")


def positions(client: PlainClient) -> list[list[Any]]:
    """All rows there are, once their end has come."""
    client.hear("nextValidId")
    client.ask("reqPositions")
    client.hear("positionEnd")
    return client.all("position")


def quantities(rows: list[list[Any]]) -> list[str]:
    return [quantity for _, _, quantity, _ in rows]


def test_every_fault_is_proven_and_nothing_else() -> None:
    assert set(FAULTS) == PROVEN | test_messages.PROVEN


@pytest.mark.parametrize("name", FAULTS)
def test_fault_has_one_name_on_the_command_line_and_in_python(name: str) -> None:
    gateway = FakeGateway(faults=[name])
    assert parser().parse_args(["--fault", name]).fault == gateway._plan.faults


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("slow=abc", "fault slow=SECONDS takes a number from 0 to 1000000, not 'abc'"),
        ("slow=-1", "fault slow=SECONDS takes a number from 0 to 1000000, not '-1'"),
        ("slow=nan", "fault slow=SECONDS takes a number from 0 to 1000000, not 'nan'"),
        ("slow=", "fault slow=SECONDS takes a number from 0 to 1000000, not ''"),
        ("zombies=1.5", "fault zombies=COUNT takes a number from 0 to 1000, not '1.5'"),
        ("closed-positions=0", "fault closed-positions=EVERY takes a number from 1 to 1000000"),
        ("wrong-account=", "fault wrong-account=ACCOUNT takes text, not ''"),
        ("silent=3", "fault 'silent' takes no parameter, not '3'"),
        ("silence", "no fault 'silence'; did you mean silent?"),
        ("no-such", "no fault 'no-such'; `fake-ib-gateway --list-faults` names them all"),
        ("shared", "no fault 'shared'"),
        ("no_start", "no fault 'no_start'; did you mean no-start?"),
        ("", "no fault ''; `fake-ib-gateway --list-faults` names them all"),
    ],
)
def test_bad_parameter_is_one_line_and_exit_2(
    fault: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--fault", fault])
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert says in told
    assert told.count("\n") == 1


@proves("healthy")
def test_healthy_gateway_serves_the_client_and_closes_after_it(
    gateway: FakeGateway, client: PlainClient
) -> None:
    rows = positions(client)
    assert (len(rows), "0" in quantities(rows)) == (24, False)
    assert client.codes == [2104, 2106, 2158]
    assert_holds_a_connection(client, gateway)
    client.leave()
    gateway.wait_for("closed")
    wait_until(lambda: own_sockets(gateway.port) == [])


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


@proves("silent")
def test_silent_gateway_keeps_its_client_in_connect_for_ever_and_no_zombie_after_it(
    gateway: FakeGateway, client: PlainClient
) -> None:
    gateway.wait_for("received")
    assert_holds_a_connection(client, gateway)
    assert client.hears_only(0, QUIET_SECONDS)
    client.kill()
    gateway.wait_for("closed")
    wait_until(lambda: own_sockets(gateway.port) == [])


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


@proves("starting=2")
def test_starting_gateway_is_silent_until_its_time_and_serves_who_comes_then(
    gateway: FakeGateway,
) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as early:
        early.sendall(b"API\0\0\0\0\x09v100..203")
        gateway.wait_for("received")
        wait_until(lambda: gateway.state["up_seconds"] >= 2)
        with PlainClient() as later:
            later.connect(gateway.port, client_id=11)
            assert len(positions(later)) == 24
        early.setblocking(False)
        with pytest.raises(BlockingIOError):
            early.recv(1)


@proves("authentication-failed")
def test_gateway_that_is_not_logged_in_is_silent_and_its_log_says_why(
    faults: str, tmp_path: Path
) -> None:
    with FakeGateway(faults=[faults], settings_dir=tmp_path) as gateway, PlainClient() as client:
        client.connect(gateway.port)
        gateway.wait_for("received")
        assert client.hears_only(0, QUIET_SECONDS)
        assert_holds_a_connection(client, gateway)
    logs = [log.read_text(encoding="utf-8") for log in sorted(tmp_path.glob("*.log"))]
    assert len(logs) == 2
    assert all("Invalid username or password" in log for log in logs)
    assert not any("listening" in log or "IsAPI" in log for log in logs)


@proves("no-start")
def test_gateway_that_does_not_start_the_session_answers_its_version_only(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert client.hear("connect returned") == [True]
    client.ask("reqPositions")
    wait_until(lambda: gateway.received == ["hello", "START_API", "REQ_POSITIONS"])
    assert client.hears_only(2, 0.3)
    assert sorted(client.names) == ["connect returned", "connectAck"]
    assert_holds_a_connection(client, gateway)


@proves("slow=0.8", "slow")
def test_slow_gateway_takes_its_time_to_next_valid_id_and_no_less(
    gateway: FakeGateway, faults: str
) -> None:
    with PlainClient() as client:
        begun = time.monotonic()
        client.connect(gateway.port)
        client.hear("nextValidId")
        assert time.monotonic() - begun >= float(faults.partition("=")[2] or 1.5)
        assert client.names.index("managedAccounts") < client.names.index("nextValidId")
        assert len(positions(client)) == 24


@proves("refuses")
def test_gateway_that_refuses_closes_and_the_client_is_told_nothing(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert client.hear("connect returned") == [False]
    assert client.names == ["connect returned"]
    (closed,) = [each for each in gateway.events if each["event"] == "closed"]
    assert closed["by"] == "gateway"
    assert gateway.received == []


@proves("garbage")
def test_garbage_is_no_frame_and_keeps_the_client_in_connect(
    gateway: FakeGateway, client: PlainClient
) -> None:
    gateway.wait_for("received")
    assert client.hears_only(0, QUIET_SECONDS)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as raw:
        raw.sendall(b"API\0\0\0\0\x09v100..203")
        assert int.from_bytes(raw.recv(4), "big") == 0x7FFFFFFF


LOGINS = {
    "second-factor": "Received CHALLENGE",
    "second-factor-expired": "Authorization failed: SUPPRESS_MESSAGE_BOX",
    "throttled": "Too many failed login attempts. Please wait 4 minutes & 55 seconds",
    "wrong-password": "AUTH_RESULT indicates wrong password",
    "session-taken": "COMPETE: session kicked out",
    "login-unanswered": "AuthTimeoutMonitor-CCP: Timeout!",
    "not-logged-in": "IB GATEWAY RESTART",
    "not-listening": "Switching to a new encrypted log",
}


@proves(*LOGINS)
def test_gateway_that_waits_does_not_listen_but_runs_and_its_log_says_how_far_it_is(
    faults: str, tmp_path: Path
) -> None:
    def running() -> list[psutil.Process]:
        option = f"-DjtsConfigDir={tmp_path.resolve()}"
        found = psutil.process_iter(["cmdline"])
        return [each for each in found if option in (each.info["cmdline"] or [])]

    with FakeGateway(faults=[faults], settings_dir=tmp_path) as gateway:
        assert SocketTable().on(gateway.port).listeners == []
        assert len(running()) == 1
        log = (tmp_path / "launcher.log").read_text(encoding="utf-8")
        said = [each for each in LOGINS.values() if each in log]
        assert LOGINS[faults] in said
        assert ("encrypted log" in log) is (faults == "not-listening")
    assert running() == []


@proves("dialog=0.4", "dialog")
def test_dialog_is_accepted_after_a_while_and_all_is_well_then(
    gateway: FakeGateway, client: PlainClient, faults: str
) -> None:
    begun = time.monotonic()
    assert len(positions(client)) == 24
    if faults == "dialog":
        assert time.monotonic() - begun > 2
    assert gateway.received[0] == "hello"


@proves("http", "tls")
def test_other_protocol_answers_the_hello_and_closes(gateway: FakeGateway, faults: str) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as raw:
        raw.sendall(b"API\0\0\0\0\x09v100..203")
        answer = raw.makefile("rb").read()
    begins = {"http": b"HTTP/1.1 400", "tls": b"\x15\x03\x03\x00\x02\x02"}
    assert answer.startswith(begins[faults])


@proves("accounts-only")
def test_accounts_come_and_next_valid_id_never(gateway: FakeGateway, client: PlainClient) -> None:
    client.hear("managedAccounts")
    assert_is_answered(client)
    assert "nextValidId" not in client.names


@proves("drops-after-start=0.3", "drops-after-start")
def test_gateway_drops_its_client_a_while_after_the_start_without_a_word(
    gateway: FakeGateway, faults: str
) -> None:
    with PlainClient() as client:
        begun = time.monotonic()
        client.connect(gateway.port)
        client.hear("connectionClosed")
        assert time.monotonic() - begun >= float(faults.partition("=")[2] or 0.5)
        assert client.hear("connect returned") == [True]
        assert sorted(client.names) == ["connect returned", "connectAck", "connectionClosed"]


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


@proves("fragmented")
def test_fragments_keep_the_official_client_in_connect(
    gateway: FakeGateway, client: PlainClient
) -> None:
    gateway.wait_for("received")
    assert client.hears_only(0, QUIET_SECONDS)


@proves("joined")
def test_official_client_loses_what_comes_with_the_version(
    gateway: FakeGateway, client: PlainClient
) -> None:
    client.hear("error", 3)
    assert client.codes == [2104, 2106, 2158]
    assert {"nextValidId", "managedAccounts"}.isdisjoint(client.names)
    sent = [each["message"] for each in gateway.events if each["event"] == "sent"]
    assert sent[:3] == ["serverVersion", "managedAccounts", "nextValidId"]


@proves("boundary", "boundary=8192")
def test_official_client_loses_what_ends_on_4096(gateway: FakeGateway, client: PlainClient) -> None:
    assert client.hear("connect returned") == [True]
    assert client.hears_only(2, QUIET_SECONDS)
    assert "nextValidId" in [each["message"] for each in gateway.events if each["event"] == "sent"]


@given(
    st.integers(1, 10_000), st.sampled_from([100, 157, 176, 200, 203, 226]), st.integers(0, 5000)
)
def test_burst_of_any_length_ends_on_the_boundary(size: int, version: int, length: int) -> None:
    session = Gateway((options_book(),)).session()
    session.speech = Speech(version)
    burst: Burst = [session.speech.managed_accounts("A" * length)]
    said = Boundary(size).burst("START_API", burst, session)
    assert said[-1:] == burst
    assert sum(len(each.frame) for each in said if isinstance(each, Message)) % size == 0


@pytest.mark.parametrize(
    "faults",
    ["fragmented", "joined", "boundary", "chatty", "orders-first", "hostile", "other-orders"],
)
def test_ib_async_reads_all_there_is_all_the_same(gateway: FakeGateway, faults: str) -> None:
    with ib_async(gateway.port) as client:
        got = json.loads(client.says(0))
    assert got["failure"] is None
    assert all(each["answered"] for each in got["asked"])
    rows = [row["conId"] for row in got["positions"] if row["account"] == ACCOUNT]
    assert len(set(rows)) == 24
    assert len(got["open_orders"]) == (faults == "orders-first")


@proves("chatty")
def test_chatty_gateway_talks_of_farms_and_of_anothers_order_before_every_row(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert len(positions(client)) == 24
    assert {2103, 2104, 2105} <= set(client.codes)
    assert {order[8] for order in client.all("orderStatus")} == {1}  # it is 10 itself
    noise = ["error", "error", "error", "orderStatus"]
    rows = [number for number, name in enumerate(client.names) if name == "position"]
    assert all(client.names[row - 4 : row] == noise for row in rows)


@proves("client-id-in-use")
def test_client_id_in_use_is_said_and_then_the_connection_closed(
    gateway: FakeGateway, client: PlainClient
) -> None:
    client.hear("connectionClosed")
    assert client.names[-2:] == ["error", "connectionClosed"]
    assert client.codes == [326]
    assert "nextValidId" not in client.names


@proves("busy", "busy=2")
def test_busy_gateway_has_clients_of_other_processes(faults: str) -> None:
    with FakeGateway(faults=[faults]) as gateway, PlainClient() as client:
        others = established(gateway.port) - {os.getpid()}
        assert len(others) == len(gateway.state["client_ids"]) == (2 if "=" in faults else 1)
        client.connect(gateway.port)
        assert len(positions(client)) == 24
        assert established(gateway.port) == others | {os.getpid(), client.pid}
    assert not any(psutil.pid_exists(pid) for pid in others if pid)


def test_faults_that_leave_another_client_without_an_answer_are_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--fault", "busy", "--fault", "refuses"]) == 2
    told = capsys.readouterr().err
    assert told.endswith("client 1 of another program gets no answer\n")
    assert told.count("\n") == 1


@proves("wrong-account", "wrong-account=DU1")
def test_wrong_account_is_told_and_holds_the_positions(
    gateway: FakeGateway, client: PlainClient, faults: str
) -> None:
    account = faults.partition("=")[2] or "U99999999"
    assert {row[0] for row in positions(client)} == {account}
    assert client.all("managedAccounts") == [[account]]


@proves("missing-positions", "missing-positions=3", "missing-positions=100")
def test_positions_are_missing(gateway: FakeGateway, client: PlainClient, faults: str) -> None:
    missing = int(faults.partition("=")[2] or 1)
    assert len(positions(client)) == max(0, 24 - missing)


@proves("closed-positions", "closed-positions=1")
def test_closed_positions_stand_between_the_open_ones(
    gateway: FakeGateway, client: PlainClient, faults: str
) -> None:
    closed = [row for row in positions(client) if row[2] == "0"]
    assert len(client.all("position")) - len(closed) == 24
    assert len(closed) == (24 if "=" in faults else 8)
    assert {row[3] for row in closed} == {0.0}
    assert quantities(client.all("position"))[-1] != "0"


@proves("orders-first")
def test_order_of_this_client_and_the_next_id_come_before_the_accounts(
    gateway: FakeGateway, client: PlainClient
) -> None:
    client.hear("managedAccounts")
    orders = ["openOrder", "orderStatus", "openOrderEnd"]
    session = [name for name in client.names if not name.startswith("connect")]
    assert session[:5] == ["nextValidId", *orders, "managedAccounts"]
    (order_id, contract, order, state) = client.hear("openOrder")
    assert (order_id, order["clientId"], order["account"]) == (1, 10, ACCOUNT)
    assert (contract["symbol"], state["status"]) == ("SPY", "Submitted")
    assert client.all("nextValidId") == [[2]]
    assert len(positions(client)) == 24


@proves("endless-positions")
def test_all_positions_come_and_their_end_never(gateway: FakeGateway, client: PlainClient) -> None:
    client.hear("nextValidId")
    client.ask("reqPositions")
    client.hear("position", 24)
    assert_is_answered(client)
    assert "positionEnd" not in client.names


@proves("drops", "drops=0.25")
def test_gateway_drops_its_client_amid_the_positions(
    gateway: FakeGateway, client: PlainClient, faults: str
) -> None:
    client.hear("nextValidId")
    client.ask("reqPositions")
    client.hear("connectionClosed")
    assert len(client.all("position")) == (6 if "=" in faults else 12)
    assert "positionEnd" not in client.names


@proves("drops-after-positions")
def test_gateway_drops_its_client_right_after_the_positions(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert len(positions(client)) == 24
    client.hear("connectionClosed")
    assert client.names[-2:] == ["positionEnd", "connectionClosed"]


@proves("mute")
def test_mute_gateway_finishes_the_handshake_and_then_holds_a_silent_connection(
    gateway: FakeGateway, client: PlainClient
) -> None:
    client.hear("error", 3)
    heard = len(client.lines)
    client.ask("reqPositions")
    client.ask("reqCurrentTime")
    wait_until(lambda: "REQ_CURRENT_TIME" in gateway.received)
    assert client.hears_only(heard, 0.3)
    assert_holds_a_connection(client, gateway)


@proves("connectivity-lost")
def test_lost_connectivity_is_said_behind_the_handshake_and_positions_still_come(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert len(positions(client)) == 24
    assert client.codes == [2104, 2106, 2158, 1100]
    assert client.names.index("nextValidId") < client.names.index("error")


@proves("mute=2")
def test_gateway_answers_until_it_goes_mute(gateway: FakeGateway, client: PlainClient) -> None:
    assert len(positions(client)) == 24
    served = gateway.state["up_seconds"]
    wait_until(lambda: gateway.state["up_seconds"] > served + 2)
    heard = len(client.lines)
    client.ask("reqCurrentTime")
    assert client.hears_only(heard, 0.3)
    assert_holds_a_connection(client, gateway)


@proves("connectivity-lost=0.5")
def test_connectivity_is_lost_later_and_requests_are_answered_until_then(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert len(positions(client)) == 24
    client.hear("error", 4)
    assert client.codes == [2104, 2106, 2158, 1100]
    assert_is_answered(client)


@proves("drops-late=2")
def test_connection_is_dropped_later_and_requests_are_answered_until_then(
    gateway: FakeGateway, client: PlainClient
) -> None:
    assert len(positions(client)) == 24
    client.hear("connectionClosed")
    assert gateway.events[-1]["event"] == "closed"


@proves("other-master=99", "untrusted=192.0.2.7")
def test_what_is_set_otherwise_is_told_and_keeps_nobody_out(faults: str, tmp_path: Path) -> None:
    with FakeGateway(faults=[faults], settings_dir=tmp_path) as gateway, PlainClient() as client:
        client.connect(gateway.port)
        assert len(positions(client)) == 24
    files = [*tmp_path.rglob("ibg.xml"), *tmp_path.rglob("jts.ini")]
    told = "".join(path.read_text(encoding="utf-8") for path in files)
    others = ('masterClientID="99"' in told, "TrustedIPs=192.0.2.7" in told)
    assert others == (faults.startswith("other-master"), faults.startswith("untrusted"))


@proves("read-only")
def test_read_only_gateway_refuses_what_might_write_and_shows_positions(
    gateway: FakeGateway, client: PlainClient
) -> None:
    client.hear("error", 3)
    client.ask("reqIds", -1)
    client.ask("reqOpenOrders")
    client.ask("reqAllOpenOrders")
    client.ask("reqCompletedOrders", False)
    client.ask("reqAutoOpenOrders", False)
    assert len(positions(client)) == 24
    refusals = client.all("error")[3:]
    assert [(request_id, code) for request_id, code, _ in refusals] == [(-1, 321)] * 5
    assert all("The API interface is currently in Read-Only mode" in it[2] for it in refusals)
    assert client.all("nextValidId") == [[1]]


@proves("hostile")
@pytest.mark.parametrize(("environment", "version"), [(None, 152), ("ibapi-10.50.2", 226)])
def test_hostile_names_arrive_character_by_character(
    faults: str, environment: str | None, version: int
) -> None:
    names = Hostile.NAMES
    with (
        FakeGateway(faults=[faults], server_version=version) as gateway,
        PlainClient(environment) as client,
    ):
        client.connect(gateway.port)
        rows = [(account, contract) for account, contract, _, _ in positions(client)]
        assert client.all("managedAccounts") == [[f"{ACCOUNT},{names[0]},"]]
    expected = [names[number % len(names)] for number in range(24)]
    ours = [contract for account, contract in rows if account == ACCOUNT]
    assert [contract["symbol"] for contract in ours] == expected
    assert [contract["localSymbol"] for contract in ours] == expected
    assert [account for account, _ in rows[24:]] == [names[0]]


@proves("missing-positions=3 closed-positions")
def test_faults_compose(gateway: FakeGateway, client: PlainClient) -> None:
    rows = quantities(positions(client))
    assert (len(rows), rows.count("0")) == (28, 7)


@proves("slow=0.5 fragmented")
def test_faults_of_time_and_of_bytes_compose(gateway: FakeGateway) -> None:
    with ib_async(gateway.port) as client:
        got = json.loads(client.says(0))
    assert (got["failure"], len(got["positions"])) == (None, 24)
    assert got["connect_seconds"] >= 0.5


def test_faults_compose_on_the_command_line(fake: Started) -> None:
    gateway = fake("missing-positions=4", "connectivity-lost", "zombies=2")
    assert [each.pid for each in zombies(gateway.port)] == [gateway.pid] * 2
    with PlainClient() as client:
        client.connect(gateway.port)
        assert len(positions(client)) == 20
        assert 1100 in client.codes
