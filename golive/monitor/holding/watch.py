"""Watches a held connection: sends heartbeats that must be answered, and keeps its state."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

from golive.client.transport import Closing
from golive.diagnosis import diagnose
from golive.diagnosis.diagnose import Next
from golive.diagnosis.seen import Seen
from golive.kit import typed
from golive.kit.clock import SYSTEM, Clock
from golive.machine import sockets
from golive.machine.gateway import Gateway
from golive.monitor.holding.held import Held
from golive.monitor.holding.requests import Answer, Ask
from golive.monitor.holding.stale_answers import TOO_MANY_ACCOUNTS, Doubt
from golive.monitor.holding.state import Condition, State
from golive.settings.model import Settings

ANSWER_SECONDS = 1.8
"""The limit for an answer: a silent gateway is noticed within the interval and two seconds."""

LOOK_SECONDS = 3.0
"""Between two looks at the sockets, where nothing is wrong."""

REFRESH_SECONDS = 60.0
"""After this long the positions are asked for again, in case a subscription was lost silently."""

SUMMARY_SECONDS = 600.0
"""The same of the summary, whose subscriptions are few."""

REFRESH_BOUND_SECONDS = 10.0

RETRY_SECONDS = 1.1
"""Between two requests for positions or summary as long as they are not whole."""

VAIN_SECONDS = 2.0
"""After so long without any positions, the reason is shown if it is known."""

NEVER = float("-inf")
MONITOR = Next(f"{typed.GOLIVE} monitor")


class Watch:
    """Whoever owns the connection serves it by `serve`; from any thread it can be asked.

    It is an `asks.Source`. Nothing is said to be well because nothing was heard.
    """

    def __init__(
        self,
        held: Held,
        settings: Settings,
        gateway: Gateway,
        clock: Clock = SYSTEM,
        run_next: Next = MONITOR,
    ) -> None:
        self.held = held
        self._settings, self._gateway, self._clock, self._next = settings, gateway, clock, run_next
        self._every = settings.golive.heartbeat_seconds
        self._look_seconds = min(LOOK_SECONDS, self._every)
        self._beat: Future[Answer] | None = None
        self._beat_at = self._looked_at = NEVER
        self._heartbeats = 0
        self._answer_ms: float | None = None
        self._missed_at: float | None = None
        self._asked_anew: dict[Ask, tuple[float, Future[Answer]]] = {}
        self._zombies: int | None = None
        self._zombies_at: float | None = None
        self._is_woken = False
        self._first_asked_at: float | None = None
        self._advised_of: Doubt | None = None
        self._state = self._first()

    @property
    def state(self) -> State:
        return self._state

    def ask(self, what: Ask, seconds: float) -> Future[Answer]:
        return self.held.ask(what, seconds)

    def serve(self, seconds: float, until: Callable[[State], bool] = lambda state: False) -> bool:
        """Serves, sends heartbeats and keeps the state, for so long or until somebody wakes it.

        Returns at once where the connection has ended, or the state is one that is waited for; and
        whether somebody has woken it.
        """
        end = self._clock.monotonic() + seconds
        self._attend()
        while not (self._is_woken or self.held.lost or until(self._state)):
            now = self._clock.monotonic()
            if now >= end:
                break
            self._is_woken |= self.held.serve(max(0.0, min(end, self._due_at) - now))
            self._attend()
        woken, self._is_woken = self._is_woken, False
        return woken

    def close(self) -> Closing:
        """Closes the connection, and says so."""
        closing = self.held.close()
        self._attend()
        return closing

    # heartbeats

    @property
    def _next_beat_at(self) -> float:
        """Never so soon after another answer that it could not be sent at once."""
        every = 0.0 if self._is_heard_again and not self.held.times_owed else self._every
        return max(self._beat_at + every, self.held.leaves_at(Ask.TIME))

    @property
    def _due_at(self) -> float:
        look_at = self._looked_at + self._look_seconds
        return look_at if self._beat else min(look_at, self._next_beat_at)

    def _attend(self) -> None:
        """All that is due."""
        self._end_beat()
        self._begin_beat()
        self._ask_anew()
        is_due = self._clock.monotonic() >= self._looked_at + self._look_seconds
        if is_due or self._condition != self._state.condition:
            self._look()
        self._state = self._now()

    def _end_beat(self) -> None:
        if self._beat is None or not self._beat.done():
            return
        beat, self._beat = self._beat, None
        if beat.exception() is not None:
            if self.held.lost is None:
                self._missed_at = self._clock.monotonic()
        elif not (self._is_mute and self.held.times_owed):
            self._answer_ms, self._missed_at = beat.result().milliseconds, None

    def _begin_beat(self) -> None:
        now = self._clock.monotonic()
        if self._beat is None and now >= self._next_beat_at and not self.held.lost:
            self._beat_at, self._heartbeats = now, self._heartbeats + 1
            self._beat = self.held.ask(Ask.TIME, ANSWER_SECONDS)

    @property
    def _is_mute(self) -> bool:
        """A heartbeat was not answered, and none in time since: a late answer is to an old one."""
        return self._missed_at is not None

    @property
    def _is_heard_again(self) -> bool:
        return self._missed_at is not None and (self.held.answered_at or NEVER) > self._missed_at

    @property
    def _is_unconfirmed(self) -> bool:
        """Whether the positions were asked for anew in vain, or nobody was awake to ask."""
        told = self.held.kept.confirmed_at
        most = REFRESH_SECONDS + REFRESH_BOUND_SECONDS
        return told is not None and self._clock.monotonic() - told > most

    @property
    def _is_asked_in_vain(self) -> bool:
        """Whether positions were asked for a while ago, and never came."""
        asked_at = self._first_asked_at
        is_late = asked_at is not None and self._clock.monotonic() - asked_at >= VAIN_SECONDS
        return is_late and self.held.kept.positions is None

    # what is kept current

    def _ask_anew(self) -> None:
        kept = self.held.kept
        if self.held.lost or kept.link_lost or (self._is_mute and not self._is_heard_again):
            return
        is_whole = {
            Ask.POSITIONS: bool(kept.positions and kept.positions.is_complete)
            and not self._is_unconfirmed,
            Ask.SUMMARY: bool(kept.summary and kept.summary.has_ended)
            and not self._is_heard_again,  # its number tells which times are answered
        }
        refresh = {Ask.POSITIONS: REFRESH_SECONDS, Ask.SUMMARY: SUMMARY_SECONDS}
        for what, whole in is_whole.items():
            now, earlier = self._clock.monotonic(), self._asked_anew.get(what)
            wait = refresh[what] if whole else RETRY_SECONDS
            if earlier is None or (earlier[1].done() and now - earlier[0] >= wait):
                self._first_asked_at = self._first_asked_at or now
                self._asked_anew[what] = (now, self.held.ask(what, REFRESH_BOUND_SECONDS))

    def _look(self) -> None:
        """Counts the zombies. Our own socket is one until its FIN has been read."""
        found = self._zombies_seen()
        if found and not self.held.lost:
            self._is_woken |= self.held.serve(0)
            found = self._zombies_seen() if self.held.lost else found
        self._looked_at = self._clock.monotonic()
        self._zombies = found
        self._zombies_at = self._looked_at if found is not None else None

    def _zombies_seen(self) -> int | None:
        found = sockets.if_observable(lambda: self._gateway.zombies)
        return None if found is None else len(found)

    # the state

    @property
    def _condition(self) -> Condition:
        if lost := self.held.lost:
            return "stopped" if lost.code == "stopped" else "disconnected"
        if self.held.kept.link_lost:
            return "connectivity-lost"
        if self._is_mute:
            return "half-open"
        return "connected" if self.held.answered_at is not None else "starting"

    @property
    def _code(self) -> str:
        """In the order of the decision tree."""
        lost, condition = self.held.lost, self._condition
        if self._zombies:
            return "zombies"
        if lost and condition == "disconnected":
            return lost.code
        if condition == "half-open":
            return condition
        if doubt := self.held.kept.doubt:
            return doubt.code
        if condition == "connectivity-lost":
            return condition
        if self._is_asked_in_vain and self.held.has_too_many_accounts:
            return TOO_MANY_ACCOUNTS
        is_stale = condition == "connected" and self._is_unconfirmed
        return "positions-incomplete" if is_stale else ""

    def _first(self) -> State:
        settings, handshake = self._settings, self.held.handshake
        return State(
            made=self._clock.now(),
            made_at=self._clock.monotonic(),
            host=settings.credentials.host,
            port=self._gateway.number,
            kind=settings.credentials.kind,
            client_id=settings.credentials.client_id,
            expected_account=settings.golive.expected_account,
            expected_positions=settings.golive.expected_positions,
            heartbeat_seconds=self._every,
            since=self._clock.now(),
            handshake_ms=handshake.complete_ms,
            server_version=handshake.server_version,
            may_be_blind=settings.golive.allow_unobserved_sockets,
        )

    def _now(self) -> State:
        before, held, kept = self._state, self.held, self.held.kept
        now, condition = self._clock.now(), self._condition
        return replace(
            self._advised(before),
            made=now,
            made_at=self._clock.monotonic(),
            condition=condition,
            since=before.since if condition == before.condition else now,
            heartbeats=self._heartbeats,
            answers=held.answers,
            answer_ms=self._answer_ms,
            answered_at=held.answered_at,
            positions=kept.positions,
            positions_at=kept.positions_at,
            zombies=self._zombies,
            zombies_at=self._zombies_at,
            farms=dict(kept.notices.farms),
            notices=kept.notices.told,
            notices_left_out=kept.notices.left_out,
            messages={each.value: count for each, count in kept.notices.kinds.items()},
        )

    def _advised(self, before: State) -> State:
        """With the diagnosis, which is made once for what is wrong."""
        doubt, code = self._told_doubt, self._code
        if (code, doubt) == (before.code, self._advised_of):
            return before
        self._advised_of = doubt
        if not code:
            return replace(before, code="", cause="", next_steps=(), said=None)
        said = doubt.said if doubt else None
        now = self._clock.now()
        seen = Seen(
            "soak.answers",
            self._settings,
            self._gateway.port_if_seen,
            now,
            attempted=now,
            handshake=self.held.handshake,
            positions=self.held.kept.positions,
            against=said or self.held.kept.link_lost,
        )
        found = diagnose.explained(code, seen, self._next)
        cause, steps = found.cause, tuple(found.next_steps)
        if doubt and doubt.why not in cause:
            cause = f"{cause} ({doubt.why})"
        return replace(before, code=code, cause=cause, next_steps=steps, said=said)

    @property
    def _told_doubt(self) -> Doubt | None:
        """The doubt, where that is what is wrong first."""
        doubt = self.held.kept.doubt
        return doubt if doubt and doubt.code == self._code else None
