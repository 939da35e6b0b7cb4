"""Which other protocol answers on a gateway's port, told from the first bytes that come.

A frame of the gateway's begins with its length, at most 16 MiB, so with a byte of 0 or 1: none of
these can be one.
"""

from __future__ import annotations

TLS_RECORDS = range(0x14, 0x18)
"""Change of cipher, alert, handshake and data: how a record of TLS begins, before its version."""
TLS_MAJOR_VERSION = 3

BEGINNINGS = {"HTTP": (b"HTTP/", b"<!DOCTYPE", b"<html"), "SSH": (b"SSH-",)}


def spoken(first: bytes) -> str:
    """HTTP, TLS or SSH; "" for what is none of them."""
    if len(first) >= 2 and first[0] in TLS_RECORDS and first[1] == TLS_MAJOR_VERSION:
        return "TLS"
    begun = (name for name, known in BEGINNINGS.items() if first.startswith(known))
    return next(begun, "")
