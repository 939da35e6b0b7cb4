"""Tells systemd that the Monitor is ready, what it sees, and that it still works.

The protocol is sd_notify(3). Without NOTIFY_SOCKET in the environment nothing is sent.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress

from golive.kit.clock import SYSTEM, Clock
from golive.monitor.holding.requests import Source
from golive.monitor.served import health

EVERY_SECONDS = 1.0


class Notifier:
    """Reports the state from its own thread.

    READY=1 once the gateway is ready. WATCHDOG=1 as long as the Monitor works, whatever state the
    gateway is in: systemd must restart a Monitor that hangs, but not one that waits by the rules.
    """

    def __init__(
        self, source: Source, clock: Clock = SYSTEM, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._source, self._clock = source, clock
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._is_ready, self._status = False, ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="golive-systemd", daemon=True)

    def start(self) -> None:
        if self._address:
            self._thread.start()

    def stop(self) -> None:
        """Tells systemd that the Monitor is ending."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(EVERY_SECONDS)
        if self._address:
            self._send("STOPPING=1")

    def _run(self) -> None:
        while not self._over.is_set():
            self._tell()
            self._over.wait(EVERY_SECONDS)

    def _tell(self) -> None:
        state, now = self._source.state, self._clock.monotonic()
        code = health.trouble(state, now)
        lines = [] if code == health.STUCK else ["WATCHDOG=1"]
        if not code and not self._is_ready:
            self._is_ready = True
            lines.append("READY=1")
        status = code or f"ready: {health.open_positions(state)} positions"
        if status != self._status:
            self._status = status
            lines.append(f"STATUS={status}")
        if lines:
            self._send("\n".join(lines))

    def _send(self, text: str) -> None:
        """Never blocks; a message that does not arrive does no harm."""
        if sys.platform == "win32":
            return
        name = self._address
        address = "\0" + name[1:] if name.startswith("@") else name
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
            sending.setblocking(False)
            sending.sendto(text.encode("utf-8"), address)
