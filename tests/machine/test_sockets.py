"""Zombies are read from the socket table, exactly; nothing is ever connected to find out."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from golive.machine import sockets
from golive.machine.gateway import Gateway
from golive.machine.sockets import NotObservable, Port, Socket, SocketTable, TableRefused
from tests.support import recorded
from tests.support.projects import Project


def table(*more: Socket) -> SocketTable:
    return SocketTable(read=lambda: [*recorded.WINDOWS, *more])


@contextmanager
def half_closed(host: str, family: int, dual: bool = False) -> Iterator[tuple[int, int]]:
    """A real connection whose client has closed its side; gives both ports."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dual else 1)
        listener.bind(("::" if dual else host, 0))
        listener.listen()
        port = listener.getsockname()[1]
        client = stack.enter_context(socket.create_connection((host, port), timeout=60))
        accepted = stack.enter_context(listener.accept()[0])
        client.shutdown(socket.SHUT_WR)
        assert accepted.recv(1) == b""
        yield port, client.getsockname()[1]


def test_gateways_upstream_link_and_lookalike_ports_are_no_zombies() -> None:
    port = table().on(4001)
    assert port.close_wait == []
    assert [each.local_ip for each in port.listeners] == ["0.0.0.0", "::"]


@pytest.mark.parametrize(
    "zombie",
    [recorded.ZOMBIE, recorded.LEAK, recorded.LEAK_IPV6, recorded.LEAK_BY_OWN_ADDRESS],
)
def test_zombie_of_either_side_is_found_and_named_by_pid(zombie: Socket) -> None:
    assert table(zombie).on(4001).close_wait == [zombie]


def test_client_is_named_by_its_own_end_and_a_far_one_by_the_gateways() -> None:
    here = Socket("ESTABLISHED", "127.0.0.1", 51910, "127.0.0.1", 4001, recorded.CLIENT)
    its_other_end = Socket("ESTABLISHED", "127.0.0.1", 4001, "127.0.0.1", 51910, recorded.GATEWAY)
    far = Socket("ESTABLISHED", "192.168.1.20", 4001, "192.168.1.77", 50123, recorded.GATEWAY)
    hanging = Socket("SYN_SENT", "127.0.0.1", 51911, "127.0.0.1", 4001, recorded.CLIENT)
    assert table(here, its_other_end, far, hanging).on(4001).clients == [here, far, hanging]


def test_gateway_itself_and_its_upstream_link_are_no_clients() -> None:
    upstream = Socket("ESTABLISHED", "192.168.1.20", 52013, "208.245.107.3", 4001, recorded.GATEWAY)
    itself = Socket("ESTABLISHED", "127.0.0.1", 51912, "127.0.0.1", 4001, recorded.GATEWAY)
    assert table(upstream, itself, recorded.ZOMBIE).on(4001).clients == []


@pytest.mark.parametrize(
    ("host", "family", "dual"),
    [
        ("127.0.0.1", socket.AF_INET, False),
        ("::1", socket.AF_INET6, False),
        ("127.0.0.1", socket.AF_INET6, True),  # the listener sees ::ffff:127.0.0.1
    ],
)
def test_kernels_own_close_wait_is_found(host: str, family: int, dual: bool) -> None:
    with half_closed(host, family, dual) as (port, client_port):
        (zombie,) = SocketTable(host).on(port).close_wait
        assert (zombie.local_port, zombie.remote_port) == (port, client_port)
        assert zombie.pid == os.getpid()
        assert zombie.local_ip == host
    assert SocketTable(host).on(port).close_wait == []


def test_client_that_does_not_close_its_side_is_a_zombie_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            listener.accept()[0].close()
            assert client.recv(1) == b""
            (zombie,) = SocketTable().on(port).close_wait
            assert (zombie.remote_port, zombie.pid) == (port, os.getpid())


def test_listener_of_another_address_does_not_serve_the_host() -> None:
    elsewhere = Socket("LISTEN", "192.168.1.20", 4002, "", 0, recorded.GATEWAY)
    assert table(elsewhere).on(4002).listeners == []


def test_refused_table_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise psutil.AccessDenied(pid=1)

    monkeypatch.setattr(sockets, "_table", refuse)
    with pytest.raises(TableRefused, match=r"run (with sudo|as administrator)"):
        SocketTable().on(4001)


