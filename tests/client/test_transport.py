"""Frames come out whole and in order, however their bytes are cut."""

from __future__ import annotations

import errno
import socket
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibapi import comm

from fake_ib_gateway.protocol import wire
from golive.client import transport as transport_module
from golive.client.transport import NoAnswer, PeerClosed, ProtocolError, Transport
from golive.kit.clock import SystemClock

payloads = st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=20)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


@settings(deadline=None, max_examples=60)
@given(sent=payloads, sizes=st.lists(st.integers(1, 200), max_size=20))
def test_transport_gives_every_payload_however_the_bytes_are_cut(
    sent: list[bytes], sizes: list[int]
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        transport, received = Transport(ours), []
        for piece in cut(b"".join(wire.frame(each) for each in sent), sizes):
            theirs.sendall(piece)
            received += transport.received_so_far()
        assert received == sent


def test_length_beyond_every_message_is_refused_before_its_bytes_come() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"\x80\0\0\0")
        with pytest.raises(ProtocolError, match="2147483648"):
            Transport(ours).payload(time.perf_counter() + 5)


def test_deadline_holds_against_a_peer_that_never_stops_talking() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(wire.frame(b"more") * 1000)
        transport = Transport(ours, HastyClock())
        payloads = iter(lambda: transport.payload(deadline=50), None)
        with pytest.raises(NoAnswer):
            list(payloads)


class HastyClock(SystemClock):
    """A second passes each time it is looked at."""

    passed = 0.0

    def monotonic(self) -> float:
        self.passed += 1
        return self.passed


def test_socket_that_is_connected_to_itself_is_known() -> None:
    with socket.socket() as both:
        both.bind(("127.0.0.1", 0))
        try:
            both.connect(both.getsockname())
        except OSError:
            pytest.skip("this platform does not connect a socket to itself")
        assert transport_module._is_to_itself(both)


class GivenUp(socket.socket):
    """One that the system has given up: it says so once, and looks closed by the peer from then."""

    error: OSError | None = None

    def recv(self, *_: object) -> bytes:
        error, self.error = self.error, None
        if error:
            raise error
        return b""


@pytest.mark.parametrize("number", [errno.ETIMEDOUT, errno.EHOSTUNREACH])
def test_connection_that_the_system_gave_up_was_not_closed_by_the_peer(number: int) -> None:
    ours = GivenUp()
    ours.error = OSError(number, "")  # the first of them is a TimeoutError to Python
    transport = Transport(ours)
    assert transport.received_so_far() == []
    with pytest.raises(PeerClosed, match="cannot be reached"):
        transport.payload(time.perf_counter() + 3600)
    ours.close()


def test_frames_that_came_before_the_end_are_given_before_the_end() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(wire.frame(b"one") + wire.frame(b"two") + b"\0\0")
        transport, deadline = Transport(ours), time.perf_counter() + 5
        assert [transport.payload(deadline), transport.payload(deadline)] == [b"one", b"two"]
        with pytest.raises(PeerClosed, match="FIN"):
            transport.payload(deadline)


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters="\0")), min_size=1))
def test_fakes_fields_are_what_the_official_client_reads(texts: list[str]) -> None:
    size, payload, rest = comm.read_msg(wire.frame(wire.fields(*texts)))
    assert (size, rest) == (len(payload), b"")
    assert [field.decode() for field in comm.read_fields(payload)] == texts


@given(st.text(st.characters(exclude_characters="\0\\", exclude_categories=["Cs"])))
def test_fakes_escapes_are_undone_by_the_official_clients_way(text: str) -> None:
    undone = wire.escape(text).decode("unicode-escape")
    assert undone.encode("utf-16", "surrogatepass").decode("utf-16") == text


@settings(deadline=None)
@given(sent=payloads, sizes=st.lists(st.integers(1, 200), max_size=20))
def test_fakes_frames_are_complete_however_the_bytes_are_cut(
    sent: list[bytes], sizes: list[int]
) -> None:
    frames = wire.Frames()
    received: list[bytes] = []
    for piece in cut(b"".join(wire.frame(each) for each in sent), sizes):
        received += frames.feed(piece)
    assert received == sent


@given(st.binary(max_size=64))
def test_any_bytes_are_a_hello_or_a_wire_error(data: bytes) -> None:
    try:
        hello = wire.read_hello(data)
    except wire.WireError:
        return
    assert hello.lowest >= 0
