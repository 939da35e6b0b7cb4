"""The Monitor: opens the one connection as the smoke test does, and keeps it until it is stopped.

It says the written procedure's lines, then whatever changes. It is an `asks.Source`: what it knows
may be asked for from any thread, over that one connection.
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
"""Makes what is served at /mcp beside the health, of whoever holds the connection."""


def serve_nothing(source: Source, file: SettingsFile) -> None:
    """Nothing at /mcp."""


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

    Where the settings ask for it (AutoFallback), and the gateway is to blame for there being no
    connection at first, it then runs once on the fallback. Raises KeyboardInterrupt where it is
    stopped before it has been connected; no connection is left. The rest as of `smoke.smoke`.
    """
    write = by_lines(show)
    say = lines.stamped(write, clock)
    file = secrets_json.read(path, on_fallback)
    memory, run_next = session.begin(COMMAND, file, secrets, override, clock)
    on = " on the fallback, TWS paper" if on_fallback else ""
    say(f"golive monitor: keeps the one connection to the gateway{on}")
    try:
        this = Monitor(file, memory, run_next, write, stop, clock, beside)
        exit_code = this.run()
    finally:
        memory.close()
        starter.end()
    if this.may_fall_back:
        say("\nAutoFallback: once more, on the fallback, TWS paper")
        return monitor(path, show, stop, clock, on_fallback=True, secrets=secrets, beside=beside)
    return exit_code


class Monitor:
    """One Monitor, over all the connections that it makes, one after the other."""

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
        """Whether it ended in such a way that the fallback is to be tried."""

    # as those who ask see it

    @property
    def state(self) -> State:
        """That of the connection; that there is none is known as of now."""
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
        """To its end. Raises KeyboardInterrupt where it is stopped before it was connected."""
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
                self._write(f"stopped ({self._stop.by}); no connection is left")
                return Exit.LOST

    def _begin(self, ending: ExitStack) -> bool:
        """Serves over HTTP where the settings say so, and says that it runs. Connects nothing."""
        wanted, url = self._settings.golive.monitor or MonitorSettings(), None
        notifier = Notifier(self, self._clock)
        ending.callback(notifier.stop)
        notifier.start()
        if wanted.health_port is not None:
            from golive.monitor.served.server import NotServed, Server  # a web server: few need it

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
            self._write(f"Note: other programs cannot be told of this Monitor: {error}")
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
            with self._stop.reacting(lambda: None):  # whatever ends it, it is ended in order
                keeping = Keeping(self._session, self._next, self._stop, self._write, self._clock)
                self._watch = keeping.watch
                lost = keeping.keep()
                if lost is None:
                    return self._stopped(keeping)
                may_try = self._lost(lost, keeping)
            if may_try and self._stop.by:
                raise KeyboardInterrupt  # it was asked for meanwhile; nothing is connected any more
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
        """Where nothing listens the gateway may be launched first; that is no attempt."""
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
        """The pre-flight, and the one attempt of this session; remembered."""
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
        """Tries until it is, by the rules; False where nothing more may be tried."""
        told = ""
        while not (why := self._retrying.given_up):
            self._wait()
            if starter.is_gone():
                self._write(f"{starter.OVER}; nothing more is tried")
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
                self._write(f"not connected again yet: {trouble.why}")
            told = trouble.why
            if trouble.found.code == "zombies":
                return False
            self._retrying.tried(is_attempt=bool(self._memory.attempts.made))
        self._write(f"not connected again: {why}")
        return False

    def _wait(self) -> None:
        """Until the next attempt may be made, or looked for what is in its way."""
        left = self._retrying.due_at - self._clock.monotonic()
        not_before = self._clock.now() + timedelta(seconds=max(0.0, left))
        self._own = replace(self._own, not_before=not_before)
        say = now_and_then(lambda left: self._write(f"connecting again in {left:.0f} s"), 60)
        let_pass(self._clock, left, say if left > 2 else lambda left: None)

    # the end of a connection

    def _lost(self, lost: Lost, keeping: Keeping) -> bool:
        """Says so; whether it may be connected again.

        What it was is remembered: from a loss that was no end in order the cool-down counts for
        everybody.
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
        """Exit 0 only where all was well to the last, and nothing is left behind."""
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
            self._write("Not all was well: see above.")
            return Exit.NO_HANDSHAKE
        return Exit.SUCCESS

    def _remember(self, outcome: str) -> None:
        """How the connection that was kept has ended."""
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

    # saying

    def _tell(self, trouble: Trouble) -> None:
        self._write(f"\n{trouble.headline}")
        self._say(trouble.found)

    def _say(self, found: Diagnosis, *, in_full: bool = True) -> None:
        cause, *steps = telling.lines(found)
        for line in (cause, *steps) if in_full else (cause,):
            self._write(line)


def _starting(settings: Settings, clock: Clock) -> State:
    """What is known before there is a connection."""
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
