"""The soak: the run's one connection held for long, with a heartbeat and a look now and then.

It ends at the first thing that is not as it must be, with figures of the time it was held.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from golive.client.heartbeat import TIMES_APART, Ended, Heartbeat
from golive.evidence.record import Sample, Soak
from golive.kit.clock import SYSTEM, Clock, coarsely
from golive.kit.measurements import LONGEST_ANSWER, Latencies, Thinned, least_heartbeats
from golive.kit.text import counted
from golive.machine import forwarders, processes, sockets
from golive.machine.gateway import Gateway

if TYPE_CHECKING:
    from golive.client.connection import Connection

LEAST_PATIENCE = LONGEST_ANSWER
"""Seconds that an answer is waited for, however short the interval."""

MOST_SAMPLES = 722
"""An hour of heartbeats that are five seconds apart is kept whole."""

ASLEEP_SECONDS = 30.0
"""No clock is corrected by so much while all is well, and no heartbeat comes so late."""

ZOMBIES, SUSPENDED, RESTARTED = "zombies", "machine-suspended", "gateway-restarted"
INTERRUPTED = "it was interrupted"


class Soaking:
    """One soak, to be performed once. Times are in seconds; `figures` are those so far.

    `looked` is told of each look, from the first on, which is before the first heartbeat.
    """

    def __init__(
        self,
        connection: Connection,
        gateway: Gateway,
        wanted: float,
        every: float,
        patience: float = LEAST_PATIENCE,
        clock: Clock = SYSTEM,
        looked: Callable[[Sample], None] = lambda sample: None,
    ) -> None:
        self._connection, self._gateway, self._clock = connection, gateway, clock
        self.wanted, self._every, self._patience = wanted, every, max(patience, LEAST_PATIENCE)
        self._looked_around = looked
        self.heartbeats, self.answers = 0, 0
        self.last: Sample | None = None
        self._ended: tuple[str, str] | None = None
        self._held = 0.0
        self._latencies, self._samples = Latencies(), Thinned[Sample](MOST_SAMPLES)
        self._first: Sample | None = None
        self._most_zombies: int | None = None
        self._longest_queue: int | None = None
        self._unseen = 0

    def perform(self, tell: Callable[[float], None] = lambda seconds_left: None) -> Soak:
        """To its end, whatever the gateway does; `tell` hears once a second how long it still is.

        A KeyboardInterrupt, say, goes through; `figures` are there all the same.
        """
        told = coarsely(tell)
        self._begin = self._looked = self._clock.monotonic()
        self._looked_at = self._clock.now()
        self._process = self._gateway.process_if_seen()
        self._listener = sockets.if_observable(lambda: self._gateway.listener)
        self._own = processes.own()
        self._pulse = Heartbeat(
            self._connection, lambda: told(self.wanted - self._elapsed), self._clock
        )
        try:
            self._hold()
        except Ended as error:
            self._ended = self._why(error)
            self._look(None)
        except BaseException:
            self._ended = "unfinished", INTERRUPTED
            raise
        finally:
            self._held = self._elapsed
            self._pulse.release()
        return self.figures

    @property
    def figures(self) -> Soak:
        code, stopped = self._ended or ("", None)
        latencies = self._latencies
        return Soak(
            wanted=self.wanted,
            seconds=round(self._held, 3),
            heartbeats=self.heartbeats,
            answers=self.answers,
            p50_ms=_rounded(latencies.percentile(50)),
            p95_ms=_rounded(latencies.percentile(95)),
            p99_ms=_rounded(latencies.percentile(99)),
            max_ms=_rounded(latencies.longest),
            slope_ms_per_hour=_rounded(latencies.slope_per_hour),
            most_zombies=self._most_zombies,
            unseen=self._unseen,
            longest_accept_queue=self._longest_queue,
            own_memory_growth=self._growth("own_memory"),
            gateway_memory_growth=self._growth("gateway_memory"),
            farm_flaps=self._pulse.notices.farm_flaps,
            notices=self._pulse.told,
            stopped=stopped,
            code=code,
            samples=self._samples.all,
        )

    def _growth(self, what: str) -> int | None:
        first, last = getattr(self._first, what, None), getattr(self.last, what, None)
        return None if first is None or last is None else last - first

    def _hold(self) -> None:
        """Raises Ended. The last heartbeat is at the end of the time, so that all of it is seen."""
        self._refuse_zombies(self._look(None))
        due = 0.0
        while due < self.wanted:
            due = max(min(due + self._every, self.wanted), self._least_due)
            self._pulse.hear(due - self._elapsed)
            self._refuse_sleep(due)
            self.heartbeats += 1
            self._asked = self._elapsed
            answer = self._pulse.beat(self._patience)
            self.answers += 1
            self._latencies.add(self._elapsed, answer)
            self._refuse_zombies(self._look(answer))
        least = least_heartbeats(self.wanted, self._every)
        if self.heartbeats < least:
            raise Ended(SUSPENDED, f"only {self.heartbeats} heartbeats, at least {least} were due")

    _asked = float("-inf")

    @property
    def _least_due(self) -> float:
        return self._asked + min(self._every, TIMES_APART)

    @property
    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._begin

    # what must not be

    def _refuse_zombies(self, sample: Sample) -> None:
        if sample.zombies:
            port = self._gateway.number
            raise Ended(ZOMBIES, f"{counted(sample.zombies, 'zombie')} (CLOSE_WAIT) on port {port}")

    def _refuse_sleep(self, due: float) -> None:
        """What is late by the clock that counts on, or by the one on the wall."""
        if unseen := self._time_unseen:
            raise Ended(SUSPENDED, f"this program did not run for {unseen:.0f} s")
        if (late := self._elapsed - due) > ASLEEP_SECONDS:
            raise Ended(SUSPENDED, f"a heartbeat came {late:.0f} s late")

    @property
    def _time_unseen(self) -> float:
        """How far the two clocks have come apart since the last look; 0 for what is nothing."""
        wall = (self._clock.now() - self._looked_at) / timedelta(seconds=1)
        apart = wall - (self._clock.monotonic() - self._looked)
        return abs(apart) if abs(apart) > ASLEEP_SECONDS else 0.0

    def _why(self, ended: Ended) -> tuple[str, str]:
        """A machine that slept, or a gateway that was restarted, explains the rest."""
        if unseen := self._time_unseen:
            why = f"this program did not run for {unseen:.0f} s"
            return SUSPENDED, why if why == str(ended) else f"{why}; then: {ended}"
        is_still = sockets.if_observable(lambda: self._gateway.is_still(self._listener))
        is_other = is_still is False
        return (RESTARTED if ended.code == "connection-lost" and is_other else ended.code), str(
            ended
        )

    # looking around

    def _look(self, answer_ms: float | None) -> Sample:
        own, theirs = processes.load(self._own), processes.load(self._the_gateways)
        zombies, queue = self._gateway.glance()
        sample = Sample(
            seconds=round(self._elapsed, 3),
            answer_ms=_rounded(answer_ms),
            zombies=zombies,
            accept_queue=queue,
            own_memory=own.memory,
            own_threads=own.threads,
            own_handles=own.handles,
            gateway_memory=theirs.memory,
            gateway_threads=theirs.threads,
            gateway_handles=theirs.handles,
        )
        self._looked, self._looked_at = self._clock.monotonic(), self._clock.now()
        self._count(sample)
        self._looked_around(sample)
        return sample

    @property
    def _the_gateways(self) -> processes.Process | None:
        """Its process, where it listens itself."""
        listener = self._process
        is_another = listener is not None and forwarders.kind(listener.name) == "forwarder"
        return None if is_another else listener

    def _count(self, sample: Sample) -> None:
        self._samples.add(sample)
        self._first, self.last = self._first or sample, sample
        self._unseen += sample.zombies is None
        self._most_zombies = _most(self._most_zombies, sample.zombies)
        self._longest_queue = _most(self._longest_queue, sample.accept_queue)


def most_zombies(held: Soak) -> int:
    """At once. Raises sockets.NotObservable where none was seen, but not each look was possible."""
    if held.unseen and not held.most_zombies:
        raise sockets.NotObservable(
            f"the gateway's sockets were not observed in {held.unseen} of the samples"
        )
    return held.most_zombies or 0


def _most(so_far: int | None, now: int | None) -> int | None:
    seen = [each for each in (so_far, now) if each is not None]
    return max(seen, default=None)


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)
