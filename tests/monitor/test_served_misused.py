"""Who misuses the Monitor's HTTP server pays alone: everybody else is answered, the owner works."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from golive.mcp.server import http_app
from golive.monitor.served import connections
from golive.monitor.served.connections import LARGEST_HEAD, MOST
from golive.monitor.served.server import Server
from golive.settings import secrets_json
from tests.monitor.test_served import asked
from tests.support.fakes import wait_until
from tests.support.projects import write_secrets
from tests.support.states import Standing, Telling, state

GET = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(Telling(state()), "127.0.0.1", 0, Standing())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def clients(server: Server) -> Iterator[list[socket.socket]]:
    """Three times as many connections as there may be."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
            for _ in range(3 * MOST)
        ]


def is_ended(client: socket.socket) -> bool:
    """Whether the server has ended the connection; what it said before is read."""
    client.settimeout(60)
    try:
        while client.recv(65_536):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


def held(server: Server) -> int:
    return len(server._server.server_state.connections)


def test_idle_connections_make_room_for_who_asks(
    server: Server, clients: list[socket.socket]
) -> None:
    assert [asked(server, "/readyz")[0] for _ in range(5)] == [200] * 5
    assert held(server) <= MOST
    assert is_ended(clients[0])


def test_who_asks_without_end_and_reads_nothing_keeps_nobody_from_an_answer(
    server: Server, clients: list[socket.socket]
) -> None:
    for client in clients[-16:]:
        client.setblocking(False)
        try:
            while client.send(GET * 100):
                pass
        except OSError:
            pass  # it takes no more, or has ended us
    assert [asked(server, "/readyz")[0] for _ in range(5)] == [200] * 5
    assert held(server) <= MOST


def test_server_ends_at_once_whoever_is_still_there(
    server: Server, clients: list[socket.socket]
) -> None:
    clients[-1].sendall(b"GET /readyz HTTP/1.1\r\n")
    server.stop()
    assert not server._thread.is_alive()
    assert is_ended(clients[-1])


def test_request_that_never_ends_is_ended(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.2)

    def drip(client: socket.socket) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            client.sendall(b"G")
            time.sleep(0.01)

    client = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    with client, pytest.raises(ConnectionError):
        drip(client)


HALF = (
    b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Accept: application/json, text/event-stream\r\n%s\r\n"
)


@pytest.fixture
def with_mcp(tmp_path: Path) -> Iterator[Server]:
    """One that serves MCP as well, whose bodies are read."""
    file = secrets_json.read(write_secrets(tmp_path / "secrets.json", port=4001))
    source = Telling(state())
    server = Server(source, "127.0.0.1", 0, Standing(), beside=http_app(source, file))
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("path", [b"/mcp", b"/readyz", b"/nowhere"])
@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Length: 1000\r\n", b'{"jsonrpc": '),
        (b"Content-Length: 1000\r\n", b""),
        (b"Transfer-Encoding: chunked\r\n", b'c\r\n{"jsonrpc": \r\n'),
        (b"Content-Length: 1000\r\nExpect: 100-continue\r\n", b""),
    ],
    ids=["half", "none", "chunked", "expecting"],
)
def test_request_whose_body_never_comes_is_ended(
    head: bytes, body: bytes, path: bytes, with_mcp: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.2)
    with socket.create_connection(("127.0.0.1", with_mcp.port), timeout=60) as client:
        client.sendall(HALF % (path, head) + body)
        assert is_ended(client)
    assert asked(with_mcp, "/readyz")[0] == 200


def test_body_that_comes_a_byte_at_a_time_is_ended(
    with_mcp: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.2)

    def drip(client: socket.socket) -> None:
        client.sendall(HALF % (b"/mcp", b"Content-Length: 60000\r\n"))
        until = time.monotonic() + 60
        while time.monotonic() < until:
            client.sendall(b" ")
            time.sleep(0.01)

    client = socket.create_connection(("127.0.0.1", with_mcp.port), timeout=60)
    with client, pytest.raises(ConnectionError):
        drip(client)


def test_half_sent_bodies_make_room_for_who_asks(with_mcp: Server) -> None:
    with ExitStack() as stack:
        for _ in range(2 * MOST):
            client = stack.enter_context(
                socket.create_connection(("127.0.0.1", with_mcp.port), timeout=60)
            )
            client.sendall(HALF % (b"/mcp", b"Content-Length: 1000\r\n"))
        assert [asked(with_mcp, "/readyz")[0] for _ in range(5)] == [200] * 5
        assert held(with_mcp) <= MOST


def test_answer_that_nobody_takes_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.2)
    monkeypatch.setattr(connections, "ANSWER_PATIENCE", 0.5)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.setblocking(False)
        with suppress(OSError):  # it takes no more, or has ended us
            while client.send(GET * 100):
                pass
        wait_until(lambda: held(server) == 0)


def test_answer_that_takes_its_time_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that asks the gateway may be slower than a request may take to come."""
    monkeypatch.setattr(connections, "PATIENCE", 0.2)
    may_go_on = threading.Event()

    async def slow(_: Request) -> Response:
        await asyncio.to_thread(may_go_on.wait, 20)
        return Response("done")

    beside = Starlette(routes=[Route("/slow", slow, methods=["POST"])])
    server = Server(Telling(state()), "127.0.0.1", 0, Standing(), beside=beside)
    server.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
            client.sendall(HALF % (b"/slow", b"Content-Length: 2\r\nConnection: close\r\n") + b"{}")
            client.settimeout(0.6)
            with pytest.raises(TimeoutError):
                client.recv(1)
            may_go_on.set()
            client.settimeout(5)
            with client.makefile("rb") as answer:
                assert answer.read().endswith(b"done")  # up to the end, however it is cut
    finally:
        server.stop()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * (LARGEST_HEAD + 65_536),
        b"GET /" + b"a" * (LARGEST_HEAD + 65_536),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\n\r\n",
        b"\r\n" * 100_000,
    ],
    ids=["huge header", "huge path", "TLS", "negative length", "no host", "empty lines"],
)
def test_nonsense_ends_its_own_connection_and_says_nothing_on_the_terminal(
    sent: bytes, server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        with suppress(ConnectionError):
            client.sendall(sent)
        assert is_ended(client)
    assert asked(server, "/readyz")[0] == 200
    assert capfd.readouterr() == ("", "")


def test_owner_of_the_connection_is_not_kept_waiting(server: Server) -> None:
    """It has its turns while requests are there that nobody has read the answers to."""
    over, turns = threading.Event(), [0]

    def own() -> None:
        while not over.wait(0.01):
            turns[0] += 1

    owner = threading.Thread(target=own)
    owner.start()
    for _ in range(3):
        with ExitStack() as stack:
            for _ in range(MOST):
                client = stack.enter_context(
                    socket.create_connection(("127.0.0.1", server.port), timeout=60)
                )
                client.sendall(GET * 3)
            before = turns[0]
            wait_until(lambda before=before: turns[0] > before + 3)  # type: ignore[misc]
    over.set()
    owner.join(60)
    wait_until(lambda: held(server) == 0)
