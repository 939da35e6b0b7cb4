"""What a run knows about earlier runs, and records for later ones, in the user's state folder.

It holds the endpoint's lock while the run lasts, applies the rules about earlier attempts, and
records each rule that the operator overrides. A program that a run starts as its part works under
the lock of that run.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import platformdirs
from pydantic import ValidationError

from golive.discipline import elapsed, starter
from golive.discipline import state_folder as folders
from golive.discipline.attempts import Attempts, endpoint
from golive.discipline.journal import ALIVE, LOOKED, Entry, Journal
from golive.discipline.one_run import Holder, OneRun, file_name
from golive.discipline.rules import Discipline, made
from golive.evidence.record import Override
from golive.kit import files
from golive.kit.clock import SYSTEM, Clock
from golive.machine.sockets import Port
from golive.settings.model import PORTS
from golive.settings.secrets_json import SettingsFile

THIS_MACHINE = "127.0.0.1"

ALIVE_SECONDS = 2.0
"""Seconds between the signs of life of whoever keeps a connection."""


class NoMemory(Exception):
    """Attempts cannot be remembered, so none may be made. One line, fit to be shown."""

    def __init__(self, folder: Path, error: OSError) -> None:
        why = error.strerror or str(error)
        super().__init__(
            f"{error.filename or folder}: {why}; golive does not run where it cannot record its"
            " attempts (GOLIVE_STATE can name another folder)"
        )


def state_folder() -> Path:
    """GOLIVE_STATE, else the user's folder for what programs remember."""
    chosen = os.environ.get("GOLIVE_STATE")
    if chosen:
        return Path(chosen)
    return platformdirs.user_state_path("golive", appauthor=False)


def prepare(folder: Path) -> Path:
    """The folder, made where it is missing, with a journal to write to. Raises NoMemory.

    One without a full path would be another wherever a run is started, with a lock of its own.
    """
    try:
        if not folder.is_absolute():
            raise OSError(errno.EINVAL, "not a full path", str(folder))
        folders.prepare(folder)
        Journal(folder).prepare()
    except OSError as error:
        raise NoMemory(folder, error) from None
    return folder


@dataclass(frozen=True, slots=True)
class Aim:
    """What is tried: an endpoint, and the primary and fallback of the settings beside it."""

    endpoint: str
    primary: str
    fallback: str
    cooldown: timedelta

    @classmethod
    def of(cls, file: SettingsFile) -> Aim:
        """That of the settings, wherever the file is aimed."""
        primary, to = file.primary.credentials, file.settings.credentials
        golive = file.settings.golive
        return cls(
            endpoint(to.host, to.port),
            endpoint(primary.host, primary.port),
            endpoint(primary.host, golive.fallback.port),
            timedelta(seconds=golive.retry_cooldown_seconds),
        )

    @property
    def known(self) -> frozenset[str]:
        """Between these one may not flip."""
        ours = (endpoint(THIS_MACHINE, port) for port in PORTS)
        return frozenset({self.primary, self.fallback, *ours})

    @property
    def is_at_the_fallback(self) -> bool:
        """Also where the settings name TWS paper as the primary."""
        return self.endpoint == self.fallback


