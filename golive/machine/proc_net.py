"""Linux's table of TCP sockets, as it shows it to every user of the same network namespace.

psutil leaves out what it shows of a socket whose process it hides: the owner, and the number that
no other socket has while this one is there (see proc(5), /proc/net/tcp).
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from golive.machine import sock_diag

TABLES = ("tcp", "tcp6")

STATES = {
    "01": "ESTABLISHED", "02": "SYN_SENT", "03": "SYN_RECV", "04": "FIN_WAIT1", "05": "FIN_WAIT2",
    "06": "TIME_WAIT", "07": "CLOSE", "08": "CLOSE_WAIT", "09": "LAST_ACK", "0A": "LISTEN",
    "0B": "CLOSING", "0C": "SYN_RECV",
}  # fmt: skip

NOBODYS = "0"
"""The inode of a socket that no process has any more, or not yet; its owner is not told."""


class Row(NamedTuple):
    """One socket. Addresses are text, as written there; `uid` and `inode` None where not told."""

    state: str
    local: tuple[str, int]
    remote: tuple[str, int]
    uid: int | None
    inode: int | None


def tables() -> list[str]:
    """The text of each table; that of IPv6 may be missing. Raises OSError."""
    found = []
    for name in TABLES:
        try:
            with open(f"/proc/self/net/{name}", encoding="ascii") as table:
                found.append(table.read())
        except FileNotFoundError:
            if name == TABLES[0]:
                raise
    return found


def rows() -> list[Row]:
    """Every TCP socket: as the kernel answers, else as the table is written. Raises OSError."""
    try:
        return answered()
    except OSError:  # netlink may be refused to a container, or the module for it be missing
        return written()


def written() -> list[Row]:
    """By /proc/net. Raises OSError."""
    return [_row(line.split()) for text in tables() for line in text.splitlines()[1:]]


def answered() -> list[Row]:
    """By netlink. Raises OSError."""
    wanted = (sock_diag.request(family, sock_diag.EVERY_STATE) for family in sock_diag.FAMILIES)
    return [_of(row) for each in wanted for row in sock_diag.rows(sock_diag.kernel(each))]


def _of(row: bytes) -> Row:
    state = STATES.get(f"{row[1]:02X}", f"{row[1]:02X}")
    local, local_port, remote, remote_port = sock_diag.ends(row)
    uid, inode = sock_diag.owner(row)
    told = (uid, inode) if inode else (None, None)
    return Row(state, (_plain(local), local_port), (_plain(remote), remote_port), *told)


@lru_cache(maxsize=4096)
def _plain(address: bytes) -> str:
    family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, address)


def _row(words: list[str]) -> Row:
    uid, inode = (None, None) if words[9] == NOBODYS else (int(words[7]), int(words[9]))
    state = STATES.get(words[3], words[3])
    return Row(state, _end(words[1]), _end(words[2]), uid, inode)


def _end(text: str) -> tuple[str, int]:
    address, _, port = text.partition(":")
    return _ip(address), int(port, 16)


@lru_cache(maxsize=4096)
def _ip(text: str) -> str:
    """An address is written as numbers of 32 bits, each in this machine's own order."""
    numbers = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    family = socket.AF_INET if len(numbers) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, struct.pack(f"={len(numbers)}I", *numbers))


def owners() -> dict[int, int]:
    """By inode: the pid that has the socket open, the least where several have.

    Those of other users are told to who may look into their processes.
    """
    found: dict[int, int] = {}
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        for inode in _inodes(pid):
            found.setdefault(inode, pid)
    return found


def _inodes(pid: int) -> Iterator[int]:
    folder = f"/proc/{pid}/fd"
    with suppress(OSError):  # it has ended, or it is another's
        for name in os.listdir(folder):
            with suppress(OSError):
                target = os.readlink(f"{folder}/{name}")
                if target.startswith("socket:["):
                    yield int(target[8:-1])
