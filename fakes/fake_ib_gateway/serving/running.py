"""Where a gateway of the library runs: in a thread of this process, or in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from fake_ib_gateway.serving import control
from fake_ib_gateway.serving.foreground import Plan

SECONDS = 20.0
"""The bound of every wait, beyond what was asked for."""

IMPOSSIBLE = "error: impossible: "
"""Begins the answer to a command that the system did not let it do."""

T = TypeVar("T")
Event = dict[str, Any]


class NotStarted(OSError):
    """The gateway could not start; the text says why."""


class Running(Protocol):
    """A gateway that runs, wherever that is."""

    port: int

    def perform(self, line: str, seconds: float = 0.0) -> dict[str, Any]:
        """Has a command of `control` done, which takes so long. Raises control.NotUnderstood."""

    def events(self) -> list[Event]:
        """What has happened, in order."""

    def stop(self) -> None:
        """Ends it, and waits until it is gone."""


class InThread:
    """In a thread of this process, on an event loop of its own."""

    def __init__(self, plan: Plan) -> None:
        self._events: list[Event] = []
        self._stack = ExitStack()
        self._server = self._stack.enter_context(plan.server())
        self._server.tellers.append(self._hear)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self._do(self._server.start())
        except BaseException:
            self.stop()
            raise
        self.port = self._server.port

    def perform(self, line: str, seconds: float = 0.0) -> dict[str, Any]:
        return self._do(control.perform(self._server, line), seconds)

    def events(self) -> list[Event]:
        return list(self._events)

    def stop(self) -> None:
        try:
            self._do(self._server.stop())
        finally:
            self._end()

    def _hear(self, event: str, **what: Any) -> None:
        what.pop("text", None)
        self._events.append({"event": event, **what})

    def _do(self, work: Coroutine[Any, Any, T], seconds: float = 0.0) -> T:
        done = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(SECONDS + seconds)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()
        self._stack.close()


class InProcess:
    """In a process of its own, which ends with this one, however this one ends."""

    def __init__(self, plan: Plan) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="fake-gateway-")
        self._log = Path(plan.log or Path(self._folder.name, "log.jsonl"))
        self._logged_before = self._log.stat().st_size if self._log.exists() else 0
        plan = replace(plan, log=str(self._log), control=0, stop_with_stdin=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fake_ib_gateway.serving.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        try:
            self.port, self._control = self._started(pickle.dumps(plan))
        except BaseException:
            self._end()
            raise

    def perform(self, line: str, seconds: float = 0.0) -> dict[str, Any]:
        address = ("127.0.0.1", self._control)
        with socket.create_connection(address, SECONDS + seconds) as connection:
            connection.sendall(line.encode("utf-8") + b"\n")
            answer = connection.makefile("r", encoding="utf-8").readline()
        if answer.startswith(IMPOSSIBLE):
            raise OSError(answer.removeprefix(IMPOSSIBLE).strip())
        if not answer.startswith("{"):
            raise control.NotUnderstood(answer.removeprefix("error: ").strip())
        state: dict[str, Any] = json.loads(answer)
        return state

    def events(self) -> list[Event]:
        with self._log.open("rb") as file:
            file.seek(self._logged_before)
            return [json.loads(line) for line in file]

    def stop(self) -> None:
        self._end()

    def _started(self, plan: bytes) -> tuple[int, int]:
        """Its port, and the port that takes commands. Raises NotStarted with its own line."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        too_long = threading.Timer(SECONDS, self._process.kill)
        too_long.start()
        try:
            self._process.stdin.write(plan)
            self._process.stdin.flush()
            ports, line = [], b""
            while b"takes commands" not in line:
                line = self._process.stdout.readline()
                if b" on " not in line:
                    raise NotStarted(line.decode("utf-8", "replace").strip() or "it ended at once")
                ports.append(int(line.rpartition(b":")[2]))
        finally:
            too_long.cancel()
        return ports[0], ports[-1]

    def _end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(SECONDS)
        self._process.stdout.close()
        self._folder.cleanup()