def test_refused_table_is_no_go_with_nothing_connected(own_project: Project) -> None:
    own_project.edit(
        "golive/machine/sockets.py",
        "return _table()",
        "raise psutil.AccessDenied(1)",
    )
    run = own_project.rehearse("--fake")
    assert run.exit_code == 1
    assert run.having("not-observable") == ["environment.no-zombies"]
    assert run.having("failed") == []
    assert (
        "may not read the socket table" in run.steps["environment.no-zombies"]["observed"]["reason"]
    )
    assert run.connections == 0


def test_other_machines_table_is_not_observable() -> None:
    with pytest.raises(NotObservable):
        SocketTable("192.0.2.7").on(4001)


def test_remote_host_is_no_go_with_nothing_connected(
    project: Project, tmp_path: Path, secrets: object
) -> None:
    path = secrets(4001, host="192.0.2.7")  # type: ignore[operator]
    run = project.rehearse("--secrets", str(path))
    assert run.exit_code == 1
    assert run.having("not-observable") == ["environment.no-zombies"]
    assert run.having("failed") == []
    assert run.evidence["diagnosis"]["code"] == "not-observable"
    assert run.evidence["attempts"] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone shows the accept queue")
def test_accept_queue_counts_who_waits_without_connecting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert sockets.accept_queue(port) == 0
        with socket.create_connection(("127.0.0.1", port), timeout=60):
            assert sockets.accept_queue(port) == 1
        listener.accept()[0].close()
        assert sockets.accept_queue(port) == 0


def test_accept_queue_is_not_observable_without_a_proc_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "_proc_tables", list)
    with pytest.raises(NotObservable):
        sockets.accept_queue(4001)


def test_hidden_accept_queue_is_listed_and_no_obstacle(own_project: Project) -> None:
    own_project.edit("golive/machine/sockets.py", "return proc_net.tables()", "return []")
    run = own_project.rehearse("--fake")
    assert run.exit_code == 0, run.output
    assert run.having("not-observable") == ["gateway.accept-queue"]
    assert "  not observed: gateway accept queue is empty (" in run.output


