"""AutoLaunch: starts the gateway's program if nothing listens, once, and waits for the login."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from golive.diagnosis.placeholders import program_path
from golive.kit.clock import Clock, let_pass, now_and_then
from golive.machine import hidden_processes, running_gateways
from golive.machine.gateway import Gateway
from golive.settings.model import Settings

LOGIN_SECONDS = 900.0
"""The time to log in: user name, password, second factor."""

LOOK_SECONDS = 1.0


class NotLaunched(Exception):
    """The gateway's program was not started, or does not listen. The text is one line."""


class Launch:
    """Happens at most once in the life of a Monitor, before its first attempt: a gateway that
    restarts by itself must not meet a second one.
    """

    def __init__(self, settings: Settings, gateway: Gateway, clock: Clock) -> None:
        self._settings, self._gateway, self._clock = settings, gateway, clock
        self._started: subprocess.Popen[bytes] | None = None

    def perform(self, write: Callable[[str], None]) -> None:
        """Returns once the port listens and the gateway has had its time to initialize.

        Raises NotLaunched, also if a gateway may already run that this user cannot see: a second
        one would throw the first out.
        """
        known = running_gateways.of_its_kind(self._settings)
        if running := next((each.process for each in known if each.is_sure), None):
            write(f"AutoLaunch: {running.name} is already running, pid {running.pid}")
        elif why := hidden_processes.hidden():
            raise NotLaunched(
                f"AutoLaunch: not started: {why}, so a gateway may already be running"
            )
        else:
            path = self._program()
            self._started = _detached(path)
            write(f"AutoLaunch: started {path.name}, pid {self._started.pid}")
        write("Log in to the gateway now; its window is waiting.")
        self._wait_until_it_listens(write)
        seconds = self._settings.golive.initialization_seconds
        tell = now_and_then(lambda left: write(f"initializing: {left:.0f} s left"))
        let_pass(self._clock, seconds, tell)

    def _program(self) -> Path:
        """GatewayPath, if it is a program on this machine. Raises NotLaunched."""
        text = self._settings.credentials.gateway_path
        path = program_path(text)
        if path is None or not Path(path).is_file():
            what = "is empty" if not text else "is not a program on this machine"
            raise NotLaunched(f"AutoLaunch: GatewayPath {what}; start the gateway yourself")
        return Path(path)

    def _wait_until_it_listens(self, write: Callable[[str], None]) -> None:
        number = self._gateway.number
        tell = now_and_then(lambda left: write(f"waiting for port {number}: {left:.0f} s left"), 60)
        end = self._clock.monotonic() + LOGIN_SECONDS
        while (left := end - self._clock.monotonic()) > 0:
            if self._gateway.port.listeners:
                return
            code = self._started.poll() if self._started else None
            if code:
                raise NotLaunched(f"AutoLaunch: the gateway's program ended with exit code {code}")
            tell(left)
            self._clock.sleep(LOOK_SECONDS)
        raise NotLaunched(f"AutoLaunch: nothing listens on port {number} after {LOGIN_SECONDS:g} s")


def _detached(path: Path) -> subprocess.Popen[bytes]:
    """In its own process group: our Ctrl-C does not reach it, and it outlives us. NotLaunched."""
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    try:
        return subprocess.Popen(
            [str(path)],
            cwd=path.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=os.name == "posix",
            creationflags=flags,
        )
    except OSError as error:
        raise NotLaunched(f"AutoLaunch: {path.name}: {error.strerror or error}") from None
