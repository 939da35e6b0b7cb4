"""The fake in good health, seen by the official client, and its command line."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from ibapi.server_versions import MAX_CLIENT_VER

from fake_ib_gateway.options import parser
from fake_ib_gateway.record import command
from fake_ib_gateway.world.book import options_book
from tests.support.fakes import FakeHere, performed, wait_until
from tests.support.projects import ROOT
from tests.support.steered import PlainClient
from tests.support.talking import Talking

Started = Callable[..., FakeHere]


@pytest.mark.parametrize("version", ["100", "152", "157", "176", "193", "200", "203", "226"])
def test_healthy_gateway_gives_the_official_client_all_it_asks_for(
    version: str, fake: Started
) -> None:
    book = options_book()
    with PlainClient() as client:
        client.connect(fake("--server-version", version).port)
        client.hear("nextValidId")
        client.ask("reqPositions")
        client.hear("positionEnd")
    assert client.names[2:4] == ["managedAccounts", "nextValidId"]
    assert client.all("managedAccounts") == [[book.account]]
    assert client.all("nextValidId") == [[1]]
    assert client.codes == [2104, 2106, 2158]
    assert [
        (account, contract["conId"], contract["localSymbol"], contract["exchange"], quantity, cost)
        for account, contract, quantity, cost in client.all("position")
    ] == [
        (
            book.account,
            row.contract.con_id,
            row.contract.local_symbol,
            row.contract.exchange,
            row.quantity,
            row.average_cost,
        )
        for row in book.positions
    ]


def test_book_is_a_plausible_options_account() -> None:
    book = options_book()
    options = [row.contract for row in book.positions if row.contract.sec_type == "OPT"]
    assert len(book.positions) == 24
    assert len({row.contract.con_id for row in book.positions}) == 24
    assert all(len(each.local_symbol) == 21 and each.exchange == "" for each in options)
    assert all("." not in row.quantity for row in book.positions)


def test_book_of_any_length_begins_with_the_same_positions(fake: Started) -> None:
    assert options_book(count=7).positions == options_book(count=50).positions[:7]
    assert len({row.contract.con_id for row in options_book(count=2000).positions}) == 2000
    with PlainClient() as client:
        client.connect(fake("--positions", "0").port)
        client.hear("nextValidId")
        client.ask("reqPositions")
        client.hear("positionEnd")
        assert "position" not in client.names


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["--fault", "nope"],
            "no fault 'nope'",
        ),
        (["--fault"], "expected one argument"),
        (["--port", "99999"], "'99999' is not a number from 0 to 65535"),
        (["--server-version", "99"], "'99' is not a number from 100 to 226"),
        (["--server-version", "227"], "'227' is not a number from 100 to 226"),
        (["--positions", "many"], "'many' is not a number from 0 to"),
        (["--max-clients", "-1"], "'-1' is not a number from 0 to"),
        (["--max-messages", "1.5"], "'1.5' is not a number from 0 to"),
        (["--no-overlap", "shrug"], "invalid choice: 'shrug'"),
        (["--control", "http"], "'http' is not a number from 0 to 65535"),
        (["--log", "/no/such/folder/log"], "/no/such/folder/log: No such file"),
        (["--host", "no.such.host.invalid"], "no.such.host.invalid port 0: "),
        (["--bogus"], "unrecognized arguments: --bogus"),
        (["--pos", "3"], "unrecognized arguments: --pos 3"),
    ],
)
def test_bad_input_is_one_line_and_exit_4(words: list[str], says: str) -> None:
    done = performed(*words)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("fake-ib-gateway: ")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_port_that_is_taken_is_named(fake: Started) -> None:
    taken = str(fake().port)
    done = performed("--port", taken)
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)
    assert f"port {taken}" in done.stderr


def test_settings_directory_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = performed("--settings-dir", str(tmp_path / "file"))
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)
    assert str(tmp_path / "file") in done.stderr


def test_it_says_where_it_is_and_ends_with_its_standard_input() -> None:
    command = (sys.executable, "-m", "fake_ib_gateway", "--stop-with-stdin")
    with Talking(*command) as process:
        port = int(process.says(0).removeprefix("fake gateway listening on 127.0.0.1:"))
        with PlainClient() as client:
            client.connect(port)
            client.hear("nextValidId")
            process.leave()
            client.hear("connectionClosed")
    assert len(process.lines) == 1


def test_log_tells_what_happened_in_order_as_json_lines(fake: Started) -> None:
    running = fake("slow=0")
    with PlainClient() as client:
        client.connect(running.port)
        client.hear("error", 3)
    wait_until(lambda: running.events[-1]["event"] == "closed")
    running.stop()
    told = [(each["event"], each.get("message", "")) for each in running.events]
    assert told == [
        ("started", ""),
        ("listening", ""),
        ("connected", ""),
        ("received", "hello"),
        ("sent", "serverVersion"),
        ("received", "START_API"),
        ("sent", "managedAccounts"),
        ("sent", "nextValidId"),
        *(("sent", f"error {code}") for code in (2104, 2106, 2158)),
        ("closed", ""),
        ("stopped", ""),
    ]
    assert running.events[-2]["by"] == "client"
    assert running.events[3]["fields"] == {"lowest": 100, "highest": MAX_CLIENT_VER, "options": ""}
    assert running.events[5]["fields"]["client_id"] == "10"


def test_log_goes_to_standard_error_where_asked() -> None:
    command = [sys.executable, "-m", "fake_ib_gateway", "--log", "-", "--stop-with-stdin"]
    done = subprocess.run(
        command, cwd=ROOT, input="", capture_output=True, text=True, timeout=120, check=True
    )
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert events == ["started", "listening", "stopped"]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"63\x0010\0", "a client older than v100: b'6"),
        (b"GET / HTTP/1.1\r\n\r\n", "not a hello: b'G"),
        (b"API", "not a hello: b'API'"),
        (b"API\0\0\0\0\x04\0\0\0\x01", "no version range"),
        (b"API\0\x7f\xff\xff\xff", "frame of 2147483647 bytes, at most "),
    ],
)
def test_what_is_no_hello_is_closed_with_its_reason_in_the_log(
    sent: bytes, reason: str, fake: Started
) -> None:
    running = fake()
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as raw:
        raw.sendall(sent)
        raw.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            assert raw.recv(1) == b""
    wait_until(lambda: running.events[-1]["event"] == "closed")
    assert reason in running.events[-2]["reason"]
    with PlainClient() as client:
        client.connect(running.port)
        client.hear("nextValidId")


@pytest.mark.parametrize("words", [["--help"], ["record", "--help"]])
def test_help_of_a_wide_terminal_is_80_columns_wide_and_ends_with_an_example_that_is_understood(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    done = performed(*words)
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 60
    example = lines[-1].removeprefix("Example: fake-ib-gateway ").split()
    if words[0] == "record":
        assert command.parser().parse_args(example[1:]).listen == 4010
    else:
        assert len(parser().parse_args(example).fault) == 2