def test_name_that_looks_like_an_address_is_not_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolved = {"127.gateway.invalid": ["192.0.2.7"], "two.invalid": ["127.0.0.1", "192.0.2.7"]}

    def resolve(host: str, *arguments: object, **more: object) -> list[Any]:
        return [(0, 0, 0, "", (ip, 0)) for ip in resolved[host]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for name in resolved:
        with pytest.raises(NotObservable):
            SocketTable(name).on(4001)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_addresses_are_compared_in_their_plain_form(text: str, plain: str) -> None:
    assert sockets.plain_ip(text) == plain


def seen(*sockets: Socket) -> Port:
    return Port(4001, ("127.0.0.1",), (Socket("LISTEN", "0.0.0.0", 4001, "", 0, 812), *sockets))


TAKEN = Socket("ESTABLISHED", "127.0.0.1", 4001, "127.0.0.1", 51000, 813)
"""By a child of the listener, as socat has one for each connection."""


@pytest.mark.parametrize(
    ("socket", "is_forwarding"),
    [
        (Socket("ESTABLISHED", "127.0.0.1", 51001, "127.0.0.1", 5001, 813), True),
        (Socket("SYN_SENT", "172.18.0.1", 51001, "172.18.0.2", 4003, 812), True),
        (Socket("ESTABLISHED", "192.168.1.20", 51001, "208.245.107.3", 4001, 812), False),
        (Socket("ESTABLISHED", "127.0.0.1", 51001, "127.0.0.1", 5001, 999), False),
        (Socket("ESTABLISHED", "127.0.0.1", 51001, "127.0.0.1", 5001, None), False),
    ],
)
def test_who_dials_a_neighbour_for_a_client_is_a_forwarder(
    socket: Socket, is_forwarding: bool
) -> None:
    assert bool(seen(TAKEN, socket).dialled_since(seen())) is is_forwarding
    assert seen(TAKEN, socket).dialled_since(seen(socket)) == []


def test_pair_that_a_process_connects_to_itself_is_no_dialling() -> None:
    pair = (
        Socket("ESTABLISHED", "127.0.0.1", 51001, "127.0.0.1", 51002, 813),
        Socket("ESTABLISHED", "127.0.0.1", 51002, "127.0.0.1", 51001, 813),
    )
    assert seen(TAKEN, *pair).dialled_since(seen()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone shows owner and number")
def test_rows_are_those_that_psutil_reads_with_owner_and_number_besides() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=60):
            ours = [each for each in SocketTable().on(port).sockets if each.pid == os.getpid()]
            theirs = psutil.Process().net_connections(kind="tcp")
    found = {(each.state, each.local_port, each.remote_port) for each in ours}
    assert found == {(each.status, each.laddr[1], (each.raddr or (0, 0))[1]) for each in theirs}
    assert {each.uid for each in ours} == {Path("/proc/self").stat().st_uid}
    assert len({each.inode for each in ours}) == len(ours) >= 2


def listening(ip: str) -> Socket:
    return Socket("LISTEN", ip, 4001, "", 0, 812)


@pytest.mark.parametrize(
    ("hosts", "listeners", "address", "elsewhere"),
    [
        (("127.0.0.1", "::1"), ["127.0.0.1"], "127.0.0.1", []),
        (("127.0.0.1", "::1"), ["::1"], "::1", []),
        (("127.0.0.1", "::1"), ["0.0.0.0"], "127.0.0.1", []),
        (("127.0.0.1", "::1"), ["::"], "127.0.0.1", []),
        (("127.0.0.2",), ["127.0.0.1"], None, ["127.0.0.1"]),
        (("192.0.2.7",), ["127.0.0.1", "::1"], None, ["127.0.0.1", "::1"]),
        (("::1",), ["0.0.0.0"], None, ["0.0.0.0"]),
        (("0.0.0.0",), ["127.0.0.1"], None, ["127.0.0.1"]),
        (("0.0.0.0",), ["0.0.0.0"], "127.0.0.1", []),
        (("127.0.0.1",), [], None, []),
    ],
)
def test_address_to_connect_to_is_one_that_is_listened_at(
    hosts: tuple[str, ...], listeners: list[str], address: str | None, elsewhere: list[str]
) -> None:
    port = Port(4001, hosts, tuple(map(listening, listeners)))
    assert (port.address, [each.local_ip for each in port.elsewhere]) == (address, elsewhere)


def test_of_several_listeners_the_one_of_the_very_address_takes_the_connection() -> None:
    everywhere, exact = listening("0.0.0.0"), listening("127.0.0.1")
    port = Port(4001, ("127.0.0.1",), (everywhere, exact))
    assert (port.listeners, port.serving) == ([everywhere, exact], [exact])


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells it")
@pytest.mark.parametrize("dual", [True, False])
def test_listener_of_ipv6_alone_is_not_connected_to_over_ipv4(dual: bool) -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=dual) as listener:
        number = listener.getsockname()[1]
        port = Gateway(number, SocketTable("127.0.0.1")).port
        assert port.address == ("127.0.0.1" if dual else None)
        assert len(port.elsewhere) == (0 if dual else 1)
        assert Gateway(number, SocketTable("::1")).address() == "::1"


HIDDEN = Socket("LISTEN", "0.0.0.0", 4001, "", 0, None, uid=0, inode=1)
HIDDEN_TAKEN = Socket("ESTABLISHED", "127.0.0.1", 4001, "127.0.0.1", 51000, None, uid=0, inode=2)


@pytest.mark.parametrize(("uid", "is_forwarding"), [(0, True), (1000, False), (None, False)])
def test_who_dials_for_a_hidden_listener_is_told_by_its_user(
    uid: int | None, is_forwarding: bool
) -> None:
    before = Port(4001, ("127.0.0.1",), (HIDDEN,))
    ends = ("172.18.0.1", 51001, "172.18.0.2", 4003)
    dialled = Socket("ESTABLISHED", *ends, None, uid=uid, inode=3)
    now = Port(4001, ("127.0.0.1",), (HIDDEN, HIDDEN_TAKEN, dialled))
    assert bool(now.dialled_since(before)) is is_forwarding
