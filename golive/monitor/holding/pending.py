"""Those who wait for the answer to one kind of request, and when that may be sent."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from golive.client.answers import AccountSummary, Positions
from golive.monitor.holding.requests import Answer, Ask, Unanswered

NEVER = float("inf")


@dataclass(frozen=True, slots=True, eq=False)
class Caller:
    """Whoever waits, and until when (monotonic)."""

    answer: Future[Answer]
    deadline: float

    def is_told(self, found: Answer | Unanswered) -> None:
        """A caller who has given up is left alone."""
        with suppress(InvalidStateError):
            if isinstance(found, Unanswered):
                self.answer.set_exception(Unanswered(found.code, str(found)))  # one's own
            else:
                self.answer.set_result(found)


@dataclass(slots=True)
class Pending:
    """One kind of request. Times are of the monotonic clock, in seconds.

    Who joins while the request is under way shares its answer, which is not complete yet; who joins
    `patience` after it was sent has it sent once more, for it may have been lost. It is never sent
    sooner than `spacing` after the last time.
    """

    of: Ask
    spacing: float
    patience: float
    waiting: list[Caller] = field(default_factory=list)
    sent_at: float = -NEVER
    _under_way: tuple[float, datetime] | None = None
    _is_wanted: bool = False
    _is_abandoned: bool = False
    """Whether nobody waited any more for what is under way."""

    @property
    def is_under_way(self) -> bool:
        return self._under_way is not None

    def join(self, caller: Caller, now: float) -> None:
        self.waiting.append(caller)
        if self._under_way is None or now - self.sent_at >= self.patience:
            self._is_wanted = True

    @property
    def due_at(self) -> float:
        """When the request is to be sent; NEVER where it need not be."""
        return self.sent_at + self.spacing if self._is_wanted else NEVER

    @property
    def changes_at(self) -> float:
        """When it is to be sent, or a caller's time is over."""
        return min((self.due_at, *(each.deadline for each in self.waiting)))

    def sent(self, now: float, moment: datetime) -> None:
        """It has left; its time counts from the first one that somebody waits for."""
        self.sent_at, self._is_wanted = now, False
        if self._under_way is None or self._is_abandoned:
            self._under_way, self._is_abandoned = (now, moment), False

    def answered(
        self, value: Positions | AccountSummary | datetime, now: float, moment: datetime
    ) -> Answer | None:
        """The answer, told to all who wait; None where nothing was asked."""
        if self._under_way is None:
            return None
        asked_at, asked = self._under_way
        took = round((now - asked_at) * 1000, 3)
        answer = Answer(self.of, value, asked, moment, took)
        self._tell(answer)
        return answer

    def failed(self, why: Unanswered) -> None:
        """Nothing that comes now is an answer to those who wait."""
        self._tell(why)

    def expire(self, now: float, why: Callable[[Ask], Unanswered]) -> bool:
        """Tells it to those whose time is over; whether there were any."""
        over = [each for each in self.waiting if each.deadline <= now]
        reason = why(self.of) if over else None
        self.waiting = [
            each for each in self.waiting if each.deadline > now and not each.answer.done()
        ]
        if not self.waiting:
            self._is_wanted, self._is_abandoned = False, True
        for each in over:
            assert reason is not None
            each.is_told(reason)
        return bool(over)

    def _tell(self, found: Answer | Unanswered) -> None:
        waiting, self.waiting = self.waiting, []
        self._under_way, self._is_wanted = None, False
        for each in waiting:
            each.is_told(found)
