"""How much has come over each TCP connection of a port, as the Linux kernel counts it.

It tells that, of any program's socket, to every user of the same network namespace who asks by
netlink, as `ss -ti` does; nothing is connected. The numbers and layouts are those of the kernel's
`linux/netlink.h`, `inet_diag.h` and `tcp.h`; see sock_diag(7).
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from ipaddress import ip_address

from golive.machine import sock_diag
from golive.machine.sock_diag import FAMILIES, ROW, Ask, aligned, lengths, request
from golive.machine.sockets import NotObservable, Socket, plain_ip

Ends = tuple[str, int, str, int]
"""As `sockets.Socket.ends`."""

INFO, V6_ONLY = 2, 11
LISTEN = 1 << 10
ALL_BUT_LISTEN = 0xFFF & ~LISTEN
ATTRIBUTE = struct.Struct("=HH")
RECEIVED, SENT = 128, 200
"""Where tcp_info has tcpi_bytes_received (since Linux 4.1), tcpi_bytes_sent and _retrans (4.19)."""


def delivered(port: int, ask: Ask | None = None) -> dict[Ends, int]:
    """How many bytes who serves this port has sent to each client, seen from either end.

    Of a client's end it is what has arrived there, of the server's own what it has sent. One that
    has ended is not counted any more. Raises NotObservable: not on Linux, or refused.
    """
    found: dict[Ends, int] = {}
    for family in FAMILIES:
        for is_client in (False, True):
            ports = (0, port) if is_client else (port, 0)
            wanted = request(family, ALL_BUT_LISTEN, *ports, attributes=1 << (INFO - 1))
            for row in _rows(wanted, ask):
                count = _received(_info(row)) if is_client else _sent(_info(row))
                if count is not None:
                    found[_ends(row)] = count
    return found


def over(each: Socket, counted: dict[Ends, int]) -> int:
    """Of one connection. Raises NotObservable where it is not counted."""
    try:
        return counted[each.ends]
    except KeyError:
        raise NotObservable("the connection has ended, or its bytes were not counted") from None


def is_v6_only(port: int, ask: Ask | None = None) -> bool:
    """Whether each who listens on `::` at this port takes no IPv4. Raises NotObservable."""
    found = _rows(request(10, LISTEN, port), ask)
    rows = [row for row in found if _ends(row)[:2] == ("::", port)]
    return bool(rows) and all(_attribute(row, V6_ONLY) == b"\1" for row in rows)


def _rows(wanted: bytes, ask: Ask | None) -> Iterator[bytes]:
    """Of this machine's kernel, unless another is asked. Raises NotObservable."""
    if ask is None and sys.platform != "linux":
        raise NotObservable(f"{sys.platform} does not report how many bytes a connection received")
    try:
        yield from sock_diag.rows((ask or sock_diag.kernel)(wanted))
    except sock_diag.Refused as error:
        raise _refused(str(error)) from None


def _refused(why: str) -> NotObservable:
    return NotObservable(f"the kernel does not report how many bytes a connection received: {why}")


def _info(row: bytes) -> bytes:
    """Its tcp_info; nothing where the kernel keeps none of it any more, as in TIME_WAIT."""
    return _attribute(row, INFO)


def _attribute(row: bytes, wanted: int) -> bytes:
    rest = row[ROW:]
    while rest:
        try:
            length, kind = lengths(ATTRIBUTE, rest)
        except sock_diag.Refused as error:
            raise _refused(str(error)) from None
        if kind == wanted:
            return rest[ATTRIBUTE.size : length]
        rest = rest[aligned(length) :]
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
    local, local_port, remote, remote_port = sock_diag.ends(row)
    return _ip(local), local_port, _ip(remote), remote_port


def _ip(address: bytes) -> str:
    return plain_ip(str(ip_address(address)))
