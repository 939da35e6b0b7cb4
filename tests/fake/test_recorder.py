"""The recorder: what is on the wire stays as it is, no order passes, no identity is written."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from fake_ib_gateway.protocol import wire
from fake_ib_gateway.record.transcript import NotWritten, Transcript
from fake_ib_gateway.replay import recording
from fake_ib_gateway.replay.recording import Writer
from fake_ib_gateway.serving import another_client
from fake_ib_gateway.world.book import ACCOUNT
from golive.machine.sockets import SocketTable
from tests.support.fakes import FakeHere, performed, wait_until
from tests.support.gateways import VERSION, Scripted
from tests.support.recorder import Recorder, connected
from tests.support.steered import official_client

Started = Callable[..., FakeHere]
HELLO = wire.PREFIX + wire.frame(b"v100..203")
START = wire.frame(b"\0\0\0\x47" + b"2\x0010\0\0")
POSITIONS = wire.frame(b"\0\0\0\x3d" + b"1\0")


def without_times(told: dict[str, Any]) -> dict[str, Any]:
    """Two sessions differ in nothing but when they were."""
    for asked in told["asked"]:
        if asked["request"].startswith(("reqCurrentTime", "reqAccountUpdates")):
            kept = [it for it in asked["came"] if not it[0].endswith(("Time", "InMillis"))]
            asked["came"] = kept
    return told | {"connection_time": None}


def rest(client: socket.socket) -> bytes:
    """Everything until the other side closes."""
    received = b""
    with suppress(ConnectionResetError):
        while data := client.recv(65536):
            received += data
    return received


def started(client: socket.socket) -> None:
    """The session's start, to its last farm notice."""
    client.sendall(HELLO)
    assert client.recv(65536)[4:8] == b"203\0"
    client.sendall(START)
    received = b""
    while b"Sec-def" not in received:
        received += client.recv(65536)


def records(file: Path) -> list[dict[str, Any]]:
    lines = file.read_text(encoding="utf-8").splitlines()[1:-1]
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    ("version", "client"), [(176, ""), (203, ""), (226, "ibapi-10.50.2")], ids=str
)
def test_official_client_gets_through_the_recorder_what_it_gets_without_it(
    version: int, client: str, fake: Started, tmp_path: Path
) -> None:
    gateway = fake("--server-version", str(version))
    direct = official_client(gateway.port, client)
    with Recorder(gateway.port, tmp_path / "session.jsonl") as recorder:
        assert without_times(official_client(recorder.port, client)) == without_times(direct)
        code, told = recorder.ended()
    assert (code, told.count("\n")) == (0, 1)
    assert re.search(r"ended by the client; \d+ messages of the client and \d+ of the ", told)
    assert str(recorder.file) in told
    assert ACCOUNT not in recorder.file.read_text(encoding="utf-8")
    assert len(recording.read(recorder.file).records) == len(records(recorder.file))


def test_every_byte_is_passed_on_unchanged_however_it_is_cut(tmp_path: Path) -> None:
    asked = START + POSITIONS * 50 + wire.frame(b"\0\0\1\x09" + b"\x08\x05" * 100)
    said = b"".join(wire.frame(b"\0\0\0\x3d" + bytes(range(256)) * n) for n in range(40))
    heard: list[bytes] = []

    def script(connection: socket.socket) -> None:
        heard.append(connection.recv(65536))
        connection.sendall(VERSION)
        received = b""
        while len(received) < len(asked):
            received += connection.recv(65536)
        for begin in range(0, len(said), 777):
            connection.sendall(said[begin : begin + 777])
        connection.shutdown(socket.SHUT_WR)
        heard.append(received + rest(connection))

    with Scripted(script) as gateway, Recorder(gateway.port, tmp_path / "session.jsonl") as it:
        with connected(it.port) as client:
            for byte in HELLO:
                client.sendall(bytes([byte]))
            assert client.recv(len(VERSION)) == VERSION
            for begin in range(0, len(asked), 3):
                client.sendall(asked[begin : begin + 3])
            assert rest(client) == said
        assert it.ended()[0] == 0
    assert heard == [HELLO, asked]


