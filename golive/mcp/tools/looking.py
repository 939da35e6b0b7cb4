"""What check-gateway answers: the gateway as seen from outside, without connecting.

It looks at what the pre-flight looks at, but does not wait and takes no lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from golive.diagnosis import diagnose, seen_on_disk
from golive.diagnosis.diagnose import Next
from golive.diagnosis.seen import Seen
from golive.discipline.earlier_attempts import Aim, discipline, state_folder
from golive.discipline.journal import Journal
from golive.discipline.rules import Discipline
from golive.kit import masking, typed
from golive.kit.clock import SYSTEM, Clock
from golive.kit.text import printable
from golive.machine import stale_clients
from golive.machine.gateway import Gateway
from golive.machine.on_disk import reading
from golive.machine.sockets import Answer, NotObservable, Socket, SocketTable
from golive.mcp.tools.shapes import Endpoint, GatewayLook, LastAttempt, Problem
from golive.run.session import next_after
from golive.settings.secrets_json import SettingsFile

COMMAND, MONITOR = f"{typed.GOLIVE} mcp", f"{typed.GOLIVE} monitor"


class Looking:
    """The gateway in these settings; the processes `own` have the connection that is ours."""

    def __init__(
        self,
        file: SettingsFile,
        own: Iterable[int] = (),
        clock: Clock = SYSTEM,
        again: str = MONITOR,
    ) -> None:
        """`again` is what a next attempt would be made by."""
        self._file, self._own, self._clock = file, frozenset({os.getpid(), *own}), clock
        self._aim = Aim.of(file)
        self._next = replace(next_after(COMMAND, file), again=again)

    def look(self, *, is_held: bool) -> GatewayLook:
        """What is seen now. `is_held`: ours is open, so the rules about attempts do not matter."""
        seen = _Look(self._file, self._own, _discipline(self._aim, self._clock), self._clock)
        return seen.told(is_held, self._next)


class _Look:
    """One look. `untold` is what could not be seen, and why."""

    def __init__(
        self, file: SettingsFile, own: frozenset[int], rules: Discipline, clock: Clock
    ) -> None:
        self._settings, self._own, self._rules = file.settings, own, rules
        to, self._now = file.settings.credentials, clock.now()
        self._gateway = gateway = Gateway(to.port, SocketTable(to.host), clock)
        self._untold: list[str] = []
        self._listeners = self._seen(lambda: gateway.listeners)
        self._zombies = self._seen(lambda: gateway.zombies)
        self._others = self._seen(self._other_clients)
        self._is_blind = bool(self._untold) and not file.settings.golive.allow_unobserved_sockets
        self._queue = self._seen(gateway.accept_queue) if self._listeners else None
        self._process = gateway.process_if_seen()

    def _other_clients(self) -> list[Socket]:
        """Who is connected besides us. Raises NotObservable where it may be a Monitor of ours, of
        which the process that has the connection is not told.
        """
        others = [each for each in self._gateway.clients if each.pid not in self._own]
        has_a_monitor = self._own != {os.getpid()}
        if has_a_monitor and len(others) == 1 and others[0].pid is None:
            raise NotObservable(
                "the process that holds the one connection to the port is not observed"
            )
        return others

    def told(self, is_held: bool, run_next: Next) -> GatewayLook:
        to, process, step = self._settings.credentials, self._process, self._step(is_held)
        return GatewayLook(
            endpoint=Endpoint(host=to.host, port=to.port, kind=to.kind, client_id=to.client_id),
            as_of=self._now,
            listening=None if self._listeners is None else bool(self._listeners),
            process=printable(process.name) if process else None,
            pid=process.pid if process else None,
            up_seconds=round(self._seconds_since(process.started), 1) if process else None,
            zombies=_count(self._zombies),
            accept_queue=self._queue,
            other_clients=_count(self._others),
            not_observable=list(dict.fromkeys(map(printable, self._untold))),
            last_attempt=self._last_attempt(),
            attempt_not_before=None if is_held else self._rules.refused_until,
            problem=self._diagnosed(step, run_next) if step else self._too_early(is_held),
        )

    def _seen(self, look: Callable[[], Answer]) -> Answer | None:
        try:
            return look()
        except NotObservable as error:
            self._untold.append(str(error))
            return None

    def _step(self, is_held: bool) -> str:
        """The first pre-flight check that fails; "" if none does."""
        rules, started = self._rules, self._process.started if self._process else None
        attempts = {
            "environment.cool-down": rules.quick_retry,
            "environment.no-flipping": rules.flipping,
        }
        found = {
            **({} if is_held else attempts),
            "environment.no-zombies": self._zombies,
            "gateway.listening": self._listeners == [],
            "gateway.restarted": not is_held and rules.no_restart(started),
            "gateway.no-other-client": self._others or self._is_blind,
            "gateway.accept-queue": self._queue,
        }
        return next((step for step, holds_not in found.items() if holds_not), "")

    def _diagnosed(self, step: str, run_next: Next) -> Problem:
        seen = Seen(
            step,
            self._settings,
            self._gateway.port_if_seen,
            self._now,
            unobserved=self._untold[0] if self._is_blind and not self._others else "",
            discipline=self._rules,
            listener=self._process,
            others=self._strangers(),
            other_listeners=self._gateway.other_listeners,
        )
        found = diagnose.diagnose(seen_on_disk.added_to(seen), run_next)
        return self._problem(
            found.code,
            found.cause,
            [*found.next_steps, *found.if_that_fails],
            datetime.fromisoformat(found.not_before) if found.not_before else None,
        )

    def _strangers(self) -> tuple[stale_clients.StaleClient, ...]:
        found = stale_clients.find(self._gateway, self._settings)
        return tuple(each for each in found if each.pid not in self._own)

    def _too_early(self, is_held: bool) -> Problem | None:
        """A gateway that has been up for less than the initialization time is not touched."""
        if is_held or self._process is None:
            return None
        login = reading.logged_in(self._settings, self._now)
        since = max(filter(None, (self._process.started, login)))
        wanted = self._settings.golive.initialization_seconds
        if (up := self._seconds_since(since)) >= wanted:
            return None
        return self._problem(
            "too-early",
            f"the gateway has been up for {up:.0f} s; {wanted:g} s are needed",
            ["Wait. Do not touch its window, and do not connect to it."],
            since + timedelta(seconds=wanted),
        )

    def _problem(
        self, code: str, cause: str, next_steps: Sequence[str], not_before: datetime | None
    ) -> Problem:
        def shown(text: str) -> str:
            return printable(masking.without(self._settings.secret_words, text))

        steps = [shown(each) for each in next_steps]
        return Problem(code=code, cause=shown(cause), next_steps=steps, not_before=not_before)

    def _last_attempt(self) -> LastAttempt | None:
        at = [each for each in self._rules.past if each.endpoint == self._rules.endpoint]
        if not at:
            return None
        last = at[-1]
        return LastAttempt(
            begun=last.begun, ended=last.ended, outcome=last.outcome, client_id=last.client_id
        )

    def _seconds_since(self, moment: datetime) -> float:
        return max(0.0, (self._now - moment).total_seconds())


def _discipline(aim: Aim, clock: Clock) -> Discipline:
    """The rules, as far as earlier attempts can be read."""
    folder = state_folder()
    try:
        entries = Journal(folder).read().entries
    except OSError:
        entries = ()
    return discipline(entries, folder, aim, clock)


def _count(found: Sequence[Socket] | None) -> int | None:
    return None if found is None else len(found)
