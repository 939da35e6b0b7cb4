"""A recording played: to the client it was made with, to any other, and with faults."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.protocol import wire
from fake_ib_gateway.protocol.errors import Error
from fake_ib_gateway.protocol.messages import Speech
from fake_ib_gateway.replay.recording import Record, Source, Writer
from fake_ib_gateway.world.book import ACCOUNT, options_book
from tests.support.fakes import Fake, FakeHere, performed
from tests.support.recorder import Recorder, connected
from tests.support.steered import official_client

Started = Callable[..., FakeHere]
Line = tuple[float, Source, bytes]
BOOK = options_book("U00000001")


def refusals(gateway: FakeGateway) -> list[str]:
    """Why the log says that clients were refused."""
    return [each["reason"] for each in gateway.events if each["event"] == "refused"]


class Client:
    """A raw one, at one server version."""

    def __init__(self, port: int, version: int, client_id: int = 77) -> None:
        self.version = version
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._frames = wire.Frames()
        self._payloads: list[bytes] = []
        self.socket.sendall(wire.PREFIX + wire.frame(b"v100..%d" % version))
        self.greeting = self.next()
        self.ask(71, 2, client_id, "")

    def ask(self, number: int, *texts: object) -> None:
        """Asks in text."""
        raw = self.version >= 201
        head = number.to_bytes(4, "big") if raw else wire.fields(number)
        self.socket.sendall(wire.frame(head + wire.fields(*texts)))

    def send(self, payload: bytes) -> None:
        self.socket.sendall(wire.frame(payload))

    def next(self) -> bytes:
        """The next message; nothing once the gateway has closed."""
        while not self._payloads:
            data = self.socket.recv(65536)
            if not data:
                return b""
            self._payloads += self._frames.feed(data)
        return self._payloads.pop(0)

    def until(self, payload: bytes) -> list[bytes]:
        """All that comes, up to this message."""
        got = self.until_has(payload)
        assert got[-1] == payload
        return got

    def until_has(self, part: bytes) -> list[bytes]:
        """All that comes, up to the message that has this in it."""
        got = [self.next()]
        while part not in got[-1]:
            assert got[-1], f"closed before {part!r}, after {got}"
            got.append(self.next())
        return got

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def made(folder: Path, version: int, *lines: Line, ended: str = "client") -> Path:
    """The recording of a session with these lines behind its start, which takes no time."""
    say = Speech(version)
    started: tuple[Line, ...] = (
        (0.0, "client", b"v100..%d" % version),
        (0.0, "gateway", say.server_version("20261122 09:00:00 UTC").payload),
        (0.0, "client", asked(version, 71, 2, 10, "")),
        (0.0, "gateway", say.managed_accounts("U1").payload),
        (0.0, "gateway", say.next_valid_id(5).payload),
    )
    path = folder / "made.jsonl"
    with path.open("w", encoding="utf-8") as file:
        writer = Writer(file)
        writer.begin(replaced=True)
        for line in (*started, *lines):
            writer.write(Record(*line))
        writer.end(lines[-1][0] if lines else 0.0, ended)
    return path


def asked(version: int, number: int, *texts: object) -> bytes:
    head = number.to_bytes(4, "big") if version >= 201 else wire.fields(number)
    return head + wire.fields(*texts)


@pytest.fixture(scope="module", params=[(176, ""), (203, ""), (226, "ibapi-10.50.2")], ids=str)
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str, dict[str, Any]]:
    """What an official client was told through a recorder, and the recording."""
    version, client = request.param
    folder = tmp_path_factory.mktemp("recorded")
    options = ("--server-version", str(version))
    with (
        Fake(options, folder / "log.jsonl") as gateway,
        Recorder(gateway.port, folder / "session.jsonl") as recorder,
    ):
        told = official_client(recorder.port, client)
        assert recorder.ended()[0] == 0
    return recorder.file, client, told


def rows_of(say: Speech) -> list[bytes]:
    """The positions of a book, without their end."""
    return [say.position(BOOK.account, row).payload for row in BOOK.positions]


Recorded = tuple[Path, str, dict[str, Any]]


def with_stand_ins(told: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(told).replace(ACCOUNT, "U00000001"))
    return document


def test_same_client_is_told_the_same_but_for_the_identities(recorded: Recorded) -> None:
    file, client, told = recorded
    with FakeGateway(replay=file) as playing:
        assert official_client(playing.port, client) == with_stand_ins(told)
        assert official_client(playing.port, client) == with_stand_ins(told)


def test_missing_position_is_missing_from_a_recording_too(recorded: Recorded) -> None:
    file, client, told = recorded
    with FakeGateway(replay=file, faults=["missing-positions"]) as playing:
        got = official_client(playing.port, client)
    assert got["positions"] == with_stand_ins(told)["positions"][:-1]
    assert len(got["positions"]) == 23


def test_other_account_is_told_of_throughout(recorded: Recorded) -> None:
    file, client, _ = recorded
    with FakeGateway(replay=file, faults=["wrong-account"]) as playing:
        got = official_client(playing.port, client)
    assert got["accounts"] == "U99999999"
    assert {row["account"] for row in got["positions"]} == {"U99999999"}
    assert len(got["positions"]) == 24


def test_recorded_rows_of_an_unavailable_account_do_not_come(recorded: Recorded) -> None:
    file, client, _ = recorded
    with FakeGateway(replay=file, faults=["account-unavailable"]) as playing:
        assert official_client(playing.port, client)["positions"] == []


def test_recorded_row_is_contradicted_before_the_end(recorded: Recorded) -> None:
    file, client, told = recorded
    with FakeGateway(replay=file, faults=["contradictory-rows"]) as playing:
        got = official_client(playing.port, client)["positions"]
    assert len(got) == len(told["positions"]) + 1
    assert got[-1]["conId"] == got[0]["conId"]


def test_faults_of_what_is_said_compose_with_a_recording(tmp_path: Path) -> None:
    say = Speech(200)
    rows = rows_of(say)
    recording = made(
        tmp_path,
        200,
        (0.0, "client", asked(200, 61, 1)),
        *((0.0, "gateway", row) for row in (*rows, say.position_end().payload)),
    )
    faults = ("chatty", "endless-positions", "fragmented")
    with (
        FakeGateway(replay=recording, faults=faults) as playing,
        Client(playing.port, 200) as client,
    ):
        client.until(say.next_valid_id(5).payload)
        client.ask(61, 1)
        client.ask(17, 1)
        got = client.until_has(b"does not hold REQ_MANAGED_ACCTS")
    assert [each for each in got if each.startswith(b"61\0")] == rows
    assert any(b"\x002103\0" in each for each in got)
    assert say.position_end().payload not in got


def test_read_only_gateway_refuses_what_it_would(tmp_path: Path) -> None:
    say = Speech(200)
    recording = made(
        tmp_path,
        200,
        (0.0, "client", asked(200, 8, 1, 1)),
        (0.0, "gateway", say.next_valid_id(5).payload),
    )
    with (
        FakeGateway(replay=recording, faults=["read-only"]) as playing,
        Client(playing.port, 200) as client,
    ):
        client.until(say.next_valid_id(5).payload)
        client.ask(8, 1, 1)
        client.ask(17, 1)
        got = client.until(say.managed_accounts("U1").payload)
        assert b"Read-Only mode" in got[-2]


def test_client_of_another_version_is_refused_and_the_log_names_the_recorded_one(
    tmp_path: Path,
) -> None:
    with FakeGateway(replay=made(tmp_path, 203)) as playing:
        with connected(playing.port) as client:
            client.sendall(wire.PREFIX + wire.frame(b"v100..176"))
            assert client.recv(1) == b""
        with Client(playing.port, 203) as newer:
            assert newer.greeting == b"203\x0020261122 09:00:00 UTC\0"
        assert refusals(playing) == ["the recording has server version 203, not v100..176"]


REPLIES: dict[str, tuple[int, Callable[[Speech, int], bytes]]] = {
    "error": (62, lambda say, number: say.error(Error(322, "no"), 5, number).payload),
    "execDetailsEnd": (7, lambda say, number: say.executions_end(number).payload),
    "accountSummary": (
        62,
        lambda say, number: say.account_summary(number, "U1", BOOK.values[4]).payload,
    ),
    "accountSummaryEnd": (62, lambda say, number: say.account_summary_end(number).payload),
    "positionMulti": (
        74,
        lambda say, number: say.position_multi(number, "U1", BOOK.positions[9], "m").payload,
    ),
    "positionMultiEnd": (74, lambda say, number: say.position_multi_end(number).payload),
    "accountUpdateMulti": (
        76,
        lambda say, number: say.account_update_multi(number, "U1", "", BOOK.values[4]).payload,
    ),
    "accountUpdateMultiEnd": (
        76,
        lambda say, number: say.account_update_multi_end(number).payload,
    ),
}
"""Kinds of replies that carry a request id: what they answer, and how they are said."""


@pytest.mark.parametrize("version", [100, 176, 193, 194, 200, 203, 212, 226])
@pytest.mark.parametrize("kind", REPLIES)
def test_reply_carries_the_request_id_of_the_client_that_asks(
    kind: str, version: int, tmp_path: Path
) -> None:
    number, said = REPLIES[kind]
    say = Speech(version)
    recording = made(
        tmp_path,
        version,
        (0.1, "client", asked(version, number, 1, 9001, "All", "Tags")),
        (0.1, "gateway", said(say, 9001)),
    )
    with FakeGateway(replay=recording) as playing, Client(playing.port, version) as client:
        for request_id in (4, 2_000_000_000, 0, -5):
            client.ask(number, 1, request_id, "All", "Tags")
            assert client.until(said(say, request_id))


@pytest.mark.parametrize(
    ("version", "fields"),
    [
        (163, (10, 8, 7, "SPY", "STK")),
        (164, (10, 7, "SPY", "STK")),
        (135, (11, 10, 7, 1, 265598)),
        (136, (11, 7, 1, 265598)),
        (123, (17, 3, 7, "from", "to")),
        (124, (17, 7, "from", "to")),
        (155, (21, 6, 7, 10)),
        (156, (21, 7, 10)),
        (200, (52, 1, 7)),
        (200, (58, 1, 7, 3)),
        (200, (1, 6, 7, 1, 9.5)),
        (200, (75, 7, "SMART")),
        (200, (88, 7, "20200101")),
        (200, (107, 7, "")),
        (203, (108, 7, "from", "to")),
    ],
)
def test_request_id_stands_where_the_version_has_it(
    version: int, fields: tuple[Any, ...], tmp_path: Path
) -> None:
    recording = made(
        tmp_path,
        version,
        (0.0, "client", asked(version, 96, 7, "x")),
        (0.0, "gateway", asked(version, *fields)),
    )
    place = 1 + fields[1:].index(7)
    with FakeGateway(replay=recording) as playing, Client(playing.port, version) as client:
        client.ask(96, 8, "x")
        assert client.until(asked(version, *fields[:place], 8, *fields[place + 1 :]))


def test_protobuf_reply_keeps_what_is_not_known_of_it(tmp_path: Path) -> None:
    unknown = b"\x9a\x01\x03abc"
    recording = made(
        tmp_path,
        226,
        (0.0, "client", b"\0\0\1\x34" + b"\x08\x07"),
        (0.0, "gateway", b"\0\0\1\x36" + b"\x08\x07" + unknown),
    )
    with FakeGateway(replay=recording) as playing, Client(playing.port, 226) as client:
        client.send(b"\0\0\1\x34" + b"\x08\x09")
        assert client.until(b"\0\0\1\x36" + b"\x08\x09" + unknown)


def test_questions_in_another_order_and_at_once_are_answered_each(tmp_path: Path) -> None:
    say = Speech(200)
    positions = rows_of(say)
    recording = made(
        tmp_path,
        200,
        (0.1, "client", asked(200, 61, 1)),
        (0.1, "client", asked(200, 62, 1, 9, "All", "Net")),
        (0.1, "client", asked(200, 49, 1)),
        (0.11, "gateway", positions[0]),
        (0.12, "gateway", say.account_summary(9, "U1", BOOK.values[4]).payload),
        (0.12, "gateway", positions[1]),
        (0.12, "gateway", say.current_time(1).payload),
        (0.13, "gateway", say.position_end().payload),
        (0.13, "gateway", say.account_summary_end(9).payload),
    )
    with FakeGateway(replay=recording) as playing, Client(playing.port, 200) as client:
        client.until(say.next_valid_id(5).payload)
        client.ask(49, 1)
        assert client.next() == say.current_time(1).payload
        client.ask(62, 1, 3, "All", "Net")
        client.ask(61, 1)
        summary = say.account_summary(3, "U1", BOOK.values[4]).payload
        assert [client.next(), client.next()] == [summary, say.account_summary_end(3).payload]
        rest = [positions[0], positions[1], say.position_end().payload]
        assert client.until(rest[-1]) == rest


def test_each_time_gets_its_own_answer_and_later_times_the_last(tmp_path: Path) -> None:
    say = Speech(200)
    lines: list[Line] = []
    for seconds in (1, 2, 3):
        lines.append((0.0, "client", asked(200, 49, 1)))
        lines.append((0.0, "gateway", say.current_time(seconds).payload))
    lines.append((0.0, "client", asked(200, 49, 1)))  # unanswered: the session was over
    with FakeGateway(replay=made(tmp_path, 200, *lines)) as playing:
        for _ in range(2):
            with Client(playing.port, 200) as client:
                client.until(say.next_valid_id(5).payload)
                for seconds in (1, 2, 3, 3, 3):
                    client.ask(49, 1)
                    assert client.next() == say.current_time(seconds).payload


def test_requests_are_told_apart_by_what_they_ask(tmp_path: Path) -> None:
    def rule(number: int) -> bytes:
        return asked(200, 93, number, 0)

    recording = made(
        tmp_path,
        200,
        (0.0, "client", asked(200, 91, 26)),
        (0.0, "client", asked(200, 91, 32)),
        (0.0, "gateway", rule(26)),
        (0.0, "gateway", rule(32)),
    )
    with FakeGateway(replay=recording) as playing, Client(playing.port, 200) as client:
        client.ask(91, 32)
        assert client.until(rule(32))
        client.ask(91, 26)
        assert client.next() == rule(26)


def test_what_was_never_asked_gets_an_error_with_its_id_and_the_session_goes_on(
    tmp_path: Path,
) -> None:
    say = Speech(200)
    with FakeGateway(replay=made(tmp_path, 200)) as playing, Client(playing.port, 200) as client:
        client.until(say.next_valid_id(5).payload)
        client.ask(62, 1, 44, "All", "Tags")
        texts = wire.split_fields(client.next())
        assert texts[:3] == ["4", "44", "321"]
        assert "The recording does not hold REQ_ACCOUNT_SUMMARY." in texts[3]
        client.ask(12345, 1)
        assert "does not hold UNKNOWN_12345" in client.next().decode()
        client.ask(63, 1, 44)  # a cancel has no answer
        client.ask(61, 1)
        assert "does not hold REQ_POSITIONS" in client.next().decode()


def test_orders_are_refused_and_counted_whatever_was_recorded(tmp_path: Path) -> None:
    placed = asked(200, 3, 7, "SPY")
    recording = made(
        tmp_path, 200, (0.0, "client", placed), (0.0, "gateway", asked(200, 3, 7, "Filled"))
    )
    with FakeGateway(replay=recording) as playing, Client(playing.port, 200) as client:
        client.until(Speech(200).next_valid_id(5).payload)
        client.send(placed)
        assert wire.split_fields(client.next())[:3] == ["4", "7", "201"]
        assert playing.orders_received == 1


def test_pauses_are_played_as_they_were_and_what_came_together_stays_together(
    tmp_path: Path,
) -> None:
    say = Speech(200)
    positions = rows_of(say)
    recording = made(
        tmp_path,
        200,
        (1.0, "client", asked(200, 61, 1)),
        (1.2, "gateway", positions[0]),
        (1.2, "gateway", positions[1]),
        (1.6, "gateway", positions[2]),
        (1.6, "gateway", say.position_end().payload),
    )
    with FakeGateway(replay=recording) as playing, Client(playing.port, 200) as client:
        client.until(say.next_valid_id(5).payload)
        began = time.monotonic()
        client.ask(61, 1)
        got = client.socket.recv(65536)
        assert got.startswith(b"".join(map(wire.frame, positions[:2])))
        assert time.monotonic() - began >= 0.2
        all_of_it = b"".join(map(wire.frame, (*positions[:3], say.position_end().payload)))
        while len(got) < len(all_of_it):
            got += client.socket.recv(65536)
        assert got == all_of_it
        assert time.monotonic() - began >= 0.6


def test_gateway_that_hung_up_hangs_up_again(tmp_path: Path) -> None:
    say = Speech(200)
    recording = made(
        tmp_path, 200, (0.1, "gateway", say.error(Error(326, "in use")).payload), ended="gateway"
    )
    with FakeGateway(replay=recording) as playing, Client(playing.port, 200) as client:
        assert client.until(say.error(Error(326, "in use")).payload)
        assert client.next() == b""


def test_silent_gateway_is_silent_again(fake: Started, tmp_path: Path) -> None:
    with Recorder(fake("silent").port, tmp_path / "session.jsonl") as recorder:
        with connected(recorder.port) as client:
            client.sendall(wire.PREFIX + wire.frame(b"v100..203"))
        recorder.ended()
    with FakeGateway(replay=recorder.file) as playing, connected(playing.port) as client:
        client.settimeout(0.3)
        client.sendall(wire.PREFIX + wire.frame(b"v100..176"))
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_orders_first_are_told_first_again(fake: Started, tmp_path: Path) -> None:
    with Recorder(fake("orders-first").port, tmp_path / "session.jsonl") as recorder:
        told = official_client(recorder.port)
        recorder.ended()
    with FakeGateway(replay=recorder.file) as playing:
        assert official_client(playing.port) == with_stand_ins(told)


def test_two_clients_are_served_and_one_id_twice_is_refused(tmp_path: Path) -> None:
    say = Speech(200)
    with (
        FakeGateway(replay=made(tmp_path, 200)) as playing,
        Client(playing.port, 200, 1) as one,
        Client(playing.port, 200, 2) as two,
    ):
        one.until(say.next_valid_id(5).payload)
        two.until(say.next_valid_id(5).payload)
        assert playing.state["client_ids"] == [1, 2]
        with Client(playing.port, 200, 2) as third:
            assert b"\x00326\0" in third.next()
            assert third.next() == b""


def test_control_says_and_changes_what_it_does_to_any_gateway(tmp_path: Path) -> None:
    say = Speech(200)
    with FakeGateway(replay=made(tmp_path, 200)) as playing, Client(playing.port, 200) as client:
        client.until(say.next_valid_id(5).payload)
        playing.say(1100)
        assert b"\x001100\0" in client.next()
        playing.become("mute")
        assert playing.state["connections"] == 1
        playing.drop_everyone()
        assert client.next() == b""


def test_news_come_in_their_own_time_and_keep_nobody_waiting(tmp_path: Path) -> None:
    say = Speech(200)
    news = say.error(Error(2103, "broken")).payload
    recording = made(
        tmp_path,
        200,
        (0.5, "gateway", news),
        (0.8, "gateway", say.error(Error(1100, "lost")).payload),
        (0.9, "client", asked(200, 49, 1)),
        (0.9, "gateway", say.current_time(1).payload),
        ended="gateway",
    )
    began = time.monotonic()
    with FakeGateway(replay=recording) as playing, Client(playing.port, 200) as client:
        client.until(say.next_valid_id(5).payload)
        client.ask(61, 1)
        assert b"does not hold" in client.next()
        assert client.next() == news
        assert time.monotonic() - began > 0.4
        assert b"lost" in client.next()
        assert time.monotonic() - began > 0.75


def test_news_that_are_late_for_a_client_that_has_left_harm_nobody(tmp_path: Path) -> None:
    say = Speech(200)
    recording = made(tmp_path, 200, (0.4, "gateway", say.error(Error(1100, "lost")).payload))
    with FakeGateway(replay=recording) as playing:
        with Client(playing.port, 200) as client:
            client.until(say.next_valid_id(5).payload)
        with Client(playing.port, 200) as client:
            assert client.until_has(b"lost")
        assert [each for each in playing.events if each["event"] == "failed"] == []


def test_command_line_plays_a_recording(recorded: Recorded, fake: Started) -> None:
    file, client, told = recorded
    gateway = fake("--replay", str(file))
    assert official_client(gateway.port, client) == with_stand_ins(told)
    gateway.stop()
    assert gateway.orders_received == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "first line: not a recording made by `fake-ib-gateway record`"),
        (b'{"recording": "TWS API session", "format": 1}\n', "record 1: it is missing"),
        (None, "No such file or directory"),
    ],
)
def test_bad_recording_is_one_line_and_exit_4(
    content: bytes | None, says: str, tmp_path: Path
) -> None:
    file = tmp_path / "session.jsonl"
    if content is not None:
        file.write_bytes(content)
    done = performed("--replay", str(file))
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(f"fake-ib-gateway: {file}: {says}")
    assert done.stderr.count("\n") == 1
