"""The fake, seen by the unmodified official client: each fault is what its name says."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from fakes.gateway.book import options_book
from golive.sockets import SocketTable
from tests.fakes import Fake, wait_until
from tests.projects import ROOT

Started = Callable[..., Fake]


def plain_client(port: int, seconds: float = 15) -> dict[str, Any]:
    """What the official client got. Raises subprocess.TimeoutExpired where it never returns."""
    script = str(ROOT / "tests" / "plain_client.py")
    words = [sys.executable, script, str(port)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=True)
    got: dict[str, Any] = json.loads(done.stdout)
    return got


@pytest.mark.parametrize("version", ["100", "152", "157", "176", "193", "200", "203"])
def test_healthy_gateway_gives_the_official_client_all_it_asks_for(
    version: str, fake: Started
) -> None:
    gateway = fake("--server-version", version)
    got = plain_client(gateway.port)
    book = options_book()
    assert got["accounts"] == book.account
    assert got["next_valid_id"] == 1
    assert got["errors"][:3] == [2104, 2106, 2158]
    assert got["complete"]
    assert got["rows"] == [
        [book.account, row.con_id, row.local_symbol, row.strike, row.exchange, row.quantity,
         row.average_cost]
        for row in book.positions
    ]  # fmt: skip


def test_book_is_a_plausible_options_account() -> None:
    book = options_book()
    options = [row for row in book.positions if row.sec_type == "OPT"]
    assert len(book.positions) == 24
    assert len({row.con_id for row in book.positions}) == 24
    assert all(len(row.local_symbol) == 21 and row.exchange == "" for row in options)
    assert all("." not in row.quantity for row in book.positions)


@pytest.mark.parametrize("fault", ["silent", "fragmented"])
def test_official_client_never_returns_from_connect(fault: str, fake: Started) -> None:
    gateway = fake(fault)
    with pytest.raises(subprocess.TimeoutExpired):
        plain_client(gateway.port, seconds=4)
    assert gateway.connections == 1


@pytest.mark.parametrize("fault", ["boundary", "joined"])
def test_official_client_loses_the_begin_of_the_session(fault: str, fake: Started) -> None:
    got = plain_client(fake(fault).port)
    assert got["connected"]
    assert "next_valid_id" not in got
    assert "accounts" not in got


@pytest.mark.parametrize("fault", ["refuses", "garbage"])
def test_official_client_is_told_nothing_and_is_not_connected(fault: str, fake: Started) -> None:
    if fault == "garbage":
        with pytest.raises(subprocess.TimeoutExpired):
            plain_client(fake(fault).port, seconds=4)
    else:
        got = plain_client(fake(fault).port)
        assert not got["connected"]
        assert got["errors"] == []


def test_faults_compose(fake: Started) -> None:
    got = plain_client(fake("missing-positions", "closed-positions").port)
    assert len([row for row in got["rows"] if row[5] != "0"]) == 23
    assert len([row for row in got["rows"] if row[5] == "0"]) == 8


def test_zombies_are_the_kernels_own_and_no_clients(fake: Started) -> None:
    gateway = fake("zombies")
    zombies = SocketTable().on(gateway.port).close_wait
    assert [each.pid for each in zombies] == [gateway.pid] * 3
    assert gateway.connections == 0


def test_down_reserves_a_port_on_which_nothing_listens(fake: Started) -> None:
    gateway = fake("down")
    port = SocketTable().on(gateway.port)
    assert port.listeners == []
    got = plain_client(gateway.port)
    assert got["errors"] == [502]


def test_second_client_with_the_same_id_is_refused_and_the_first_stays(fake: Started) -> None:
    gateway = fake()
    hello, start = b"API\0\0\0\0\x09v100..203", b"\0\0\0\x08\0\0\0\x472\x0010\0"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as first:
        first.sendall(hello)
        first.recv(4096)
        first.sendall(start + b"\0")
        wait_until(lambda: "START_API" in gateway.received)
        got = plain_client(gateway.port)
        assert got["errors"] == [326]
        assert got["closed"]


def test_current_time_is_told_once_a_second_and_a_hasty_second_request_dropped(
    fake: Started,
) -> None:
    with session_of(fake("--server-version", "200")) as client:
        client.sendall(framed(b"49\x001\0") * 2 + framed(b"8\x001\x001\0"))
        answered = b""
        while b"9\x001\x001\0" not in answered:
            answered += client.recv(4096)
    assert answered.count(b"49\x001\0") == 1


def test_unknown_message_gets_an_error_and_the_connection_is_kept(fake: Started) -> None:
    with session_of(fake("--server-version", "200")) as client:
        client.sendall(framed(b"12345\0") + framed(b"17\x001\0"))
        answered = b""
        while b"15\x001\0U21146542\0" not in answered:
            answered += client.recv(4096)
    assert b"\x00320\0" in answered


def framed(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload


@contextmanager
def session_of(gateway: Fake) -> Iterator[socket.socket]:
    """A raw client behind the start of its session, at server version 200."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
        client.sendall(b"API\0" + framed(b"v100..200"))
        client.recv(4096)
        client.sendall(framed(b"71\x002\x0010\0\0"))
        started = b""
        while b"2158" not in started:
            started += client.recv(4096)
        yield client


def test_orders_are_refused_and_counted(fake: Started) -> None:
    gateway = fake("--server-version", "200")
    with session_of(gateway) as client:
        client.sendall(framed(b"3\x001\0"))
        wait_until(lambda: "PLACE_ORDER" in gateway.received)
    gateway.stop()
    assert gateway.orders_received == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--fault", "nope"], "no fault 'nope'; there are: healthy, down, silent"),
        (["--port", "99999"], "'99999' is not a number from 0 to 65535"),
        (["--server-version", "99"], "'99' is not a number from 100 to 203"),
        (["--positions", "many"], "'many' is not a number from 0 to"),
        (["--log", "/no/such/folder/log"], "/no/such/folder/log: No such file"),
        (["--bogus"], "unrecognized arguments: --bogus"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(words: list[str], says: str) -> None:
    command = [sys.executable, "-m", "fakes.gateway", *words]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_port_that_is_taken_is_named(fake: Started) -> None:
    taken = str(fake().port)
    command = [sys.executable, "-m", "fakes.gateway", "--port", taken]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 2
    assert f"port {taken}" in done.stderr


@pytest.mark.parametrize(
    "sent", [b"63\x0010\0", b"GET / HTTP/1.1\r\n\r\n", b"API\0\x7f\xff\xff\xff"]
)
def test_what_is_no_hello_is_closed_with_a_log_line(sent: bytes, fake: Started) -> None:
    gateway = fake()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as client:
        client.sendall(sent)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
    wait_until(lambda: "refused" in [each["event"] for each in gateway.events])
    assert plain_client(gateway.port)["complete"]