class Memory:
    """From the beginning of a run to its end. Begins by taking the lock. Raises NoMemory.

    `reading` is the journal, and `discipline` the rules about it, as they are at that moment.
    """

    def __init__(
        self,
        folder: Path,
        aim: Aim,
        run: str,
        override: str | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self.aim, self.reason = aim, override
        self.journal = Journal(prepare(folder))
        self.overrides: list[Override] = []
        self.folder, self._run, self._clock = folder, run, clock
        self._lock = OneRun(folder, aim.endpoint)
        self._alive_at = float("-inf")
        self.attempts = self._new_attempts(override)
        try:
            self.is_alone = self.keep_lock()
            self._look_back()
        except OSError as error:
            raise NoMemory(folder, error) from None

    def _new_attempts(self, override: str | None) -> Attempts:
        found = Attempts(self._clock, self.journal, self._run, override)
        found.forbidden = self.forbidden
        return found

    def _look_back(self) -> None:
        self._read()
        last = self.discipline.last_failed
        if self.is_alone and last is not None and last.last_seen > self.discipline.now:
            self._note_the_time(last.client_id)
            self._read()

    def _read(self) -> None:
        self.reading = self.journal.read()
        self.discipline = discipline(self.reading.entries, self.folder, self.aim, self._clock)

    def _note_the_time(self, client_id: int) -> None:
        """The clock was set back before what is remembered: time counts by it from now on."""
        self.journal.append(self._entry(LOOKED, client_id))

    def _entry(self, outcome: str, client_id: int = 0) -> Entry:
        moment, run, here = elapsed.now(self._clock), self._run, self.aim.endpoint
        dated = {"time": moment.time, "boot": moment.boot, "uptime": moment.uptime}
        noted = {"run": run, "endpoint": here, "client_id": client_id, "outcome": outcome}
        return Entry.model_validate(dated | noted)

    def still_there(self) -> None:
        """A sign of life of whoever keeps a connection, which dates its end should it be killed."""
        moment = self._clock.monotonic()
        if moment - self._alive_at < ALIVE_SECONDS:
            return
        self._alive_at = moment
        sign = self._entry(ALIVE)
        with suppress(OSError):
            files.write(_sign_of_life(self.folder, self.aim.endpoint), sign.model_dump_json())

    def forbidden(self) -> str:
        """What rules an attempt out by now, in words; "" for nothing."""
        if starter.is_gone():
            return starter.OVER
        lost = self._lock.why_lost
        return f"this run no longer holds the lock of the endpoint: {lost}" if lost else ""

    def look_again(self) -> None:
        """Lets one more attempt be made, by the rules as they are now. Raises NoMemory.

        For who connects again: the reason to override a rule was one for the first attempt.
        """
        self.reason, self.overrides = None, []
        self.attempts = self._new_attempts(None)
        try:
            self.is_alone = self.keep_lock()
            self._look_back()
        except OSError as error:
            raise NoMemory(self.folder, error) from None

    def keep_lock(self) -> bool:
        """Whether this has the endpoint, if only as a part of the run that has started it.

        Once that run has ended the lock becomes this one's. Raises OSError.
        """
        lock = self._lock
        if not lock.is_ours:
            self.folder.mkdir(0o700, parents=True, exist_ok=True)  # should somebody have removed it
        if lock.is_ours or lock.begin(self._run, self._clock.now()):
            return True
        return lock.begin_as_part()

    @property
    def other_run(self) -> Holder | None:
        """Who has the endpoint, where another run does; None also where that is not told."""
        return None if self.is_alone else self._lock.holder

    def allows(self, step_id: str, found: str | None) -> bool:
        """Whether nothing was found against it, or the operator lets that pass; that is noted."""
        if found is None:
            return True
        if self.reason is None:
            return False
        noted = Override(step=step_id, reason=self.reason, found=found)
        if noted not in self.overrides:
            self.overrides.append(noted)
        return True

    @property
    def first_failure(self) -> datetime | None:
        """Since when the primary endpoint fails: its first failed attempt of the present series.

        This run's own attempt counts as failed, unless it was GO; None where there was none.
        """
        before, own = self.discipline.first_failure(self.aim.primary), self.attempts
        if self.aim.endpoint != self.aim.primary:
            return before
        return own.failing_since if own.was_good else before or own.failing_since

    def end(self, outcome: str, after: Port | None) -> None:
        """Remembers what became of the attempt, if one was made. Raises OSError."""
        self.attempts.end(outcome, None if after is None else len(after.close_wait))

    def close(self) -> None:
        """Lets the lock go."""
        self._lock.end()


def discipline(entries: Iterable[Entry], folder: Path, aim: Aim, clock: Clock) -> Discipline:
    """The rules by these entries of the journal in a folder, as of now."""
    moment = elapsed.now(clock)
    known = [*entries, *_signs_of_life(folder, aim.endpoint)]
    past = tuple(made(elapsed.as_of(known, moment)))
    return Discipline(past, aim.endpoint, aim.known, moment.time, aim.cooldown)


def _sign_of_life(folder: Path, endpoint: str) -> Path:
    return folder / f"{file_name(endpoint)}.alive.json"


def _signs_of_life(folder: Path, endpoint: str) -> list[Entry]:
    """The last one, where there is one."""
    try:
        return [Entry.model_validate_json(files.own_contents(_sign_of_life(folder, endpoint)))]
    except (OSError, ValidationError):
        return []
