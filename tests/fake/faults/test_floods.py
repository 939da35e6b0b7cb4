"""Faults of how much is said: more than anybody can keep, and kept nowhere."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import psutil
import pytest

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.protocol.wire import Frames
from tests.support.heard import ROWS, rows, spoken, to_positions
from tests.support.proving import proves
from tests.support.steered import PlainClient

MEGABYTE = 1 << 20


@contextmanager
def asking(port: int, version: int) -> Iterator[socket.socket]:
    """A client of this server version that has asked for positions and reads when it likes."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(b"API\0" + framed(b"v%d" % version))
        assert client.recv(4096)
        for number, fields in ((71, b"2\x0010\0\0"), (61, b"1\0")):
            text = b"%d\0" % number
            client.sendall(framed((text if version < 201 else struct.pack("!I", number)) + fields))
        yield client


def framed(payload: bytes) -> bytes:
    return struct.pack("!I", len(payload)) + payload


def read(client: socket.socket) -> Iterator[bytes]:
    """The payloads that come, for as long as they are asked for."""
    frames = Frames()
    while data := client.recv(65536):
        yield from frames.feed(data)


def children_listening(port: int) -> list[psutil.Process]:
    """The processes started here that listen on a port."""
    return [
        child
        for child in psutil.Process(os.getpid()).children(recursive=True)
        if any(each.laddr.port == port and not each.raddr for each in child.net_connections("tcp"))
    ]


@proves("flood-of-notices=0.2", "flood-of-notices=0")
def test_flood_of_notices_ends_and_all_is_well_then(client: PlainClient, faults: str) -> None:
    said = to_positions(client)
    notices = said[: said.index("row")]
    assert said[len(notices) :] == [*ROWS, "positionEnd"]
    assert set(notices) == (set() if faults.endswith("=0") else {"-1: 2104", "-1: 2106"})
    texts = [text for _, _, text in client.all("error")]
    assert len(texts) == len(set(texts))


@proves("flood-of-rows=50")
def test_flood_of_rows_may_end(client: PlainClient) -> None:
    client.hear("nextValidId")
    client.ask("reqPositions")
    client.hear("positionEnd")
    assert spoken(client)[-51:] == [*["row"] * 50, "positionEnd"]
    assert len({contract for _, contract, _ in rows(client)}) == 50


@proves("flood-of-rows")
@pytest.mark.parametrize(
    ("version", "megabytes"),
    [pytest.param(200, 10, id="text"), pytest.param(226, 100, id="protobuf")],  # keeps contracts
)
def test_flood_of_rows_goes_on_until_its_client_leaves_and_is_kept_nowhere(
    faults: str, version: int, megabytes: int
) -> None:
    with FakeGateway(faults=[faults], server_version=version, process=True) as gateway:
        (child,) = children_listening(gateway.port)
        with asking(gateway.port, version) as client:
            payloads = read(client)
            first = list(islice(payloads, 5_000))
            before = child.memory_info().rss
            more = sum(1 for _ in islice(payloads, 60_000))
            assert child.memory_info().rss - before < megabytes * MEGABYTE
        gateway.wait_for("closed")
        assert len(gateway.events) < 50
        (streamed,) = [each for each in gateway.events if each["event"] == "streamed"]
    assert streamed["messages"] >= len(first) + more - 10  # notices of farms, say
    assert len(set(first)) == len(first)


def test_other_requests_are_answered_amid_a_flood_of_rows() -> None:
    with FakeGateway(faults=["flood-of-rows"], server_version=200) as gateway:
        with asking(gateway.port, 200) as client:
            client.sendall(framed(b"49\x001\0"))
            assert any(payload.startswith(b"49\0") for payload in read(client))
        gateway.wait_for("closed")
