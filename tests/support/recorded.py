"""Socket tables of other platforms and machines, as psutil reports them there."""

from __future__ import annotations

from golive.machine.sockets import Socket

GATEWAY, CLIENT, BROWSER = 8124, 9310, 4412

WINDOWS = [
    Socket("LISTEN", "0.0.0.0", 4001, "", 0, GATEWAY),
    Socket("LISTEN", "::", 4001, "", 0, GATEWAY),
    Socket("LISTEN", "0.0.0.0", 40010, "", 0, BROWSER),
    # the gateway's own link to a remote host's port 4001, half closed by that host
    Socket("CLOSE_WAIT", "192.168.1.20", 52011, "208.245.107.3", 4001, GATEWAY),
    Socket("ESTABLISHED", "192.168.1.20", 52010, "208.245.107.3", 4000, GATEWAY),
    # what only looks like 4001
    Socket("CLOSE_WAIT", "127.0.0.1", 40010, "127.0.0.1", 51877, BROWSER),
    Socket("CLOSE_WAIT", "127.0.0.1", 51878, "127.0.0.1", 40010, BROWSER),
    Socket("TIME_WAIT", "127.0.0.1", 4001, "127.0.0.1", 51870, None),
]
"""A healthy gateway on Windows; `findstr :4001 | findstr CLOSE_WAIT` finds three rows in it."""

ZOMBIE = Socket("CLOSE_WAIT", "127.0.0.1", 4001, "127.0.0.1", 51901, GATEWAY)
LEAK = Socket("CLOSE_WAIT", "127.0.0.1", 51901, "127.0.0.1", 4001, CLIENT)
LEAK_IPV6 = Socket("CLOSE_WAIT", "::1", 51902, "::1", 4001, CLIENT)
LEAK_BY_OWN_ADDRESS = Socket("CLOSE_WAIT", "192.168.1.20", 51903, "192.168.1.20", 4001, CLIENT)
