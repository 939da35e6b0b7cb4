"""The Monitor: opens the one connection as the smoke test does, and keeps it until it is stopped.

It prints the written procedure's lines, then every change. It is a `requests.Source`: from any
thread it can be asked for what it knows, and it asks the gateway over its one connection.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from golive.client.answers import Event
from golive.diagnosis import telling
from golive.diagnosis.diagnose import Next
from golive.discipline import starter
from golive.discipline.attempts import AttemptRefused
from golive.discipline.earlier_attempts import Memory, NoMemory
from golive.discipline.journal import GO
from golive.discipline.running_monitor import RunningMonitor
from golive.evidence.record import Diagnosis
from golive.kit import typed
from golive.kit.clock import SYSTEM, Clock, let_pass, now_and_then
from golive.kit.text import by_lines
from golive.machine import sockets
from golive.monitor import lines
from golive.monitor.holding.held import Lost
from golive.monitor.holding.requests import Answer, Ask, Source, Unanswered
from golive.monitor.holding.state import State
from golive.monitor.holding.watch import Watch
from golive.monitor.keeping import Keeping
from golive.monitor.launching import Launch, NotLaunched
from golive.monitor.retrying import Retrying
from golive.monitor.sd_notify import Notifier
from golive.monitor.stopping import Stop
from golive.run import fallback, session
from golive.run.session import Exit, Session, Trouble
from golive.settings import secrets_json
from golive.settings.model import Monitor as MonitorSettings
from golive.settings.model import Settings
from golive.settings.secrets_json import SettingsFile

if TYPE_CHECKING:
    from starlette.applications import Starlette

COMMAND = f"{typed.GOLIVE} monitor"

Write = Callable[[str], None]

Beside = Callable[[Source, SettingsFile], "Starlette | None"]
"""Makes the application that is served at /mcp beside the health check."""


def serve_nothing(source: Source, file: SettingsFile) -> None:
    """Serves nothing at /mcp."""


def monitor(
    path: Path,
    show: Write,
    stop: Stop,
    clock: Clock = SYSTEM,
    *,
    on_fallback: bool = False,
    override: str | None = None,
    secrets: str | None = None,
    beside: Beside = serve_nothing,
) -> Exit:
    """Runs until it is stopped, or has lost its connection for good; `show` gets its lines.

    With AutoFallback, if the first connection fails because of the gateway, it then runs once on
    the fallback. Raises KeyboardInterrupt if it is stopped before it has connected; no connection
    is left open. The other arguments are those of `smoke.smoke`.
    """
    write = by_lines(show)
    say = lines.stamped(write, clock)
    file = secrets_json.read(path, on_fallback)
    memory, run_next = session.begin(COMMAND, file, secrets, override, clock)
    on = " on the fallback, TWS paper" if on_fallback else ""
    say(f"golive monitor: connecting to the gateway{on}; Ctrl-C ends it")
    try:
        this = Monitor(file, memory, run_next, write, stop, clock, beside)
        exit_code = this.run()
    finally:
        memory.close()
        starter.end()
    if this.may_fall_back:
        say("\nAutoFallback: trying once more, on the fallback, TWS paper")
        return monitor(path, show, stop, clock, on_fallback=True, secrets=secrets, beside=beside)
    return exit_code


class Monitor:
    """One Monitor and all its connections, one after the other."""

    def __init__(
        self,
        file: SettingsFile,
        memory: Memory,
        run_next: Next,
        write: Write,
        stop: Stop,
        clock: Clock = SYSTEM,
        beside: Beside = serve_nothing,
    ) -> None:
        self._beside = beside
        self._file, self._settings, self._memory = file, file.settings, memory
        self._next, self._stop, self._clock = run_next, stop, clock
        self._write = lines.stamped(write, clock)
        self._session = self._new_session()
        self._retrying = Retrying(self._settings, clock)
        self._watch: Watch | None = None
        self._own = _starting(self._settings, clock)
        self._verdict: Literal["GO", "NO-GO"] | None = None
        self._reconnects = 0
        self.may_fall_back = False
        """Whether the fallback may be tried after its end."""

    # for those who ask

    @property
    def state(self) -> State:
        """The state of the connection; without one, that there is none now."""
        watch, own = self._watch, self._own
        now, moment = self._clock.now(), self._clock.monotonic()
        found = watch.state if watch else replace(own, made=now, made_at=moment)
        return replace(found, smoke=self._verdict, reconnects=self._reconnects)

    def ask(self, what: Ask, seconds: float) -> Future[Answer]:
        watch, own = self._watch, self._own
        if watch is not None:
            return watch.ask(what, seconds)
        answer: Future[Answer] = Future()
        why = own.cause or f"there is no connection to the gateway: {own.condition}"
        answer.set_exception(Unanswered(own.code or own.condition, why))
        return answer

    # its life

    def run(self) -> Exit:
        """Runs to the end. Raises KeyboardInterrupt if it is stopped before it has connected."""
        with ExitStack() as ending:
            if not self._begin(ending):
                return Exit.SETTINGS
            ending.callback(self._leave_no_connection)
            try:
                return self._run()
            except KeyboardInterrupt:
                if self._own.condition == "starting":
                    raise
                self._stop.is_over = True
                self._write(f"stopped ({self._stop.by}); no connection was left open")
                return Exit.LOST

    def _begin(self, ending: ExitStack) -> bool:
        """Serves over HTTP if the settings say so, and notes that it runs. Connects to nothing."""
        wanted, url = self._settings.golive.monitor or MonitorSettings(), None
        notifier = Notifier(self, self._clock)
        ending.callback(notifier.stop)
        notifier.start()
        if wanted.health_port is not None:
            from golive.monitor.served.server import (
                NotServed,
                Server,
            )  # a web server, slow to import

            try:
                at, port = wanted.health_address, wanted.health_port
                beside = self._beside(self, self._file)
                server = Server(self, at, port, self._clock, beside)
                ending.callback(server.stop)
                url = server.start()
            except NotServed as error:
                print(f"golive: settings: {error}", file=sys.stderr, flush=True)
                self._own = replace(self._own, code="not-served", cause=str(error))
                return False
            also = f", {url}/mcp" if beside else ""
            self._write(f"Health: {url}/healthz, {url}/readyz, {url}/metrics{also}")
        if self._memory.is_alone:
            self._enter(url, ending)
        return True

    def _enter(self, url: str | None, ending: ExitStack) -> None:
        where = self._memory.folder, self._memory.aim.endpoint
        try:
            running = RunningMonitor.this_one(url=url)
            running.enter(*where)
        except OSError as error:
            self._write(f"Note: other golive commands cannot find this Monitor: {error}")
        else:
            ending.callback(running.leave, *where)

    def _run(self) -> Exit:
        self._session.announce()
        if trouble := self._first_try():
            self._tell(trouble)
            self._is_disconnected(self._own, trouble.found)
            self.may_fall_back = fallback.helps(trouble.found, self._settings, self._next)
            return trouble.exit
        while True:
            with self._stop.reacting(lambda: None):  # whatever stops it, it closes cleanly
                keeping = Keeping(self._session, self._next, self._stop, self._write, self._clock)
                self._watch = keeping.watch
                lost = keeping.keep()
                if lost is None:
                    return self._stopped(keeping)
                may_try = self._lost(lost, keeping)
            if may_try and self._stop.by:
                raise KeyboardInterrupt  # asked meanwhile; nothing is connected any more
            if not may_try or not self._connected_again():
                return Exit.LOST

    def _leave_no_connection(self) -> None:
        self._own = replace(self.state, condition="stopped", since=self._clock.now())
        self._watch = None
        if self._session.connection is not None:
            self._session.connection.close()

    # opening

    def _new_session(self) -> Session:
        def listen(event: Event) -> None:
            if line := lines.of_event(event, self._settings):
                self._write(line)

        return Session(self._file, self._memory, self._next, self._write, self._clock, listen)

    def _first_try(self) -> Trouble | None:
        """If nothing listens, AutoLaunch may start the gateway; the look before is no attempt."""
        trouble = self._try()
        wanted = self._settings.credentials.auto_launch
        if trouble is None or not trouble.is_down or not wanted:
            return trouble
        try:
            Launch(self._settings, self._session.gateway, self._clock).perform(self._write)
        except (NotLaunched, sockets.NotObservable) as error:
            self._write(str(error))
            return trouble
        return self._try()

    def _try(self) -> Trouble | None:
        """Makes the pre-flight checks and the one attempt of this session, and remembers it."""
        tried, outcome = self._session, "unfinished"
        try:
            trouble = tried.check() or tried.open()
            outcome = trouble.found.code if trouble else ""
        except (AttemptRefused, sockets.NotObservable) as error:
            trouble = tried.unobservable(error)
            outcome = trouble.found.code
        finally:
            tried.remember(outcome) if outcome else tried.keep()
        if self._memory.attempts.made:
            self._verdict = "NO-GO" if trouble else "GO"
        return trouble

    def _connected_again(self) -> bool:
        """Tries until it is connected, by the rules; False if it gives up."""
        told = ""
        while not (why := self._retrying.given_up):
            self._wait()
            if starter.is_gone():
                self._write(f"{starter.OVER}; it does not try again")
                return False
            try:
                self._memory.look_again()
            except NoMemory as error:
                self._write(str(error))
                return False
            self._session = self._new_session()
            trouble = self._try()
            if trouble is None:
                self._reconnects += 1
                return True
            self._is_disconnected(self._own, trouble.found)
            if trouble.found.code == "zombies" or self._memory.attempts.made:
                self._tell(trouble)
            elif trouble.why != told:
                self._write(f"not reconnected yet: {trouble.why}")
            told = trouble.why
            if trouble.found.code == "zombies":
                return False
            self._retrying.tried(is_attempt=bool(self._memory.attempts.made))
        self._write(f"not reconnected: {why}")
        return False

    def _wait(self) -> None:
        """Waits until the next attempt may be made."""
        left = self._retrying.due_at - self._clock.monotonic()
        not_before = self._clock.now() + timedelta(seconds=max(0.0, left))
        self._own = replace(self._own, not_before=not_before)
        say = now_and_then(lambda left: self._write(f"reconnecting in {left:.0f} s"), 60)
        let_pass(self._clock, left, say if left > 2 else lambda left: None)

    # the end of a connection

    def _lost(self, lost: Lost, keeping: Keeping) -> bool:
        """Says why the connection was lost, and returns whether to reconnect.

        The end is remembered: after a failure the cool-down applies to every golive command.
        """
        state = self.state
        zombies = sockets.zombies(self._session.gateway.port_if_seen)
        said = {"against": lost.said} if lost.said else {}
        found = self._session.explained("zombies" if zombies else lost.code, **said)
        self._write(f"disconnected: {lost.reason}")
        may_try = self._settings.credentials.auto_reconnect and not zombies
        self._say(found, in_full=not may_try)
        was_good = self._retrying.has_lasted(keeping.seconds) and not keeping.is_silent
        in_order = lost.code == "connection-lost" and not zombies and was_good
        self._remember(GO if in_order else found.code)
        self._retrying.lost(in_order=in_order)
        self._is_disconnected(state, found)
        self._watch = None
        return may_try

    def _stopped(self, keeping: Keeping) -> Exit:
        """Exit code 0 only if all was well to the end and nothing is left behind."""
        self._stop.is_over = True
        try:
            trouble = self._session.close()
        except sockets.NotObservable as error:
            trouble = self._session.unobservable(error)
        self._remember(trouble.found.code if trouble else keeping.trouble or GO)
        if trouble:
            self._tell(trouble)
            return trouble.exit
        self._write(f"stopped ({self._stop.by}): closed cleanly")
        if not keeping.is_well:
            self._write("There was a problem; see the diagnosis above.")
            return Exit.NO_HANDSHAKE
        return Exit.SUCCESS

    def _remember(self, outcome: str) -> None:
        """Remembers how the connection ended."""
        zombies = sockets.if_observable(lambda: len(self._session.gateway.zombies))
        try:
            self._memory.attempts.end(outcome, zombies)
        except OSError as error:
            self._write(f"Note: the end of the connection cannot be remembered: {error}")

    def _is_disconnected(self, before: State, found: Diagnosis) -> None:
        same, now = before.condition == "disconnected", self._clock.now()
        self._own = replace(
            before,
            condition="disconnected",
            since=before.since if same else now,
            code=found.code,
            cause=found.cause,
            next_steps=tuple(found.next_steps),
            not_before=datetime.fromisoformat(found.not_before) if found.not_before else None,
        )

    # printing

    def _tell(self, trouble: Trouble) -> None:
        self._write(f"\n{trouble.headline}")
        self._say(trouble.found)

    def _say(self, found: Diagnosis, *, in_full: bool = True) -> None:
        cause, *steps = telling.lines(found)
        for line in (cause, *steps) if in_full else (cause,):
            self._write(line)


def _starting(settings: Settings, clock: Clock) -> State:
    """The state before there is a connection."""
    to, wanted = settings.credentials, settings.golive
    return State(
        made=clock.now(),
        made_at=clock.monotonic(),
        host=to.host,
        port=to.port,
        kind=to.kind,
        client_id=to.client_id,
        expected_account=wanted.expected_account,
        expected_positions=wanted.expected_positions,
        heartbeat_seconds=wanted.heartbeat_seconds,
        since=clock.now(),
        may_be_blind=wanted.allow_unobserved_sockets,
    )
