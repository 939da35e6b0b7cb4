"""How much came over a connection is read from the kernel, or is not observable; never guessed."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest

from golive.machine import sock_diag, tcp_info
from golive.machine.sockets import NotObservable, Socket
from tests.support import recorded_netlink

HOST = "127.0.0.1"
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells it")


def recorded(request: bytes) -> Iterator[bytes]:
    yield from recorded_netlink.answer(request)


def bytes_of_clients(found: dict[tcp_info.Ends, int]) -> list[tuple[str, int]]:
    return sorted((ends[0], count) for ends, count in found.items() if ends[3] == 4001)


def test_each_connection_is_counted_from_both_of_its_ends_alike() -> None:
    found = tcp_info.delivered(4001, recorded)
    assert bytes_of_clients(found) == [(HOST, 0), (HOST, 0), (HOST, 2756), ("::1", 276)]
    for (local, port, remote, remote_port), count in found.items():
        assert found[remote, remote_port, local, port] == count


def test_one_that_has_ended_is_not_counted() -> None:
    gone = Socket("TIME_WAIT", HOST, 50000, HOST, 4001, None)
    with pytest.raises(NotObservable, match="has ended"):
        tcp_info.over(gone, tcp_info.delivered(4001, recorded))


@linux
@pytest.mark.parametrize(
    ("listens", "client", "family"),
    [
        (HOST, HOST, socket.AF_INET),
        ("::1", "::1", socket.AF_INET6),
        ("::", HOST, socket.AF_INET),  # the server's end is ::ffff:127.0.0.1
        ("::", "::ffff:127.0.0.1", socket.AF_INET6),  # the client's too
    ],
)
def test_kernels_own_counts_are_found(
    listens: str, client: str, family: socket.AddressFamily
) -> None:
    kind = socket.AF_INET6 if ":" in listens else socket.AF_INET
    dual = listens == "::"
    with (
        socket.create_server((listens, 0), family=kind, dualstack_ipv6=dual) as listener,
        socket.socket(family) as ours,
    ):
        ours.settimeout(5)
        ours.connect((client, port := listener.getsockname()[1]))
        with listener.accept()[0] as gateways:
            assert set(tcp_info.delivered(port).values()) == {0}
            ours.sendall(b"hello")
            gateways.sendall(b"x" * 1000)
            ours.recv(1000, socket.MSG_WAITALL)
            found = tcp_info.delivered(port)
            assert sorted(found.values()) == [1000, 1000]
            assert {ends[0] for ends in found} == {"::1" if client == "::1" else HOST}


@linux
def test_port_of_nobody_has_no_connections() -> None:
    with socket.create_server((HOST, 0)) as listener:
        assert tcp_info.delivered(listener.getsockname()[1]) == {}


# an answer that is none


def refusal(ask: sock_diag.Ask | None = None) -> str:
    with pytest.raises(NotObservable) as refused:
        tcp_info.delivered(4001, ask)
    return str(refused.value)


def test_other_platforms_do_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert refusal() == "win32 does not report how many bytes a connection received"


@linux
@pytest.mark.parametrize("error", [PermissionError(1, "not permitted"), TimeoutError("timed out")])
def test_kernel_that_refuses_or_keeps_silent_is_told(
    error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a sandbox: some know no such socket, some do not answer."""

    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(socket, "socket", refuse)
    why = error.strerror or str(error)
    assert refusal() == f"the kernel does not report how many bytes a connection received: {why}"


def test_kernel_without_the_module_for_it_says_so() -> None:
    error = (-2).to_bytes(4, sys.byteorder, signed=True)
    answer = sock_diag.HEADER.pack(20, sock_diag.ERROR, 0, 1, 0) + error
    assert refusal(lambda request: iter([answer])).endswith(": No such file or directory")


@pytest.mark.parametrize("request_", recorded_netlink.ANSWERS)
def test_answer_that_is_cut_anywhere_is_not_believed(request_: str) -> None:
    whole, *_ = recorded_netlink.answer(bytes.fromhex(request_))
    for end in range(len(whole)):
        told = refusal(lambda _, answer=whole[:end]: iter([answer]))  # type: ignore[misc]
        assert "its answer" in told


def test_answer_of_another_kind_is_not_believed() -> None:
    answer = sock_diag.HEADER.pack(16, 99, 0, 1, 0)
    assert refusal(lambda request: iter([answer])).endswith("its answer cannot be understood")


def test_older_kernel_that_counts_less_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_info, "RECEIVED", 4096)
    monkeypatch.setattr(tcp_info, "SENT", 4096)
    assert tcp_info.delivered(4001, recorded) == {}
