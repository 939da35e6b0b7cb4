"""What was dialled while we connected: for us, as a forwarder does, or by coincidence."""

from __future__ import annotations

from golive.machine import sockets, tcp_info
from golive.machine.sockets import Socket

MOST_OVERHEAD = 16_384
"""Bytes that a tunnel may add to what it carries of a handshake, for one of its own."""


def us(dialled: list[Socket], ours: list[Socket]) -> list[Socket]:
    """Which of these connections may have carried what we received.

    Of a user whose processes are not told, somebody may have dialled at that very moment for
    another reason. Linux counts the bytes of each; where they are not told, it may have.
    """
    known = [each for each in dialled if each.pid]
    if known or not dialled:
        return known
    try:
        ports = {each.remote_port for each in (*ours, *dialled)}
        counted = {ends: n for port in ports for ends, n in tcp_info.delivered(port).items()}
        (own,) = (tcp_info.over(each, counted) for each in ours)
    except (ValueError, sockets.NotObservable):
        return dialled
    most = own + MOST_OVERHEAD
    return [each for each in dialled if own / 2 <= counted.get(each.ends, own) <= most]
