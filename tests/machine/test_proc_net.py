"""Two readings of Linux's socket table, which must tell the same."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from golive.machine import proc_net, sock_diag
from golive.machine.proc_net import Row
from tests.support.fakes import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="of Linux")


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server on `::`, with clients over IPv4 and IPv6, of which two have closed."""
    with ExitStack() as stack:
        both = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        server = stack.enter_context(both)
        number = int(server.getsockname()[1])
        for host in ("127.0.0.1", "::1"):
            client = stack.enter_context(socket.create_connection((host, number)))
            accepted = stack.enter_context(server.accept()[0])
            client.sendall(b"asked")
            assert accepted.recv(5) == b"asked"
        client.shutdown(socket.SHUT_WR)
        assert accepted.recv(1) == b""  # CLOSE_WAIT on the server's side
        stack.enter_context(socket.create_connection(("::1", number)))  # waits to be accepted
        wait_until(lambda: "FIN_WAIT2" in {each.state for each in of(proc_net.written(), number)})
        yield number


def of(rows: list[Row], port: int) -> set[Row]:
    return {each for each in rows if port in (each.local[1], each.remote[1])}


def test_both_readings_of_the_table_tell_the_same(port: int) -> None:
    answered, written = of(proc_net.answered(), port), of(proc_net.written(), port)
    assert answered == written
    states = {each.state for each in answered}
    assert states == {"LISTEN", "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT2"}
    assert all(each.inode for each in answered if each.state == "LISTEN")


@pytest.mark.parametrize("why", ["its answer is cut off", "Operation not permitted"])
def test_kernel_that_does_not_answer_has_the_table_read(
    why: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = of(proc_net.rows(), port)

    def refuses(request: bytes) -> Iterator[bytes]:
        raise sock_diag.Refused(why)

    monkeypatch.setattr(sock_diag, "kernel", refuses)
    assert of(proc_net.rows(), port) == before
