"""`golive mcp`: the MCP server on stdin and stdout.

If a Monitor is running, it asks that one. Otherwise it is a Monitor itself: the main thread owns
the connection. The protocol has its own thread, which the program does not wait for at its end.
Nothing but the protocol is written to stdout.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mcp.server.stdio import stdio_server

from golive.diagnosis.diagnose import Next
from golive.discipline.earlier_attempts import Aim, Memory, state_folder
from golive.discipline.running_monitor import RunningMonitor
from golive.kit import masking
from golive.kit.text import by_lines, printable
from golive.mcp.attached import Attached
from golive.mcp.server import Answering, Call, http_app, server
from golive.mcp.tools.looking import COMMAND
from golive.monitor.monitor import Monitor
from golive.monitor.printing import Printer
from golive.monitor.stopping import Stop
from golive.run import session
from golive.run.session import Exit
from golive.settings import secrets_json
from golive.settings.secrets_json import SettingsFile

log = logging.getLogger("golive")

AGAIN = "restart this MCP server"
SLICE_SECONDS = 0.25
"""The longest wait that Ctrl-C on Windows cannot interrupt."""
READY_SECONDS = 10.0


def serve(
    path: Path,
    *,
    on_fallback: bool = False,
    override: str | None = None,
    secrets: str | None = None,
) -> int:
    """Serves until its input ends or a signal comes; then the connection is closed.

    Raises what is in session.NOT_BEGUN.
    """
    stop = Stop()
    printer = Printer(partial(print, file=sys.stderr, flush=True))
    try:
        file = secrets_json.read(path, on_fallback)
        answers = begun(file, printer.write, stop, override, secrets)
    except session.NOT_BEGUN:
        printer.close()
        raise
    _log_to_stderr(file)
    try:
        with suppress(KeyboardInterrupt), stop.by_signals(is_last=True):
            _serve(Pipes(answers.call, stop), answers, stop)
    finally:
        answers.close()
        printer.close()
    return Exit.SUCCESS


@dataclass(frozen=True, slots=True)
class Answers:
    """What answers calls: a running Monitor, or this server's own and its memory."""

    call: Call
    own: Monitor | None = None
    memory: Memory | None = None

    def hold(self) -> None:
        """Opens our own connection and keeps it to its end. Raises KeyboardInterrupt."""
        if self.own is not None:
            self.own.run()
            self.close()  # others may connect now

    def close(self) -> None:
        if self.memory is not None:
            self.memory.close()


def begun(
    file: SettingsFile,
    show: Callable[[str], None],
    stop: Stop,
    override: str | None = None,
    secrets: str | None = None,
) -> Answers:
    """Connects to nothing yet. Raises what is in session.NOT_BEGUN."""
    find = partial(RunningMonitor.find, state_folder(), Aim.of(file).endpoint)
    if find():
        return Answers(Attached(find, file))
    memory, run_next = session.begin(COMMAND, file, secrets, override)
    own = _monitor(file, memory, replace(run_next, again=AGAIN), show, stop)
    return Answers(Attached(find, file, Answering(own, file, again=AGAIN), own), own, memory)


def _monitor(
    file: SettingsFile,
    memory: Memory,
    run_next: Next,
    show: Callable[[str], None],
    stop: Stop,
) -> Monitor:
    """This server's own Monitor: it starts no gateway, and masks accounts and users."""

    def show_masked(line: str) -> None:
        if line:
            show(masking.without(file.settings.secret_words, line))

    settings = file.settings
    credentials = settings.credentials.model_copy(update={"auto_launch": False})
    own = settings.model_copy(update={"credentials": credentials})
    aimed, write = replace(file, settings=own), by_lines(show_masked)
    return Monitor(aimed, memory, run_next, write, stop, beside=http_app)


def _serve(pipes: Pipes, answers: Answers, stop: Stop) -> None:
    """Raises KeyboardInterrupt if it is stopped while it holds no connection."""
    pipes.start()
    answers.hold()
    if not stop.by:
        pipes.wait()


class Pipes:
    """The protocol on stdin and stdout, in its own thread; when it ends, the main thread stops.

    Meanwhile whatever is printed goes to stderr.
    """

    def __init__(self, call: Call, stop: Stop) -> None:
        self._call, self._stop, self._is_ready = call, stop, threading.Event()
        self._thread = threading.Thread(target=self._run, name="golive-mcp", daemon=True)

    def start(self) -> None:
        """Returns once stdout is reserved for the protocol."""
        self._thread.start()
        self._is_ready.wait(READY_SECONDS)

    def wait(self) -> None:
        """Waits until stdin ends."""
        while self._thread.is_alive():
            self._thread.join(SLICE_SECONDS)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except* OSError as group:
            log.error("its output was closed: %s", group.exceptions[0])
        finally:
            self._is_ready.set()
            self._stop.ask_main("the end of its input")

    async def _serve(self) -> None:
        async with stdio_server() as (read, write):
            self._is_ready.set()
            serving = server(self._call)
            await serving.run(read, write, serving.create_initialization_options())


class _Masked(logging.Formatter):
    """Masks accounts and user names."""

    def __init__(self, file: SettingsFile) -> None:
        super().__init__("golive mcp: %(name)s: %(message)s")
        self._words = file.settings.secret_words

    def format(self, record: logging.LogRecord) -> str:
        return printable(masking.without(self._words, super().format(record)))


def _log_to_stderr(file: SettingsFile) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Masked(file))
    logging.basicConfig(handlers=[handler], level=logging.ERROR)
