"""Whether this machine's clock is synchronized, as far as its kernel tells; nothing is asked."""

from __future__ import annotations

import ctypes
import sys

UNSYNCHRONIZED = 0x40
"""STA_UNSYNC of adjtimex(2), the same on Linux and macOS."""

_CALL = {"linux": "adjtimex", "darwin": "ntp_adjtime"}


class _Timex(ctypes.Structure):
    """The beginning of `struct timex`, alike on both; `modes` 0 only reads."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("most_error", ctypes.c_long),
        ("error", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 512),
    )


def is_synchronized() -> bool | None:
    """By NTP or the like; None where it is not told: on Windows, or where it is refused."""
    call = _CALL.get(sys.platform)
    if call is None:
        return None
    told = _Timex()
    try:
        answer = getattr(ctypes.CDLL(None, use_errno=True), call)(ctypes.byref(told))
    except (AttributeError, OSError):
        return None
    return None if answer < 0 else not told.status & UNSYNCHRONIZED
