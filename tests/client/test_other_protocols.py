"""What answers on the port in another protocol is known by its first bytes."""

from __future__ import annotations

import socket
import struct

import pytest

from golive.client.other_protocols import spoken
from golive.client.transport import MAX_FRAME, ProtocolError, Transport


@pytest.mark.parametrize(
    ("first", "name"),
    [
        (b"HTTP/1.1 400 Bad Request", "HTTP"),
        (b"<!DOCTYPE html>", "HTTP"),
        (bytes.fromhex("15030300020246"), "TLS"),
        (bytes.fromhex("16030100"), "TLS"),
        (b"SSH-2.0-OpenSSH_9.6", "SSH"),
        (struct.pack("!I", 26) + b"203\x0020261201 10:00:00 UTC", ""),
        (struct.pack("!I", MAX_FRAME), ""),
        (b"\x15", ""),
        (b"\x15\x7f", ""),
        (b"", ""),
    ],
)
def test_protocol_is_known_by_its_first_bytes(first: bytes, name: str) -> None:
    assert spoken(first) == name


def test_first_bytes_are_kept_however_they_come() -> None:
    ours, theirs = socket.socketpair()
    transport = Transport(ours)
    with theirs:
        theirs.sendall(b"HT")
        assert transport.received_so_far() == []
        theirs.sendall(b"TP/1.1 400 Bad Request, and more than is kept")
        with pytest.raises(ProtocolError):
            transport.received_so_far()
    transport.close(0)
    assert transport.first == b"HTTP/1.1 400 Bad"
    assert spoken(transport.first) == "HTTP"
