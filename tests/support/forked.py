"""`python -m ...` without its imports: forked from a process that has them behind it.

Most of what a process of these tests works for is to import pytest, pydantic, the official client
and golive. A server (fork_server.py) has imported them, and forks a process for each request:
one that has its own pid, input, output, folder, environment, signals and end, as a new interpreter
would; who started it holds a `Popen` of it as of any other.

What is not the same: its command line, as others see it, is the server's, which is its parent too.
So a test of those asks `subprocess` for a process, and so does whoever needs an interpreter with
options or variables of its own, or a network. GOLIVE_TESTS_FRESH=1 has everything started afresh.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FRESH = "GOLIVE_TESTS_FRESH"
SECONDS = 120.0
"""The bound of every wait: against one that hangs, not a claim about its speed."""

_UNEDITED = {str(ROOT)}
"""Folders of the project that no test changes: their modules may be imported once for all."""


def unedited(folder: Path) -> None:
    """No test changes this copy of the project."""
    _UNEDITED.add(str(folder))


def started(command: Sequence[str], cwd: Path = ROOT, **more: Any) -> subprocess.Popen[Any]:
    """As `subprocess.Popen`: forked where that is the same, else by a new interpreter."""
    if sys.platform != "win32" and _can_be_forked(command, more.get("env")):
        return Forked(command, cwd=str(cwd), **more)
    return subprocess.Popen(command, cwd=cwd, **more)


class ForThisProject:
    """What the fake's library has as its `subprocess`: its processes find our modules anyway."""

    PIPE, TimeoutExpired = subprocess.PIPE, subprocess.TimeoutExpired

    @staticmethod
    def Popen(command: Sequence[str], env: Mapping[str, str], **more: Any) -> Any:  # noqa: N802
        kept = {key: value for key, value in env.items() if key != "PYTHONPATH"}
        ours = {key: os.environ[key] for key in ("PYTHONPATH",) if key in os.environ}
        return started(command, Path.cwd(), env=kept | ours, **more)


def run(
    command: Sequence[str], cwd: Path = ROOT, timeout: float = SECONDS, **more: Any
) -> subprocess.CompletedProcess[Any]:
    """As `subprocess.run`, which does not look at the exit code."""
    with started(command, cwd, **more) as process:
        try:
            output, errors = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def _can_be_forked(command: Sequence[str], environment: Mapping[str, str] | None) -> bool:
    if os.environ.get(FRESH) or list(command[:2]) != [sys.executable, "-m"]:
        return False
    if _network() != _NETWORK:
        return False
    told = os.environ if environment is None else environment
    return _of_the_interpreter(told) == _of_the_interpreter(os.environ)


def _network() -> str:
    """The network in which this thread is; a server has that of the thread that started it."""
    try:
        return os.readlink("/proc/thread-self/ns/net")
    except OSError:  # no Linux: there is one
        return ""


_NETWORK = _network()


def _of_the_interpreter(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that an interpreter reads once, as it starts."""
    names = [each for each in environment if each.startswith(("PYTHON", "LC_", "LANG"))]
    return {each: environment[each] for each in names if each != "PYTHONDONTWRITEBYTECODE"}


class _Server:
    """One that is asked. `folder`: that of the project whose modules it has imported, if of one."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests, self._lock = requests, threading.Lock()

    def ask(self, descriptors: Sequence[int], **request: Any) -> int:
        """The end of a pipe that tells the pid, and then how it ended."""
        payload = json.dumps(request).encode("ascii")
        told, tells = os.pipe()
        try:
            with self._lock:
                head = len(payload).to_bytes(4, "big")
                _send(self._requests, head, [*descriptors, tells])
                self._requests.sendall(payload)
        finally:
            os.close(tells)
        return told

    def close(self) -> None:
        self._requests.close()


def _send(requests: socket.socket, head: bytes, descriptors: Sequence[int]) -> None:
    if sys.platform != "win32":
        socket.send_fds(requests, [head], descriptors)


servers: set[int] = set()
"""The pids of the servers, which stay until the tests are over."""

_servers: dict[str, _Server] = {}
_starting = threading.Lock()


def _server(folder: str, program: str) -> _Server:
    """Of a project and the module it runs, started when first asked for; "": of all others."""
    which = f"{folder} {program}" if folder else ""
    with _starting:
        if which not in _servers:
            _servers[which] = _started_for(folder, program) if folder else _first()
        return _servers[which]


def _first() -> _Server:
    ours, its = socket.socketpair()
    with its:
        script = str(Path(__file__).with_name("fork_server.py"))
        variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        process = subprocess.Popen(
            [sys.executable, script, str(its.fileno())],
            cwd=ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            pass_fds=[its.fileno()],
        )

    servers.add(process.pid)

    def end() -> None:
        for each in _servers.values():
            each.close()
        process.wait(SECONDS)

    atexit.register(end)
    return _Server(ours)


def _started_for(folder: str, program: str) -> _Server:
    if "" not in _servers:
        _servers[""] = _first()
    ours, its = socket.socketpair()
    with its:
        told = _servers[""].ask([its.fileno()] * 3, folder=folder, program=program)
    try:
        servers.add(_number(told))
    finally:
        os.close(told)
    return _Server(ours)


class Forked(subprocess.Popen[Any]):
    """A process that a server has forked; the server tells how it ended."""

    _told: int | None = None

    def __init__(self, *command: Any, **more: Any) -> None:
        self._reading = threading.Lock()
        super().__init__(*command, **more)

    def wait(self, timeout: float | None = None) -> int:
        if not self._has_ended(timeout):
            assert timeout is not None
            raise subprocess.TimeoutExpired(self.args, timeout)
        return int(self.returncode)

    def poll(self) -> int | None:
        return self._internal_poll()

    def _internal_poll(self, _deadstate: object = None) -> int | None:
        return self.returncode if self._has_ended(0) else None

    def _has_ended(self, timeout: float | None) -> bool:
        if self.returncode is None and self._said(timeout):
            with self._reading:
                if self.returncode is None:
                    assert self._told is not None
                    status = os.read(self._told, 100)
                    self.returncode = os.waitstatus_to_exitcode(int(status or 9))
        return self.returncode is not None

    def _said(self, timeout: float | None) -> bool:
        """Whether the server has something to say; its end is one."""
        assert self._told is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._told, selectors.EVENT_READ)
            return bool(selector.select(timeout))

    def _execute_child(self, args: Sequence[str], *more: Any) -> None:
        """In the order in which `Popen` tells them."""
        cwd, env, is_session = more[4], more[5], more[20]
        handles = more[9:15]
        program = "golive" if args[2] == "golive" else "pytest"
        server = _server(cwd if cwd in _UNEDITED else "", program)
        self._told = server.ask(
            [fd if fd != -1 else number for number, fd in enumerate((handles[0], *handles[3::2]))],
            folder=cwd,
            words=list(args[2:]),
            environment=dict(os.environ if env is None else env),
            is_session=bool(is_session),
        )
        self.pid = _number(self._told)
        self._child_created = True
        self._close_pipe_fds(*handles)  # type: ignore[attr-defined]

    def __del__(self, *more: Any) -> None:
        super().__del__(*more)
        if self._told is not None:
            os.close(self._told)


def _number(told: int) -> int:
    """The next that is told. Raises OSError where the server has ended."""
    line = b""
    while not line.endswith(b"\n"):
        if not (one := os.read(told, 1)):
            raise OSError("the server of the forked processes has ended; it said why on stderr")
        line += one
    return int(line)
