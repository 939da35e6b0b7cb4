"""The Monitor where its process is not what is tested: in a thread of the test, on real sockets."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from golive.kit.clock import SYSTEM, Clock
from golive.monitor.monitor import Beside, monitor, serve_nothing
from golive.monitor.stopping import Stop
from golive.run.session import Exit
from tests.support.fakes import wait_until
from tests.support.talking import SECONDS


class Interrupted:
    """A clock whose sleep is interrupted as a signal does it, where there is none in a thread."""

    def __init__(self, clock: Clock, stop: Stop) -> None:
        self._clock, self._stop = clock, stop
        self.now, self.monotonic = clock.now, clock.monotonic

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)
        if self._stop.by:
            raise KeyboardInterrupt


class MonitorHere:
    """A running Monitor, heard line by line; stopped as a signal stops it, with its block at last.

    `on` hears each line in the Monitor's own thread, before it goes on.
    """

    def __init__(
        self,
        settings: Path,
        clock: Clock = SYSTEM,
        on: Callable[[str], None] | None = None,
        beside: Beside = serve_nothing,
    ) -> None:
        self.lines: list[str] = []
        self._settings, self._beside = settings, beside
        self._clock, self._on = clock, on
        self._stop, self._changed = Stop(), threading.Condition()
        self._exit: Exit | BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="the Monitor", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ask("the test's end")
        self._thread.join(SECONDS)
        assert not self._thread.is_alive(), self.output

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def hears(self, text: str, count: int = 1) -> str:
        """The count-th line that contains a text, once it has come."""

        def found() -> list[str]:
            return [line for line in self.lines if text in line]

        with self._changed:
            self._changed.wait_for(lambda: len(found()) >= count or self._exit is not None, SECONDS)
        assert len(found()) >= count, (text, self.lines, self._exit)
        return found()[count - 1]

    def stopped(self) -> Exit:
        """Its exit code, once it was stopped."""
        self._ask("SIGTERM")
        return self.ended()

    def ended(self) -> Exit:
        """Its exit code, once it has ended."""
        self._thread.join(SECONDS)
        assert isinstance(self._exit, Exit), (self._exit, self.lines)
        return self._exit

    def becomes_ready(self) -> None:
        """Serves over HTTP (HealthPort) that all is well: only then does it end as a success."""
        wait_until(lambda: self.asked("/readyz")[0] == 200)

    def asked(self, path: str) -> tuple[int, dict[str, Any]]:
        """What it answers over HTTP: the status, and the JSON."""
        url = self.hears("Health: ").partition("Health: ")[2].partition("/healthz")[0]
        try:
            with urllib.request.urlopen(url + path, timeout=SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def _ask(self, by: str) -> None:
        with suppress(KeyboardInterrupt):  # which is for the Monitor's thread: see Interrupted
            self._stop.ask(by)

    def _run(self) -> None:
        clock = Interrupted(self._clock, self._stop)
        try:
            self._exit = monitor(self._settings, self._show, self._stop, clock, beside=self._beside)
        except BaseException as error:  # whoever waits for a line or the end is told
            self._exit = error
        with self._changed:
            self._changed.notify_all()

    def _show(self, line: str) -> None:
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()
        if self._on is not None:
            self._on(line)