CHANGING = {
    "PLACE_ORDER": b"\0\0\0\x03" + b"1\0",
    "PLACE_ORDER in protobuf": b"\0\0\0\xcb" + b"\x08\x01",
    "CANCEL_ORDER": b"\0\0\0\x04" + b"1\0",
    "REQ_GLOBAL_CANCEL": b"\0\0\0\x3a" + b"1\0",
    "EXERCISE_OPTIONS": b"\0\0\0\x15" + b"2\0001\0",
    "REPLACE_FA": b"\0\0\0\x13" + b"1\0",
    "UPDATE_CONFIG": b"\0\0\1\x35" + b"\x08\x01",
    "UNKNOWN_199": b"\0\0\0\xc7",
    "UNKNOWN_12345": b"\0\0\x31\x01",
    "REQ_POSITIONS_MULTI, which cannot be read": b"\0\0\1\x12" + b"\xff\xff",
    "what the client sent": b"\0\0",
}


@pytest.mark.parametrize("name", CHANGING)
def test_what_could_change_anything_ends_the_session_and_is_not_passed_on(
    name: str, fake: Started, tmp_path: Path
) -> None:
    gateway = fake()
    with Recorder(gateway.port, tmp_path / "session.jsonl") as recorder:
        with connected(recorder.port) as client:
            started(client)
            client.sendall(POSITIONS + wire.frame(CHANGING[name]) + POSITIONS)
            rest(client)
        code, told = recorder.ended()
    gateway.stop()
    assert (code, told.count("\n")) == (1, 1)
    assert re.match(
        rf"fake-ib-gateway record: {name.split()[0].strip(',')}.* was not passed on: ", told
    )
    assert gateway.received == ["hello", "START_API", "REQ_POSITIONS"]
    assert gateway.orders_received == 0
    session = recording.read(recorder.file)
    assert session.ended == "recorder"
    assert session.records[-1].payload == b"\0\0\0\x3e" + b"1\0"  # positionEnd: all came


def test_order_reaches_the_gateway_not_even_in_part(tmp_path: Path) -> None:
    heard: list[bytes] = []

    def script(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(VERSION)
        heard.append(rest(connection))

    with Scripted(script) as gateway, Recorder(gateway.port, tmp_path / "session.jsonl") as it:
        with connected(it.port) as client:
            client.sendall(HELLO)
            client.recv(65536)
            client.sendall(START)
            for byte in wire.frame(CHANGING["PLACE_ORDER"]):
                client.sendall(bytes([byte]))
            rest(client)
        assert it.ended()[0] == 1
    assert heard == [START]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"API",
        b"63\x0010\0",
        b"GET / HTTP/1.1\r\n\r\n",
        b"API\0\x7f\xff\xff\xff",
        b"API\0" + wire.frame(b"9.72"),
        b"API\0" + wire.frame(b"v203..100"),
        b"API\0" + wire.frame(b"v1..2"),
        b"API\0\0\0\0\x09v100",
    ],
)
def test_what_is_no_proper_client_never_reaches_the_gateway(
    sent: bytes, fake: Started, tmp_path: Path
) -> None:
    gateway = fake()
    with Recorder(gateway.port, tmp_path / "session.jsonl") as recorder:
        with connected(recorder.port) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            assert rest(client) == b""
        code, told = recorder.ended()
    assert (code, told.count("\n")) == (1, 1)
    assert told.startswith("fake-ib-gateway record: the client sent no valid hello")
    assert told.endswith("nothing was recorded\n")
    assert gateway.connections == 0
    assert not recorder.file.exists()


@pytest.mark.parametrize("message", [POSITIONS, HELLO])
def test_message_before_the_start_is_not_passed_on(
    message: bytes, fake: Started, tmp_path: Path
) -> None:
    gateway = fake()
    with Recorder(gateway.port, tmp_path / "session.jsonl") as recorder:
        with connected(recorder.port) as client:
            client.sendall(HELLO)
            client.recv(65536)
            client.sendall(message)
            rest(client)
        code, told = recorder.ended()
    assert code == 1
    assert "was not passed on" in told
    assert gateway.received == ["hello"]


def test_message_before_the_gateway_has_answered_is_not_passed_on(
    fake: Started, tmp_path: Path
) -> None:
    gateway = fake("silent")
    with Recorder(gateway.port, tmp_path / "session.jsonl") as recorder:
        with connected(recorder.port) as client:
            client.sendall(HELLO + START)
            rest(client)
        code, told = recorder.ended()
    assert code == 1
    assert "not passed on: it came before the gateway answered the hello" in told
    assert gateway.received == ["hello"]


