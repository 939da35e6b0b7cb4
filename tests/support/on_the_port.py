"""What the socket table shows of a port of this process."""

from __future__ import annotations

import os

import psutil

from fake_ib_gateway import FakeGateway
from golive.machine.sockets import Socket, SocketTable
from tests.support.fakes import wait_until
from tests.support.steered import PlainClient


def zombies(port: int) -> list[Socket]:
    return SocketTable().on(port).close_wait


def wait_for_zombies(port: int, count: int) -> None:
    """They are the gateway's own."""
    wait_until(lambda: len(zombies(port)) == count)
    assert {(each.local_port, each.pid) for each in zombies(port)} == {(port, os.getpid())}


def own_sockets(port: int) -> list[Socket]:
    """The gateway's ends of its connections."""
    return [each for each in SocketTable().on(port).connections if each.local_port == port]


def established(port: int) -> set[int | None]:
    """The processes that have a connection of this port, on either side."""
    rows = SocketTable().on(port).connections
    return {each.pid for each in rows if each.state == psutil.CONN_ESTABLISHED}


def assert_holds_a_connection(client: PlainClient, gateway: FakeGateway) -> None:
    assert established(gateway.port) == {os.getpid(), client.pid}
