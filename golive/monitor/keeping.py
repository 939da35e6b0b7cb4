"""Keeps one open connection: serves and watches it, and prints every change."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from golive.client.answers import Positions
from golive.diagnosis import telling
from golive.diagnosis.diagnose import Next
from golive.discipline import starter
from golive.evidence.record import Diagnosis
from golive.kit.clock import Clock
from golive.monitor import lines
from golive.monitor.holding.held import Held, Lost
from golive.monitor.holding.state import State
from golive.monitor.holding.watch import Watch
from golive.monitor.printing import Sparing
from golive.monitor.stopping import Stop
from golive.run.session import Session

SERVE_SECONDS = 0.5
"""How long to serve the connection before checking for changes."""


class Keeping:
    """Keeps the connection of an open session to its end."""

    def __init__(
        self,
        opened: Session,
        run_next: Next,
        stop: Stop,
        write: Callable[[str], None],
        clock: Clock,
    ) -> None:
        assert opened.connection is not None
        self._session, self._stop, self._write, self._clock = opened, stop, write, clock
        self._tell = Sparing(write, clock)
        self._held = Held(opened.connection, clock)
        self.watch = Watch(self._held, opened.settings, opened.gateway, clock, run_next)
        self._begun = clock.monotonic()
        self._silent_since: float | None = None
        self._is_judged, self._unexpected = False, ""
        self.trouble = ""
        """The diagnosis of what is wrong now, or of positions that were wrong at first; "" if
        all is well."""

    def keep(self) -> Lost | None:
        """Returns how the connection was lost; None if it was asked to stop."""
        self._write(lines.CONNECTED)
        with self._stop.reacting(self._held.wake):
            try:
                return self._serve()
            finally:
                self.watch.close()

    @property
    def seconds(self) -> float:
        """How long the connection has existed."""
        return self._clock.monotonic() - self._begun

    @property
    def is_silent(self) -> bool:
        """Whether the gateway had stopped answering before the connection ended."""
        return self._silent_since is not None

    def _serve(self) -> Lost | None:
        while not self._stop.by:
            before = self.watch.state
            self.watch.serve(SERVE_SECONDS, partial(_is_news, before))
            now = self.watch.state
            for line in lines.changed(before, now, self._session.settings):
                self._tell.write(line)
            self._tell.catch_up()
            self._judge(now)
            self.trouble = self._unexpected or now.code or self._unready(now)
            with suppress(OSError):
                self._session.memory.keep_lock()
            self._session.memory.still_there()
            if starter.is_gone():
                self._stop.ask("the run that started it has ended")
            if self._held.lost:
                return self._held.lost
            self._hear_silence(now)
            if self._is_given_up:
                return Lost("half-open", "the gateway has stopped answering")
        return None

    def _hear_silence(self, state: State) -> None:
        if state.condition != "half-open":
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = self._clock.monotonic()

    @property
    def _is_given_up(self) -> bool:
        """Whether a silent gateway has been silent for as long as the cool-down.

        Without AutoReconnect it is never given up: there is nothing better to do.
        """
        settings = self._session.settings
        if self._silent_since is None or not settings.credentials.auto_reconnect:
            return False
        patience = settings.golive.retry_cooldown_seconds
        return self._clock.monotonic() - self._silent_since >= patience

    @property
    def is_well(self) -> bool:
        return not self.trouble

    def _unready(self, state: State) -> str:
        """Why it is no longer ready, or did not become ready in time."""
        return state.trouble(self._clock.monotonic()) if self._is_judged else ""

    def _judge(self, state: State) -> None:
        """Checks the first positions, and prints a diagnosis if they are not as expected."""
        found, wanted = state.positions or Positions(), self._session.settings.golive
        is_late = self.seconds >= wanted.handshake_timeout_seconds
        if self._is_judged or not (found.is_complete or is_late):
            return
        self._is_judged = True
        count = len(found.open_in(wanted.expected_account))
        if state.code and not found.is_complete:
            told = self._session.explained(state.code, positions=found, against=state.said)
            self._advise(told.model_copy(update={"cause": state.cause}))
        elif not found.is_complete or found.unreadable:
            self._advise(self._session.diagnosed("positions.complete", positions=found))
        elif count != wanted.expected_positions:
            self._advise(self._session.diagnosed("positions.count", positions=found))

    def _advise(self, found: Diagnosis) -> None:
        self._unexpected = found.code
        self._write("")
        for line in telling.lines(found):
            self._write(line)


def _is_news(before: State, now: State) -> bool:
    """Whether there is something to print at once."""
    return _outline(before) != _outline(now)


def _outline(state: State) -> tuple[str, str, bool]:
    found = state.positions
    return state.condition, state.code, found is not None and found.is_complete