def test_killed_client_leaves_no_close_wait_on_either_side(fake: Started, tmp_path: Path) -> None:
    gateway = fake()
    with Recorder(gateway.port, tmp_path / "session.jsonl") as recorder:
        words = [sys.executable, another_client.__file__, "127.0.0.1", str(recorder.port), "7"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
            assert client.stdout is not None
            client.stdout.readline()
            client.kill()
        wait_until(lambda: "closed" in [each["event"] for each in gateway.events])
        assert recorder.ended()[0] == 0
    table = SocketTable()
    assert table.on(gateway.port).close_wait == []
    assert table.on(recorder.port).close_wait == []
    assert gateway.events[-1]["by"] == "client"
    assert recording.read(recorder.file).ended == "client"


def test_gateway_that_hangs_up_ends_the_session_at_once(fake: Started, tmp_path: Path) -> None:
    gateway = fake("drops-after-start=0.1")
    with Recorder(gateway.port, tmp_path / "session.jsonl") as recorder:
        with connected(recorder.port) as client:
            client.sendall(HELLO)
            client.recv(65536)
            client.sendall(START)
            assert rest(client) == b""
        code, told = recorder.ended()
    assert code == 0
    assert "ended by the gateway" in told
    assert recording.read(recorder.file).ended == "gateway"


@pytest.mark.parametrize("fault", ["silent", "no-close", "leaky"])
def test_client_that_gives_up_ends_the_session_whatever_the_gateway_does(
    fault: str, fake: Started, tmp_path: Path
) -> None:
    gateway = fake(fault)
    with Recorder(gateway.port, tmp_path / "session.jsonl") as recorder:
        with connected(recorder.port) as client:
            client.sendall(HELLO)
            wait_until(lambda: "hello" in gateway.received)
        code, told = recorder.ended()
    assert code == 0
    assert "ended by the client" in told
    wait_until(lambda: gateway.events[-1]["event"] == "closed")
    assert gateway.connections == 1


def test_gateway_that_speaks_garbage_is_passed_on_and_ends_the_session(
    fake: Started, tmp_path: Path
) -> None:
    gateway = fake("garbage")
    with Recorder(gateway.port, tmp_path / "session.jsonl") as recorder:
        with connected(recorder.port) as client:
            client.sendall(HELLO)
            assert rest(client).startswith(b"\x7f\xff\xff\xffHTTP/1.1 400")
        code, told = recorder.ended()
    assert code == 1
    assert "the gateway sent bytes that are not a message: frame of 2147483647 bytes" in told


def test_port_on_which_nothing_listens_is_named_and_the_client_closed(
    fake: Started, tmp_path: Path
) -> None:
    gateway = fake("down")
    with Recorder(gateway.port, tmp_path / "session.jsonl") as recorder:
        with connected(recorder.port) as client:
            client.sendall(HELLO)
            assert rest(client) == b""
        code, told = recorder.ended()
    assert (code, told.count("\n")) == (1, 1)
    assert f"gateway 127.0.0.1:{gateway.port}: " in told
    assert not recorder.file.exists()


def test_second_client_is_not_taken_and_the_gateway_is_dialled_once(
    fake: Started, tmp_path: Path
) -> None:
    gateway = fake()
    with Recorder(gateway.port, tmp_path / "session.jsonl") as recorder:
        with connected(recorder.port) as client:
            started(client)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", recorder.port), timeout=60)
        recorder.ended()
    assert gateway.connections == 1


def test_nothing_is_dialled_before_a_client_comes(fake: Started, tmp_path: Path) -> None:
    gateway = fake()
    with Recorder(gateway.port, tmp_path / "session.jsonl") as recorder:
        recorder.process.send_signal(signal.SIGTERM)
        code, told = recorder.ended()
    if os.name != "nt":
        assert (code, told) == (
            1,
            "fake-ib-gateway record: stopped before a session began; nothing was recorded\n",
        )
    assert gateway.connections == 0


@pytest.mark.skipif(os.name == "nt", reason="there a process cannot be interrupted from outside")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_recorder_ends_the_session_cleanly_and_the_recording_is_whole(
    number: int, fake: Started, tmp_path: Path
) -> None:
    gateway = fake()
    with Recorder(gateway.port, tmp_path / "session.jsonl") as recorder:
        with connected(recorder.port) as client:
            started(client)
            recorder.process.send_signal(number)
            rest(client)
        code, told = recorder.ended()
    assert code == 0
    assert "ended by the recorder" in told
    assert recording.read(recorder.file).ended == "recorder"
    wait_until(lambda: gateway.events[-1]["event"] == "closed")
    assert gateway.events[-1]["by"] == "client"


def test_every_message_is_on_disk_before_the_next(fake: Started, tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    with Recorder(fake().port, file) as recorder, connected(recorder.port) as client:
        started(client)
        wait_until(lambda: "Sec-def" in file.read_text(encoding="utf-8"))
        client.sendall(POSITIONS)
        wait_until(lambda: '"number": 62' in file.read_text(encoding="utf-8"))


def test_times_are_those_of_the_session(fake: Started, tmp_path: Path) -> None:
    with Recorder(fake("slow=0.3").port, tmp_path / "session.jsonl") as recorder:
        with connected(recorder.port) as client:
            started(client)
        recorder.ended()
    at = {each.get("number"): each["seconds"] for each in records(recorder.file)}
    assert at[9] >= 0.3  # since the hello


def test_existing_file_is_not_touched_unless_told_to(fake: Started, tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    file.write_text("precious", encoding="utf-8")
    with Recorder(fake().port, file) as recorder:
        code, told = recorder.ended()
    assert (code, told) == (
        4,
        f"fake-ib-gateway record: {file} exists already; --force overwrites it\n",
    )
    assert file.read_text(encoding="utf-8") == "precious"
    with Recorder(fake().port, file, "--force") as recorder:
        with connected(recorder.port) as client:
            client.sendall(b"GET / HTTP/1.1")
            rest(client)
        assert recorder.ended()[0] == 1
    assert file.read_text(encoding="utf-8") == "precious"
    with Recorder(fake().port, file, "--force") as recorder:
        with connected(recorder.port) as client:
            started(client)
        assert recorder.ended()[0] == 0
    assert recording.read(file).ended == "client"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no file here is always full")
def test_full_disk_ends_the_session_with_one_line(fake: Started) -> None:
    gateway = fake()
    with Recorder(gateway.port, Path("/dev/full"), "--force") as recorder:
        with connected(recorder.port) as client:
            client.sendall(HELLO)
            assert rest(client) == b""
        code, told = recorder.ended()
    assert (code, told.count("\n")) == (1, 1)
    assert "the file could not be written to the end" in told
    assert gateway.connections == 0
    assert Path("/dev/full").exists()


class Full(StringIO):
    """Takes so many lines."""

    def __init__(self, lines: int) -> None:
        super().__init__()
        self.left = lines

    def write(self, text: str) -> int:
        self.left -= 1
        if self.left < 0:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_disk_that_fills_up_is_told_of_once_and_nothing_more_is_written() -> None:
    file = Full(lines=2)
    transcript = Transcript(Writer(file))
    transcript.begin()
    transcript.add(0.0, "client", b"v100..203", 0)
    with pytest.raises(NotWritten, match="No space left on device"):
        transcript.add(0.1, "gateway", b"203\0now\0", 203)
    transcript.end("recorder")
    assert file.getvalue().count("\n") == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--to", "127.0.0.1:1", "FILE"], "required: --listen"),
        (["--listen", "x", "--to", "127.0.0.1:1", "FILE"], "'x' is not a port from 0 to 65535"),
        (["--listen", "0", "--to", "4001", "FILE"], "'4001' is not HOST:PORT"),
        (["--listen", "0", "--to", "h:0", "FILE"], "'h:0' is not HOST:PORT"),
        (
            ["--listen", "0", "--to", "h:1", "FILE", "--identity", "ab"],
            "'ab' is not 3 or more characters",
        ),
        (["--listen", "0", "--to", "h:1", "no/such/FILE"], "no/such/FILE: No such file"),
        (["--listen", "0", "--to", "h:1", "F", "--keep-identities", "--identity", "abc"], "not al"),
    ],
)
def test_bad_input_is_one_line_and_exit_4(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = performed("record", *words)
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert says.replace("/", os.sep) in done.stderr or says in done.stderr


@pytest.mark.parametrize("version", [176, 203, 226])
def test_no_account_is_written_even_where_orders_come_before_the_accounts(
    version: int, fake: Started, tmp_path: Path
) -> None:
    gateway = fake("orders-first", "--server-version", str(version), "--account", "DUM7654321")
    client = "ibapi-10.50.2" if version == 226 else ""
    with Recorder(gateway.port, tmp_path / "session.jsonl") as recorder:
        official_client(recorder.port, client)
        recorder.ended()
    text = recorder.file.read_text(encoding="utf-8")
    assert "DUM7654321" not in text
    assert "7654321" not in text
    assert ACCOUNT not in text  # the order's own
    assert "DUM000000" in text


def test_identities_are_kept_for_who_asks_for_it(fake: Started, tmp_path: Path) -> None:
    with Recorder(fake().port, tmp_path / "session.jsonl", "--keep-identities") as recorder:
        with connected(recorder.port) as client:
            started(client)
        recorder.ended()
    text = recorder.file.read_text(encoding="utf-8")
    assert ACCOUNT in text
    assert '"identities": "kept"' in text
