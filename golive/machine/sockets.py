"""Who listens on a port, who is connected to it, and who is in CLOSE_WAIT: read, never tried.

A zombie is a CLOSE_WAIT socket of the gateway's port: the gateway's own (its local port is that
port), or that of a client which did not close its side (its remote end is the gateway's listener).
The gateway's upstream link to a remote host's port of the same number is neither, and port 40010
only looks like 4001 to `findstr`.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, TypeVar

import psutil

from golive.machine import proc_net

CLOSE_WAIT, LISTEN = "CLOSE_WAIT", "LISTEN"
CONNECTED = {"ESTABLISHED", "SYN_SENT"}

Answer = TypeVar("Answer")


class NotObservable(Exception):
    """This machine cannot show the fact that was asked for."""


class TableRefused(NotObservable):
    """The platform does not show its socket table to this user. Says what to do about it."""


def if_observable(look: Callable[[], Answer]) -> Answer | None:
    """What is seen; None where it cannot be."""
    try:
        return look()
    except NotObservable:
        return None


@dataclass(frozen=True, slots=True)
class Socket:
    """One row of the kernel's table. Addresses are plain IPv4 or IPv6 text, mapped ones unwrapped.

    `pid` is None where the kernel, or the user's rights, do not tell it. `uid` is its owner and
    `inode` its number, which Linux shows to everybody; None elsewhere, and of what nobody has open.
    """

    state: str
    local_ip: str
    local_port: int
    remote_ip: str
    remote_port: int
    pid: int | None
    uid: int | None = field(default=None, compare=False)
    inode: int | None = field(default=None, compare=False)

    @property
    def ends(self) -> tuple[str, int, str, int]:
        return self.local_ip, self.local_port, self.remote_ip, self.remote_port


@dataclass(frozen=True)
class Port:
    """One port of this machine at one moment."""

    number: int
    host_ips: tuple[str, ...]
    sockets: tuple[Socket, ...]
    v6_only: bool = False
    """Whether who listens on `::` takes no connections over IPv4."""

    @cached_property
    def listeners(self) -> list[Socket]:
        """Who accepts connections to it at an address of the configured host."""
        return [each for each in self._listening if any(self._serves(each, self.host_ips))]

    @cached_property
    def elsewhere(self) -> list[Socket]:
        """Who accepts connections to it, but at no address of the configured host."""
        return [each for each in self._listening if each not in self.listeners]

    @cached_property
    def address(self) -> str | None:
        """The first address of the configured host at which somebody listens; None: at none.

        Of a host that stands for every address it is the loopback one.
        """
        served = {ip for each in self.listeners for ip in self._serves(each, self.host_ips)}
        first = next((ip for ip in self.host_ips if ip in served), None)
        return _LOOPBACK.get(first, first) if first else None

    @cached_property
    def serving(self) -> list[Socket]:
        """Who of the listeners takes what is connected to that address: the one of it, if any."""
        exact = [each for each in self.listeners if each.local_ip == self.address]
        there = (self.address,) if self.address else ()
        return exact or [each for each in self.listeners if any(self._serves(each, there))]

    @cached_property
    def _listening(self) -> list[Socket]:
        return [
            each for each in self.sockets if each.state == LISTEN and each.local_port == self.number
        ]

    def _serves(self, listener: Socket, ips: Iterable[str]) -> Iterator[str]:
        """The addresses among these at which it takes connections."""
        for ip in ips:
            is_same_family = (":" in ip) == (":" in listener.local_ip)
            takes_both = listener.local_ip == "::" and not self.v6_only
            is_any = _is_any(listener.local_ip) and (is_same_family or takes_both)
            if is_any or listener.local_ip == ip:
                yield ip

    @cached_property
    def close_wait(self) -> list[Socket]:
        """The zombies, on either side."""
        return [each for each in self.sockets if each.state == CLOSE_WAIT and self._is_ours(each)]

    @cached_property
    def connections(self) -> list[Socket]:
        """Everything on the port but its listeners, in whatever state."""
        return [each for each in self.sockets if each.state != LISTEN and self._is_ours(each)]

    @cached_property
    def clients(self) -> list[Socket]:
        """Who is connected: the client's end where it is on this machine, else the gateway's.

        What the gateway's own process has dialled is no client.
        """
        gateways = {each.pid for each in self.listeners if each.pid}
        return [
            each
            for each in self.connections
            if each.state in CONNECTED
            and (
                not self._is_here(each)
                or (each.remote_port == self.number and each.pid not in gateways)
            )
        ]

    def dialled_since(self, before: Port) -> list[Socket]:
        """Connections that whoever serves this port has made since, to this machine or next to it.

        A gateway's way to IBKR leads further; what a process connects to itself is its own affair.
        Where the process that serves is not told, what its user has dialled meanwhile counts.
        """
        earlier = {each.ends for each in before.sockets}
        new = [each for each in self.sockets if each.ends not in earlier]
        serving = [each for each in (*self.listeners, *new) if each.local_port == self.number]
        pids = {each.pid for each in serving if each.pid}
        users = {each.uid for each in serving if not each.pid} - {None}
        own = {(each.local_ip, each.local_port) for each in self.sockets if each.pid in pids}
        taking = {each.local_port for each in self.sockets if each.state == LISTEN}
        return [
            each
            for each in new
            if (each.pid in pids if each.pid else each.uid in users)
            and each.local_port not in taking
            and each.remote_port != 0
            and (each.remote_ip, each.remote_port) not in own
            and (self._is_here(each) or _is_private(each.remote_ip))
        ]

    def _is_ours(self, each: Socket) -> bool:
        if each.local_port == self.number:
            return True
        return each.remote_port == self.number and self._is_here(each)

    def _is_here(self, each: Socket) -> bool:
        """Whether the remote end is on this machine: loopback, the host, or our own address."""
        ip = each.remote_ip
        return ip in self.host_ips or ip == each.local_ip or _is_loopback(ip)


def zombies(port: Port | None) -> int:
    """How many are seen; none where nothing can be."""
    return len(port.close_wait) if port else 0


class SocketTable:
    """The kernel's socket table. `sockets.on(4001).close_wait == []`

    `read` gives the rows; it is the kernel's own unless another is handed in.
    """

    def __init__(
        self, host: str = "127.0.0.1", read: Callable[[], Iterable[Socket]] | None = None
    ) -> None:
        self._host_ips = addresses(host)
        self._read = read or kernel_sockets

    def on(self, port: int) -> Port:
        """The port now. Raises NotObservable: refused, or the host is another machine."""
        if not are_here(self._host_ips):
            raise NotObservable(
                "Host is another machine: its socket table cannot be read from here"
            )
        return Port(port, self._host_ips, tuple(self._read()))


def kernel_sockets() -> list[Socket]:
    """Every TCP socket of this machine. Raises TableRefused."""
    try:
        return _table()
    except (psutil.AccessDenied, OSError) as error:
        how = "as administrator" if sys.platform == "win32" else "with sudo"
        raise TableRefused(
            f"this user may not read the socket table ({type(error).__name__}): run {how}"
        ) from None


def _table() -> list[Socket]:
    if sys.platform == "linux":
        rows = proc_net.rows()  # before the pids: who has a socket now has had it then
        pids = proc_net.owners()
        return [
            Socket(
                row.state,
                *_plain(row.local),
                *_plain(row.remote),
                pid=None if row.inode is None else pids.get(row.inode),
                uid=row.uid,
                inode=row.inode,
            )
            for row in rows
        ]
    return [
        Socket(row.status, *_end(row.laddr), *_end(row.raddr), pid=row.pid or None)
        for row in psutil.net_connections(kind="tcp")
    ]


def accept_queue(port: int) -> int:
    """Connections waiting to be accepted. Raises NotObservable where the platform hides it.

    Linux shows it as the receive queue of a listening socket, in /proc/net/tcp and tcp6.
    """
    waiting = [_queues(text, port) for text in _proc_tables()]
    if not waiting:
        raise NotObservable(f"{sys.platform} does not show a listener's accept queue")
    return sum(map(sum, waiting))


def _proc_tables() -> list[str]:
    try:
        return proc_net.tables()
    except OSError:
        return []


def _queues(table: str, port: int) -> list[int]:
    """The receive queues of the listening rows of a port."""
    rows = (line.split() for line in table.splitlines()[1:])
    return [
        int(row[4].partition(":")[2], 16)
        for row in rows
        if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port
    ]


def addresses(host: str) -> tuple[str, ...]:
    """The plain addresses of a host, IPv4 first; none where the name cannot be resolved."""
    if _is_ip(host):
        return (plain_ip(host),)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    plain = {plain_ip(str(entry[4][0])) for entry in found}
    return tuple(sorted(plain, key=lambda ip: (":" in ip, ip)))


def are_here(ips: Sequence[str]) -> bool:
    """Whether these addresses of a host are all of this machine; of none it is not known."""
    return bool(ips) and all(map(_is_of_this_machine, ips))


def _is_of_this_machine(ip: str) -> bool:
    if _is_loopback(ip) or _is_any(ip):
        return True
    interfaces = psutil.net_if_addrs().values()
    return any(plain_ip(each.address) == ip for interface in interfaces for each in interface)


@lru_cache(maxsize=4096)
def plain_ip(text: str) -> str:
    """Without scope (`fe80::1%eth0`); IPv4 where it is mapped into IPv6 (`::ffff:127.0.0.1`)."""
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text
    mapped = getattr(ip, "ipv4_mapped", None)
    return str(mapped or ip)


def _end(address: Any) -> tuple[str, int]:
    return (plain_ip(address.ip), address.port) if address else ("", 0)


def _plain(end: tuple[str, int]) -> tuple[str, int]:
    """None is written as the address and port 0; psutil has nothing there."""
    ip, port = end
    return (plain_ip(ip), port) if port else ("", 0)


_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where to connect for an address that stands for all of this machine's."""


def _is_any(ip: str) -> bool:
    return ip in _LOOPBACK


def _is_loopback(ip: str) -> bool:
    return _is_ip(ip) and ipaddress.ip_address(ip).is_loopback


def _is_private(ip: str) -> bool:
    return _is_ip(ip) and ipaddress.ip_address(ip).is_private


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def rows(sockets: Iterable[Socket]) -> list[dict[str, Any]]:
    """As plain data, for the evidence."""
    return [{name: getattr(each, name) for name in _SHOWN} for each in sockets]


_SHOWN = ("state", "local_ip", "local_port", "remote_ip", "remote_port", "pid")
