"""How much has come over each TCP connection of a port, as the Linux kernel counts it.

It tells that, of any program's socket, to every user of the same network namespace who asks by
netlink, as `ss -ti` does; nothing is connected. The numbers and layouts are those of the kernel's
`linux/netlink.h`, `inet_diag.h` and `tcp.h`; see sock_diag(7).
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from ipaddress import ip_address

from golive.machine.sockets import NotObservable, Socket, plain_ip

Ends = tuple[str, int, str, int]
"""As `sockets.Socket.ends`."""
Ask = Callable[[bytes], Iterator[bytes]]
"""Gives the datagrams with which the kernel answers a request."""

SOCK_DIAG, BY_FAMILY = 4, 20
ERROR, DONE = 2, 3
REQUEST_DUMP = 0x301
INFO, V6_ONLY = 2, 11
LISTEN = 1 << 10
ALL_BUT_LISTEN = 0xFFF & ~LISTEN
FAMILIES = {2: 4, 10: 16}
"""Linux' AF_INET and AF_INET6, and how many bytes of an address are theirs."""

HEADER = struct.Struct("=IHHII")
"""nlmsghdr: length, type, flags, sequence, port id."""
REQUEST = struct.Struct("=BBBBI")
ID = struct.Struct(">HH16s16s12x")
"""inet_diag_sockid, in the network's order: the ports and the addresses."""
ROW = 4 + ID.size + 20
"""inet_diag_msg: family and three more bytes, the id, five numbers; attributes follow."""
ATTRIBUTE = struct.Struct("=HH")
RECEIVED, SENT = 128, 200
"""Where tcp_info has tcpi_bytes_received (since Linux 4.1), tcpi_bytes_sent and _retrans (4.19)."""

SPACE = 65_536
SECONDS = 2.0


def delivered(port: int, ask: Ask | None = None) -> dict[Ends, int]:
    """How many bytes who serves this port has sent to each client, seen from either end.

    Of a client's end it is what has arrived there, of the server's own what it has sent. One that
    has ended is not counted any more. Raises NotObservable: not on Linux, or refused.
    """
    ask = ask or kernel
    found: dict[Ends, int] = {}
    for family in FAMILIES:
        for is_client in (False, True):
            ports = (0, port) if is_client else (port, 0)
            request = REQUEST.pack(family, socket.IPPROTO_TCP, 1 << (INFO - 1), 0, ALL_BUT_LISTEN)
            for row in _rows(ask(request + ID.pack(*ports, b"", b""))):
                count = _received(_info(row)) if is_client else _sent(_info(row))
                if count is not None:
                    found[_ends(row)] = count
    return found


def over(each: Socket, counted: dict[Ends, int]) -> int:
    """Of one connection. Raises NotObservable where it is not counted."""
    try:
        return counted[each.ends]
    except KeyError:
        raise NotObservable("the connection has ended, or its bytes are not counted") from None


def is_v6_only(port: int, ask: Ask | None = None) -> bool:
    """Whether each who listens on `::` at this port takes no IPv4. Raises NotObservable."""
    request = REQUEST.pack(10, socket.IPPROTO_TCP, 0, 0, LISTEN) + ID.pack(port, 0, b"", b"")
    rows = [row for row in _rows((ask or kernel)(request)) if _ends(row)[:2] == ("::", port)]
    return bool(rows) and all(_attribute(row, V6_ONLY) == b"\1" for row in rows)


def kernel(request: bytes) -> Iterator[bytes]:
    """Asks this machine's. Raises NotObservable."""
    if sys.platform != "linux":
        raise NotObservable(f"{sys.platform} does not tell how much came over a connection")
    message = HEADER.pack(HEADER.size + len(request), BY_FAMILY, REQUEST_DUMP, 1, 0) + request
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG) as netlink:
            netlink.settimeout(SECONDS)
            netlink.sendto(message, (0, 0))
            while True:
                yield netlink.recv(SPACE)
    except OSError as error:
        raise _refused(error.strerror or str(error)) from None


def _refused(why: str) -> NotObservable:
    return NotObservable(f"the kernel does not tell how much came over a connection: {why}")


def _rows(answer: Iterator[bytes]) -> Iterator[bytes]:
    """The payload of each message until the last. Raises NotObservable."""
    for datagram in answer:
        while datagram:
            length, kind = _lengths(HEADER, datagram)
            payload, datagram = datagram[HEADER.size : length], datagram[_aligned(length) :]
            if kind == DONE:
                return
            if kind == ERROR:
                raise _refused(
                    os.strerror(-int.from_bytes(payload[:4], sys.byteorder, signed=True))
                )
            if kind != BY_FAMILY or len(payload) < ROW:
                raise _refused("its answer is not understood")
            yield payload
    raise _refused("its answer has no end")


def _lengths(form: struct.Struct, data: bytes) -> tuple[int, int]:
    """How long a part is that begins here, and what it is. Raises NotObservable."""
    if len(data) >= form.size:
        length, kind = form.unpack_from(data)[:2]
        if form.size <= length <= len(data):
            return length, kind
    raise _refused("its answer is cut off")


def _info(row: bytes) -> bytes:
    """Its tcp_info; nothing where the kernel keeps none of it any more, as in TIME_WAIT."""
    return _attribute(row, INFO)


def _attribute(row: bytes, wanted: int) -> bytes:
    rest = row[ROW:]
    while rest:
        length, kind = _lengths(ATTRIBUTE, rest)
        if kind == wanted:
            return rest[ATTRIBUTE.size : length]
        rest = rest[_aligned(length) :]
    return b""


def _received(info: bytes) -> int | None:
    return struct.unpack_from("=Q", info, RECEIVED)[0] if len(info) >= RECEIVED + 8 else None


def _sent(info: bytes) -> int | None:
    """Each byte once, though it was sent again."""
    if len(info) < SENT + 16:
        return None
    sent, again = struct.unpack_from("=QQ", info, SENT)
    return int(sent - again)


def _ends(row: bytes) -> Ends:
    local_port, remote_port, local, remote = ID.unpack_from(row, 4)
    size = FAMILIES.get(row[0], 16)
    return _ip(local[:size]), local_port, _ip(remote[:size]), remote_port


def _ip(address: bytes) -> str:
    return plain_ip(str(ip_address(address)))


def _aligned(length: int) -> int:
    return (length + 3) & ~3
