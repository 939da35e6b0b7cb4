"""The procedure's rules about earlier attempts, applied to the journal. Nothing is done here.

The rules: no quick retry, no attempt on a gateway with zombies before it was restarted, no other
client id, no switching back and forth between endpoints.

An attempt failed unless it ended with GO. An attempt without an end was killed, and so failed.
After each failure the cool-down holds. However short the settings make it, the wait is at least
1 s, and this minimum doubles with each failure in a row, up to five minutes.

Attempts are ordered as they were written, whatever the clock said. Their times are converted to
the clock as it is set now (`elapsed`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from golive.discipline.journal import ALIVE, BEGUN, GO, NO_OUTCOMES, Entry
from golive.discipline.one_run import Holder
from golive.machine import processes

SERIES_GAP = timedelta(hours=1)
"""After this long without an attempt, a new series of failures begins."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(minutes=5)
"""The shortest wait after a failure. It doubles with each further failure, up to the longest."""

A_WHILE = timedelta(minutes=1)
"""A connection that lasted longer than any handshake was good for a while."""

MOST_DOUBLINGS = 16
"""Far more than the longest wait needs."""


def least_wait(failures: int) -> timedelta:
    """The shortest wait after this many failures in a row, whatever the cool-down."""
    if failures <= 0:
        return timedelta(0)
    doubled: timedelta = FIRST_WAIT * 2 ** min(failures - 1, MOST_DOUBLINGS)
    return min(doubled, LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Made:
    """One attempt of the past. `ended` is None for one whose end is not remembered.

    `alive` is when whoever made it was last seen to be at work, and `written` what the clock told
    when that was written down, before it was set anew.
    """

    endpoint: str
    client_id: int
    begun: datetime
    ended: datetime | None
    outcome: str
    zombies: int | None = None
    alive: datetime | None = None
    is_dated: bool = True
    """Whether it is known when that was."""
    written: datetime | None = None
    run: str = ""

    @property
    def has_failed(self) -> bool:
        return self.outcome != GO

    @property
    def in_words(self) -> str:
        """Its outcome; a run that was killed has none."""
        return "no outcome (the run was killed)" if self.outcome == BEGUN else self.outcome

    @property
    def last_seen(self) -> datetime:
        return self.ended or self.alive or self.begun

    @property
    def failing_since(self) -> datetime:
        """Its beginning; if its connection was good for a while, the end of that."""
        return self.last_seen if self.last_seen - self.begun > A_WHILE else self.begun


def made(entries: Iterable[Entry]) -> list[Made]:
    """The attempts the entries tell of. An end whose beginning is damaged is one as well."""
    found: list[Made] = []
    open_: dict[tuple[str, str], int] = {}
    for each in entries:
        whose = each.run, each.endpoint
        if each.outcome in NO_OUTCOMES:
            if each.outcome == ALIVE and whose in open_:
                at = open_[whose]
                found[at] = replace(found[at], alive=each.time, is_dated=each.is_dated)
            continue
        if each.outcome == BEGUN:
            open_[whose] = len(found)
        if each.outcome == BEGUN or whose not in open_:
            ended = None if each.outcome == BEGUN else each.time
            begin = Made(
                each.endpoint, each.client_id, each.time, ended, each.outcome, run=each.run
            )
            found.append(_as_told(begin, each))
        else:
            at = open_.pop(whose)
            found[at] = _as_told(replace(found[at], ended=each.time, outcome=each.outcome), each)
    return found


def _as_told(attempt: Made, entry: Entry) -> Made:
    dated = replace(attempt, is_dated=entry.is_dated, written=entry.written)
    return replace(dated, zombies=entry.zombies)


CLOCKS_APART = timedelta(seconds=10)
UNDATED = (
    "The clock has since been set back, so it is not known how long ago that was."
    ' If it was long enough, add: --override "reason"'
)


@dataclass(frozen=True, slots=True)
class Discipline:
    """The rules for an attempt at `endpoint` now. Endpoints have the names of the journal.

    `known` are the endpoints between which nobody may switch back and forth: the four known ports
    of this machine, the configured primary and the fallback. `cooldown` is the shortest time
    between a failed attempt and the next.
    """

    past: tuple[Made, ...]
    endpoint: str
    known: frozenset[str]
    now: datetime
    cooldown: timedelta

    @property
    def last_client_id(self) -> int | None:
        """That of the last attempt at this endpoint."""
        last = _last(self._at(self.endpoint))
        return last.client_id if last else None

    @property
    def last_failed(self) -> Made | None:
        """One in the future, from a clock that was set back since, only until the next GO."""
        since_go = self._failures(self.endpoint)
        failed = [each for each in self._at(self.endpoint) if each.has_failed]
        return _last([each for each in failed if each.last_seen <= self.now or each in since_go])

    @property
    def cooling_until(self) -> datetime | None:
        """Until when the last failure forbids an attempt; None: it does not."""
        last = self.last_failed
        return self._until(last.last_seen, self.wait_after(self.in_a_row)) if last else None

    @property
    def in_a_row(self) -> int:
        """How many attempts here have failed since the last GO, one soon after the other."""
        return len(self._series(self.endpoint))

    def wait_after(self, failures: int) -> timedelta:
        """How long to wait after this many failures in a row."""
        return max(self.cooldown, least_wait(failures))

    @property
    def is_dated(self) -> bool:
        """Whether it is known when the last attempt failed: the clock was not set back since."""
        return self.last_failed is None or self.last_failed.is_dated

    @property
    def zombies_left(self) -> Made | None:
        """The last attempt that left zombies, where none has been GO since."""
        return _last([each for each in self._failures(self.endpoint) if each.zombies])

    def is_restarted(self, gateway_started: datetime | None) -> bool:
        """Whether the gateway was started after zombies were left; unknown is not proven."""
        left = self.zombies_left
        if left is None or gateway_started is None:
            return left is None
        by_either = gateway_started > (left.written or left.last_seen)
        return gateway_started > left.last_seen and (processes.STARTS_FOLLOW_THE_CLOCK or by_either)

    @property
    def flips(self) -> list[Made]:
        """The attempts of this cool-down at another endpoint than the one before them."""
        at_known = [each for each in self.past if each.endpoint in self.known]
        pairs = pairwise(at_known)
        changes = [new for old, new in pairs if old.endpoint != new.endpoint]
        return [each for each in changes if self._until(each.begun, self.cooldown)]

    @property
    def no_flip_until(self) -> datetime | None:
        """Until when a switch to here would be the second in a cool-down; None: it is not."""
        before = _last([each for each in self.past if each.endpoint in self.known])
        is_change = before is not None and before.endpoint != self.endpoint
        if not is_change or self.endpoint not in self.known or not self.flips:
            return None
        return self._until(self.flips[-1].begun, self.cooldown)

    def open_attempt(self, holder: Holder | None) -> Made | None:
        """The one of a run that is alive and holds the endpoint, or of a program it started.

        Where the holder is not known, the last attempt counts as its own.
        """
        last = _last(self._at(self.endpoint))
        if last is None or last.outcome != BEGUN:
            return None
        if holder is None or last.run == holder.run or last.begun >= holder.since:
            return last
        return None

    def beside(self, holder: Holder | None) -> Discipline:
        """The same beside a run that is alive: its open attempt has not failed.

        If it ends in order, it is no reason to wait. This decides no rule, only what is told.
        """
        open_ = self.open_attempt(holder)
        past = (replace(each, outcome=GO) if each is open_ else each for each in self.past)
        return replace(self, past=tuple(past))

    @property
    def refused_until(self) -> datetime | None:
        """Until when no attempt may be made here, for either reason; None: it may."""
        return max(filter(None, (self.cooling_until, self.no_flip_until)), default=None)

    # what is against an attempt, in words; None where nothing is

    def other_client_id(self, configured: int) -> str | None:
        last = self.last_client_id
        return None if last in (None, configured) else f"the last attempt used client id {last}"

    @property
    def quick_retry(self) -> str | None:
        until = self.cooling_until
        if until is None:
            return None
        unknown = "" if self.is_dated else f". {UNDATED}"
        return f"the last attempt failed; the next is allowed from {_clock(until)}{unknown}"

    @property
    def flipping(self) -> str | None:
        until = self.no_flip_until
        return f"the endpoint may change again from {_clock(until)}" if until else None

    def no_restart(self, gateway_started: datetime | None) -> str | None:
        if self.is_restarted(gateway_started):
            return None
        unknown = ', as far as is known; if it was, add: --override "reason"'
        left = "an earlier attempt left zombies, and the gateway was not restarted since"
        is_known = gateway_started is not None and self._is_clock_as_it_was
        return left + ("" if is_known else unknown)

    @property
    def _is_clock_as_it_was(self) -> bool:
        """Whether nothing but NTP has set it since zombies were left."""
        left = self.zombies_left
        if left is None or left.written is None:
            return True
        return left.is_dated and abs(left.written - left.last_seen) < CLOCKS_APART

    def first_failure(self, endpoint: str) -> datetime | None:
        """When the present series of failures at an endpoint began: since its last GO.

        After more than an hour without an attempt there another series begins.
        """
        series = self._series(endpoint)
        return series[0].failing_since if series else None

    def _series(self, endpoint: str) -> list[Made]:
        series: list[Made] = []
        later = self.now
        for each in reversed(self._failures(endpoint)):
            if later - each.last_seen > SERIES_GAP:
                break
            series, later = [each, *series], each.begun
        return series

    def _at(self, endpoint: str) -> list[Made]:
        return [each for each in self.past if each.endpoint == endpoint]

    def _failures(self, endpoint: str) -> list[Made]:
        """The failed attempts at an endpoint since its last GO."""
        failures: list[Made] = []
        for each in self._at(endpoint):
            failures = [*failures, each] if each.has_failed else []
        return failures

    def _until(self, moment: datetime, wait: timedelta) -> datetime | None:
        """The end of a wait after a moment, where it is to come.

        Never further away than the wait: a moment in the future comes from a clock that was set
        back, and nobody knows how long ago it was.
        """
        left = min(wait, wait - (self.now - moment))
        return self.now + left if left > timedelta(0) else None


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M:%S} local time"


def _last(found: list[Made]) -> Made | None:
    return found[-1] if found else None
