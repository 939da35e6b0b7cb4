"""Forks processes of Python that have their imports behind them: see forked.py, which asks for it.

A script of its own that needs the standard library alone: what it has imported, every process it
forks has imported as well. It has one thread, and keeps nothing open but what it listens on.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import tempfile
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

assert sys.platform != "win32", "Windows does not fork"

HEAD = 4
"""How many bytes say the length of a request; its four file descriptors come with them."""

LIBRARIES = (
    "_strptime", "allure_commons.logger", "encodings.ascii", "encodings.utf_16_be", "faulthandler",
    "filelock", "google.protobuf.descriptor_pb2", "http.server", "hypothesis.internal.detection",
    "hypothesis.statistics", "ibapi.client", "ibapi.wrapper", "jinja2.ext", "mcp.server.lowlevel",
    "mcp.server.stdio", "platformdirs", "prometheus_client", "psutil", "pydantic",
    "starlette.applications", "tomllib", "uvicorn",
)  # fmt: skip
"""Whatever is not there, a process would not have found either."""

OURS = ("acceptance", "conftest", "fake_ib_gateway", "golive", "reports")
"""What a process imports from the folder it was started in: never known to all of them."""

PACKAGES = ("golive", "fake_ib_gateway")
AS_THEY_RUN = ("__main__", "golive.plugin.plugin")
"""Ends of names of modules that are run, or that pytest imports as a conftest's plugin."""


@dataclass
class Request:
    """What is to be started. Without words: another server, for processes of that project.

    `program` is the module that those run: golive looks at that once, as it is imported.
    """

    folder: str
    words: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    is_session: bool = False
    program: str = ""


class Server:
    """Hears requests until nobody is left who could ask; tells each process's pid and status."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._told: dict[int, int] = {}
        self._woken, waker = socket.socketpair()
        for end in (self._woken, waker):
            end.setblocking(False)
        self._waker = waker
        signal.set_wakeup_fd(waker.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: our children's matter

    def forked(self) -> tuple[Request, list[int]] | None:
        """In a process that was forked, its request; in the server, None at its end."""
        while True:
            ready, _, _ = select.select([self._requests, self._woken], [], [])
            if self._woken in ready:
                self._reap()
            if self._requests in ready:
                asked = _received(self._requests)
                if asked is None or not self._fork(asked[1]):
                    return asked

    def _fork(self, descriptors: list[int]) -> int:
        pid = os.fork()
        if pid:
            self._told[pid] = descriptors.pop()
            _tell(self._told[pid], pid)
            for each in descriptors:
                os.close(each)
        return pid

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)
        for pid in list(self._told):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                told = self._told.pop(pid)
                _tell(told, status)
                os.close(told)


def _tell(descriptor: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(descriptor, b"%d\n" % number)


def _received(requests: socket.socket) -> tuple[Request, list[int]] | None:
    """None once nobody can ask any more."""
    head, descriptors, _, _ = socket.recv_fds(requests, HEAD, 4)
    left, parts = int.from_bytes(head, "big"), []
    while left and (part := requests.recv(left)):
        parts.append(part)
        left -= len(part)
    if not parts or left:
        return None
    return Request(**json.loads(b"".join(parts))), descriptors


def main() -> None:
    _prepare_libraries()
    requests = socket.socket(fileno=int(sys.argv[1]))
    while asked := Server(requests).forked():
        request, descriptors = asked
        if request.words:
            _become(request, descriptors)
            _run(request.words)
            return
        requests = socket.socket(fileno=os.dup(descriptors[0]))
        _keep_only(requests.fileno())
        _prepare_project(request.folder, request.program)


def _prepare_libraries() -> None:
    with _pytest_importing():
        for name in LIBRARIES:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    for name in [each for each in sys.modules if each.partition(".")[0] in OURS]:
        del sys.modules[name]
    _keep()


def _prepare_project(folder: str, program: str) -> None:
    os.chdir(folder)
    sys.argv = [os.path.join(folder, program, "__main__.py")]
    sys.path[0] = folder
    with _pytest_importing():
        for package in PACKAGES:
            for name in _modules(package):
                importlib.import_module(name)
    pages = sys.modules["golive.reports.page"].templates()
    for name in pages.list_templates():
        pages.get_template(name)  # it is compiled again once its file has changed
    _keep()


@contextlib.contextmanager
def _pytest_importing() -> Iterator[None]:
    """While pytest has its plugins loaded: it wants to import what is theirs itself."""
    from _pytest.config import _prepareconfig

    here = os.getcwd()
    with tempfile.TemporaryDirectory() as nowhere:
        os.chdir(nowhere)
        config = _prepareconfig(["-c", os.devnull, "--rootdir", nowhere, nowhere])
        os.chdir(here)
        try:
            yield
        finally:
            config._ensure_unconfigure()


def _modules(package: str) -> Iterator[str]:
    yield package
    found = importlib.import_module(package)
    for each in pkgutil.walk_packages(found.__path__, f"{package}."):
        if not each.name.endswith(AS_THEY_RUN):
            yield each.name


def _keep() -> None:
    """What is never looked through for rubbish is not copied by those that are forked."""
    gc.collect()
    gc.freeze()


def _keep_only(descriptor: int) -> None:
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, os.sysconf("SC_OPEN_MAX"))


def _become(request: Request, descriptors: list[int]) -> None:
    """What a process is when it begins: its input and output, its folder, its environment."""
    if request.is_session:
        os.setsid()
    for number, each in enumerate(descriptors[:3]):
        os.dup2(each, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    time.tzset()
    sys.dont_write_bytecode = bool(request.environment.get("PYTHONDONTWRITEBYTECODE"))
    sys.path[0] = request.folder
    sys.argv, sys.orig_argv = ["-m", *request.words[1:]], [sys.executable, "-m", *request.words]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = _stream(number, name)
        for alias in (name, f"__{name}__"):
            setattr(sys, alias, stream)


def _stream(number: int, name: str) -> io.TextIOWrapper:
    """As the interpreter makes it, which has made the server's."""
    raw = io.FileIO(number, "wb" if number else "rb", closefd=False)
    raw.name = f"<{name}>"
    servers: io.TextIOWrapper = getattr(sys, name)
    if number == 0:
        binary: Any = io.BufferedReader(raw)
    else:
        binary = raw if servers.write_through else io.BufferedWriter(raw)
    made = io.TextIOWrapper(
        binary,
        encoding=servers.encoding,
        errors=servers.errors,
        newline="\n" if number else None,
        line_buffering=not servers.write_through and (number == 2 or raw.isatty()),
        write_through=servers.write_through,
    )
    made.mode = "w" if number else "r"  # type: ignore[misc]
    return made


def _run(words: list[str]) -> None:
    """The module, as `python -m` runs it; what becomes of it then is the interpreter's matter."""
    sys.modules["__main__"] = types.ModuleType("__main__")
    if not hasattr(sys.modules.get(words[0]), "__path__"):
        sys.modules.pop(words[0], None)  # it is read once more, as `__main__`
    try:
        runpy._run_module_as_main(words[0])  # type: ignore[attr-defined]
    except SystemExit:
        raise
    except BaseException as error:
        within = error.__traceback__.tb_next if error.__traceback__ else None
        sys.excepthook(type(error), error.with_traceback(within), within)
        sys.excepthook = lambda *_: None  # it is said
        raise


if __name__ == "__main__":
    main()
