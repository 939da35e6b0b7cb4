"""The held connection: any thread may ask, the owner's thread serves.

There is no thread here: the owner of the connection calls `serve`, and a wake-up socket makes a
request prompt. Each kind of request has its own minimum spacing. Together they stay far below the
gateway's 50 messages a second, and none waits for another kind.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from golive.client.answers import AccountSummary, Handshake, Positions
from golive.client.connection import Connection
from golive.client.conversation import Request
from golive.client.heartbeat import TIMES_APART
from golive.client.messages import ApiError
from golive.client.position_answer import TooManyRows
from golive.client.transport import (
    SLICE_SECONDS,
    TIMEOUT,
    Closing,
    NoAnswer,
    PeerClosed,
    ProtocolError,
)
from golive.diagnosis.session_branches import MOST_ACCOUNTS
from golive.kit.clock import SYSTEM, Clock
from golive.monitor.holding.last_answers import FIRST_SUMMARY, Kept
from golive.monitor.holding.pending import Caller, Pending
from golive.monitor.holding.requests import Answer, Ask, Unanswered
from golive.monitor.holding.stale_answers import TOO_MANY_ACCOUNTS

POSITIONS_SECONDS, SUMMARY_SECONDS = 0.1, 1.0
"""The spacing of the other kinds: at most 13 messages a second, cancels included."""

PATIENCE_SECONDS = 5.0
"""After this long a request may have been lost, so the next caller has it sent again."""

SEND_SECONDS = 0.5
"""The time for a request to leave; a gateway that reads takes it at once."""

READS_AT_ONCE = 1
"""A gateway that never stops sending is read in parts, with heartbeats between them."""

TAGS = (
    "NetLiquidation,TotalCashValue,SettledCash,BuyingPower,AvailableFunds,ExcessLiquidity,"
    "GrossPositionValue,EquityWithLoanValue,InitMarginReq,MaintMarginReq"
)
"""What is asked of the account summary."""


WITHOUT_AN_END = {
    Ask.TIME: "half-open",
    Ask.POSITIONS: "positions-incomplete",
    Ask.SUMMARY: "gateway-in-trouble",
}
"""The diagnosis if the gateway answers other requests, but not this one."""


@dataclass(frozen=True, slots=True)
class Lost:
    """How a connection ended: the code of a diagnosis, and the reason in words."""

    code: str
    reason: str
    said: ApiError | None = None
    """What the gateway said before, if that is the reason."""


class Held:
    """An open connection with its handshake behind it. `ask` and `wake` are for any thread.

    Raises ValueError where the connection is not open.
    """

    def __init__(self, connection: Connection, clock: Clock = SYSTEM) -> None:
        if connection.fileno() == -1:
            raise ValueError("there is no connection to hold")
        self._connection, self._clock = connection, clock
        self.kept = Kept(self._answered, self._failed, connection.handshake.accounts, clock)
        self.lost: Lost | None = None
        """How it ended; None as long as it has not."""
        self.answers = 0
        self.answered_at: float | None = None
        """When the gateway last answered what it was asked (monotonic)."""
        self.times_owed = 0
        """Requests for the time that may be answered yet. The answers bear no number: as long as
        there are several, an answer may be to an earlier one than the last."""
        self._times_since_summary = self._summary_number = 0
        self._pending = {
            Ask.TIME: Pending(Ask.TIME, TIMES_APART, TIMES_APART),
            Ask.POSITIONS: Pending(Ask.POSITIONS, POSITIONS_SECONDS, PATIENCE_SECONDS),
            Ask.SUMMARY: Pending(Ask.SUMMARY, SUMMARY_SECONDS, PATIENCE_SECONDS),
        }
        self._asked: deque[tuple[Ask, Caller]] = deque()
        self._lock = threading.Lock()
        self._is_woken = False
        self._numbers = count(FIRST_SUMMARY)
        self._bell, self._button = socket.socketpair()
        self._bell.setblocking(False)
        self._button.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._selector.register(connection, selectors.EVENT_READ)
        connection.hold(self.kept)

    @property
    def handshake(self) -> Handshake:
        return self._connection.handshake

    def ask(self, what: Ask, seconds: float) -> Future[Answer]:
        """The answer, or Unanswered after so long, as long as somebody serves.

        Answers that are on their way are shared. A caller who cancels disturbs nobody.
        """
        caller = Caller(Future(), self._clock.monotonic() + seconds)
        with self._lock:
            lost = self.lost
            if lost is None:
                self._asked.append((what, caller))
        if lost:
            caller.is_told(Unanswered(lost.code, lost.reason))
        else:
            self._ring()
        return caller.answer

    def wake(self) -> None:
        """Has `serve` return; also from a signal's handler."""
        self._is_woken = True
        self._ring()

    def leaves_at(self, what: Ask) -> float:
        """From when on it is sent once asked (monotonic), or shares what is under way already."""
        pending = self._pending[what]
        return float("-inf") if pending.is_under_way else pending.sent_at + pending.spacing

    def serve(self, seconds: float) -> bool:
        """Reads, sends what is asked and tells who waits, until something worth a look has come.

        Returns after so long at the latest, at once where the connection has ended; and whether
        somebody has woken it.
        """
        end, changes = self._clock.monotonic() + seconds, self.kept.changes
        self._step()
        while not (self._is_woken or self.lost or self.kept.changes != changes):
            now = self._clock.monotonic()
            if now >= end:
                break
            self._wait(min(max(0.0, min(end, self._changes_at) - now), SLICE_SECONDS))
            self._step()
        woken, self._is_woken = self._is_woken, False
        return woken

    def close(self) -> Closing:
        """Ends its subscriptions and closes it. Whoever waits is told that it is over."""
        if self.lost is None:
            self._unsubscribe()
            self._end("stopped", "the connection was closed here")
        return self._connection.close()

    def _unsubscribe(self) -> None:
        with suppress(PeerClosed, NoAnswer):
            self._leave(lambda client: client.cancelPositions())
            self.kept.give_up_summary()
            self._cancel_superseded()

    # the owner's

    def _step(self) -> None:
        """All that can be done without waiting."""
        if self.lost:
            return
        try:
            self._connection.hear(READS_AT_ONCE)
            self._take_callers()
            self._expire()
            self._send_what_is_due()
        except PeerClosed as error:
            self._end_by_peer(error)
        except TooManyRows as error:
            self._unsubscribe()
            self._end("flood", str(error))
        except ProtocolError as error:
            self._end("protocol-error", str(error))
        except NoAnswer as error:
            self._end("half-open", str(error))

    def _take_callers(self) -> None:
        now = self._clock.monotonic()
        while self._asked:
            what, caller = self._asked.popleft()
            if what is not Ask.TIME and (lost := self.kept.link_lost):
                caller.is_told(Unanswered("connectivity-lost", str(lost)))
            else:
                self._pending[what].join(caller, now)

    def _expire(self) -> None:
        now = self._clock.monotonic()
        for pending in self._pending.values():
            if pending.expire(now, self._why_not):
                self.kept.changes += 1

    def _why_not(self, what: Ask) -> Unanswered:
        """Why there was no answer in time, as far as is known."""
        pending, lost = self._pending[what], self.kept.link_lost
        if lost:
            return Unanswered("connectivity-lost", str(lost))
        if not pending.is_under_way:
            often = f"it is asked at most once in {pending.spacing:g} s"
            return Unanswered("not-observable", f"the {what.value} was not asked in time: {often}")
        why = f"the gateway did not send the {what.value} in time"
        if self._is_overdue:
            return Unanswered("half-open", why)
        if doubt := self.kept.doubt_of(what):
            return Unanswered(doubt.code, f"{why}: {doubt.why}")
        if what is Ask.POSITIONS and self.has_too_many_accounts:
            return Unanswered(TOO_MANY_ACCOUNTS, f"{why}: the login has {self._accounts} accounts")
        return Unanswered(WITHOUT_AN_END[what], why)

    @property
    def has_too_many_accounts(self) -> bool:
        """For a gateway to send the positions of all of them."""
        return self._accounts > MOST_ACCOUNTS

    @property
    def _accounts(self) -> int:
        return len(self._connection.handshake.accounts)

    @property
    def _is_overdue(self) -> bool:
        """Whether the time, which is always to be had, was asked for and has not come."""
        time = self._pending[Ask.TIME]
        return time.is_under_way and self._clock.monotonic() - time.sent_at >= TIMES_APART

    def _send_what_is_due(self) -> None:
        self._cancel_superseded()
        for what, pending in self._pending.items():
            if pending.due_at <= self._clock.monotonic():
                pending.sent(self._clock.monotonic(), self._clock.now())
                self._send(what)

    def _send(self, what: Ask) -> None:
        match what:
            case Ask.TIME:
                self.times_owed += 1
                self._times_since_summary += 1
                self._leave(lambda client: client.reqCurrentTime())
            case Ask.POSITIONS:
                self.kept.asked_positions()
                self._leave(lambda client: client.reqPositions())
            case Ask.SUMMARY:
                self._summary_number = number = next(self._numbers)
                self._times_since_summary = 0
                self.kept.asked_summary(number)
                self._cancel_superseded()
                self._leave(lambda client: client.reqAccountSummary(number, "All", TAGS))

    def _cancel_superseded(self) -> None:
        while self.kept.superseded:
            self._leave(_cancel(self.kept.superseded.pop()))

    def _leave(self, request: Request) -> None:
        self._connection.send(request, SEND_SECONDS)

    def _answered(self, what: Ask, value: Positions | AccountSummary | datetime) -> None:
        now = self.answered_at = self._clock.monotonic()
        self.answers += 1
        if what is Ask.TIME:
            self.times_owed = max(0, self.times_owed - 1)
        elif what is Ask.SUMMARY:
            self._forget_times()
        self._pending[what].answered(value, now, self._clock.now())

    def _failed(self, what: Ask, why: Unanswered) -> None:
        self._pending[what].failed(why)
        if what is Ask.SUMMARY and self.kept.summary_refused == self._summary_number:
            self._forget_times()

    def _forget_times(self) -> None:
        """The summary bears a number: a time asked before it, and not answered yet, was dropped."""
        self.times_owed = min(self.times_owed, self._times_since_summary)

    @property
    def _changes_at(self) -> float:
        return min(pending.changes_at for pending in self._pending.values())

    def _ring(self) -> None:
        with suppress(OSError):  # it rings already, or nobody listens any more
            self._button.send(b"!")

    def _wait(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._bell:
                with suppress(OSError):
                    self._bell.recv(4096)

    def _end_by_peer(self, error: PeerClosed) -> None:
        """A message of the gateway explains more than the end that it led to."""
        doubt = self.kept.doubt
        if error.how == TIMEOUT:
            self._end("half-open", str(error))
        elif doubt is None or doubt.said is None or doubt.is_of_the_link:
            self._end("connection-lost", str(error))
        else:
            self._end(doubt.code, f"{error}, having said {doubt.why}", doubt.said)

    def _end(self, code: str, reason: str, said: ApiError | None = None) -> None:
        """Our side is closed at once: left open it would be a zombie, too."""
        with self._lock:
            self.lost = Lost(code, reason, said)
            late = [caller for _, caller in self._asked]
            self._asked.clear()
        self.kept.changes += 1
        self._selector.close()
        self._connection.close()
        self._bell.close()
        self._button.close()
        why = Unanswered(code, reason)
        for caller in late:
            caller.is_told(why)
        for pending in self._pending.values():
            pending.failed(why)


def _cancel(number: int) -> Request:
    return lambda client: client.cancelAccountSummary(number)
