"""What the Linux kernel answers when it is asked for sockets by netlink, as `ss` asks it.

It answers every user, about the sockets of the same network namespace; nothing is connected. Where
/proc/net/tcp is written as text, this is a tenth of the work. The numbers and layouts are those of
the kernel's `linux/netlink.h` and `inet_diag.h`; see sock_diag(7).
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator

Ask = Callable[[bytes], Iterator[bytes]]
"""Gives the datagrams with which the kernel answers a request."""

SOCK_DIAG, BY_FAMILY = 4, 20
ERROR, DONE = 2, 3
REQUEST_DUMP = 0x301
FAMILIES = {2: 4, 10: 16}
"""Linux' AF_INET and AF_INET6, and how many bytes of an address are theirs."""
EVERY_STATE = 0xFFFFFFFF

HEADER = struct.Struct("=IHHII")
"""nlmsghdr: length, type, flags, sequence, port id."""
REQUEST = struct.Struct("=BBBBI")
ID = struct.Struct(">HH16s16s12x")
"""inet_diag_sockid, in the network's order: the ports and the addresses."""
NUMBERS = struct.Struct("=IIIII")
"""expires, rqueue, wqueue, uid, inode"""
ROW = 4 + ID.size + NUMBERS.size
"""inet_diag_msg: family, state and two more bytes, the id, the numbers; attributes follow."""

SPACE = 65_536
SECONDS = 2.0


class Refused(OSError):
    """The kernel does not answer, or not so that it is understood; its text is why."""


def request(
    family: int, states: int, local: int = 0, remote: int = 0, attributes: int = 0
) -> bytes:
    """For the TCP sockets in these states, as bits; of these ports, 0 being any."""
    head = REQUEST.pack(family, socket.IPPROTO_TCP, attributes, 0, states)
    return head + ID.pack(local, remote, b"", b"")


def kernel(request: bytes) -> Iterator[bytes]:
    """Asks this machine's, for the network in which this thread is. Raises Refused."""
    if sys.platform != "linux":
        raise Refused(f"{sys.platform} has no netlink")
    message = HEADER.pack(HEADER.size + len(request), BY_FAMILY, REQUEST_DUMP, 1, 0) + request
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG) as netlink:
            netlink.settimeout(SECONDS)
            netlink.sendto(message, (0, 0))
            while True:
                yield netlink.recv(SPACE)
    except OSError as error:
        raise Refused(error.strerror or str(error)) from None


def rows(answer: Iterator[bytes]) -> Iterator[bytes]:
    """The inet_diag_msg of each socket, until the last. Raises Refused."""
    for datagram in answer:
        while datagram:
            length, kind = lengths(HEADER, datagram)
            payload, datagram = datagram[HEADER.size : length], datagram[aligned(length) :]
            if kind == DONE:
                return
            if kind == ERROR:
                number = -int.from_bytes(payload[:4], sys.byteorder, signed=True)
                raise Refused(os.strerror(number))
            if kind != BY_FAMILY or len(payload) < ROW:
                raise Refused("its answer cannot be understood")
            yield payload
    raise Refused("its answer does not end")


def lengths(form: struct.Struct, data: bytes) -> tuple[int, int]:
    """How long a part is that begins here, and what it is. Raises Refused."""
    if len(data) >= form.size:
        length, kind = form.unpack_from(data)[:2]
        if form.size <= length <= len(data):
            return length, kind
    raise Refused("its answer is cut off")


def aligned(length: int) -> int:
    return (length + 3) & ~3


def ends(row: bytes) -> tuple[bytes, int, bytes, int]:
    """The local address, as the bytes of its family, and port; the remote ones."""
    local_port, remote_port, local, remote = ID.unpack_from(row, 4)
    size = FAMILIES.get(row[0], 16)
    return local[:size], local_port, remote[:size], remote_port


def owner(row: bytes) -> tuple[int, int]:
    """The user and the inode; of a socket that no process has, 0 and 0."""
    *_, uid, inode = NUMBERS.unpack_from(row, 4 + ID.size)
    return uid, inode
