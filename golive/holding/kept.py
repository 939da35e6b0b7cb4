"""What a gateway has told over a held connection: its last whole answers, kept current."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from golive.answers import AccountSummary, AccountValue, Position, Positions
from golive.clock import Clock
from golive.holding.asks import Ask, Unanswered
from golive.messages import (
    CONNECTIVITY_LOST,
    DATA_LOST,
    DATA_MAINTAINED,
    ApiError,
    diagnosis_code,
    farm,
    is_obstacle,
)
from golive.text import shortened

MOST_FARMS, MOST_NOTICES, LONGEST_NOTICE = 100, 20, 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Answered = Callable[[Ask, Positions | AccountSummary | datetime], None]
Failed = Callable[[Ask, Unanswered], None]


class Kept:
    """Hears what comes (`official_client.Hearing`), and says what is answered and what cannot be.

    An answer is put together apart from the last whole one, which it replaces at its end. What
    was on its way when the gateway reported trouble is no answer: it may be of yesterday. Requests
    for positions bear no number and are answered in order, so their ends are counted.
    """

    def __init__(
        self, answered: Answered, failed: Failed, accounts: tuple[str, ...], clock: Clock
    ) -> None:
        self._answered, self._failed, self._clock = answered, failed, clock
        self._accounts, self._accounts_changed = accounts, False
        self.changes = 0
        """Counts whatever is worth another look."""
        self.link_lost: ApiError | None = None
        """The notice that the gateway has lost its link to IBKR, until that is restored."""
        self.farms: dict[str, bool] = {}
        self.notices: deque[str] = deque(maxlen=MOST_NOTICES)
        self.positions_at: float | None = None
        self.confirmed_at: float | None = None
        """When the last whole answer about the positions was complete (monotonic)."""
        self._rows: dict[tuple[Any, ...], Position] | None = None
        self._coming: dict[tuple[Any, ...], Position] = {}
        self._owed = self._void = 0
        self._trouble: ApiError | None = None
        self._shown: Positions | None = None
        self._lines: dict[tuple[str, str, str], AccountValue] = {}
        self._lines_coming: dict[tuple[str, str, str], AccountValue] = {}
        self._summary_id = self._summary_coming = 0
        self.summary_refused = 0
        """The number of the request for it that was refused last."""
        self.superseded: list[int] = []
        """Subscriptions to the summary that are of no use any more."""
        self.summary: AccountSummary | None = None

    def asked_positions(self) -> None:
        """A request has left."""
        self._owed += 1

    def asked_summary(self, request_id: int) -> None:
        """A request has left. The one before it is kept until this one is answered: a gateway gives
        no more than two at a time, and may refuse (error 322).
        """
        self._give_up(self._summary_coming)
        self._summary_coming, self._lines_coming = request_id, {}

    def give_up_summary(self) -> None:
        """Nothing that is subscribed to is of use any more."""
        self._give_up(self._summary_id, self._summary_coming)
        self._summary_id = self._summary_coming = 0

    @property
    def positions(self) -> Positions | None:
        """The last whole answer with what was told since; incomplete once trouble was reported."""
        if self._shown is None and self._rows is not None:
            why = self._trouble.text if self._trouble else ""
            has_ended = not self._accounts_changed
            self._shown = Positions(tuple(self._rows.values()), has_ended, self._trouble, why)
        return self._shown

    # what comes

    def position(self, contract: tuple[Any, ...], row: Position) -> None:
        if self._owed:
            self._coming[contract] = row
        elif self._rows is not None and self._trouble is None:
            self._rows[contract] = row
            self._is_now_positions()

    def position_end(self) -> None:
        if not self._owed:
            return
        self._owed -= 1
        rows, self._coming = self._coming, {}
        if self._void:
            self._void -= 1
        elif self._accounts_changed:
            why = "the managed accounts changed after the handshake"
            self._failed(Ask.POSITIONS, Unanswered("positions-incomplete", why))
        else:
            self._rows, self._trouble = rows, None
            self._is_now_positions()
            self.confirmed_at = self.positions_at
            assert self.positions is not None
            self._answered(Ask.POSITIONS, self.positions)

    def current_time(self, seconds: int) -> None:
        self.changes += 1
        self._answered(Ask.TIME, EPOCH + timedelta(seconds=seconds))

    def summary_line(self, request_id: int, line: AccountValue) -> None:
        key = (line.account, line.tag, line.currency)
        if request_id == self._summary_coming:
            self._lines_coming[key] = line
        elif request_id == self._summary_id:
            self._lines[key] = line
            self._is_now_summary()

    def summary_end(self, request_id: int) -> None:
        if request_id != self._summary_coming:
            return
        self._give_up(self._summary_id)
        self._summary_id, self._summary_coming = request_id, 0
        self._lines, self._lines_coming = self._lines_coming, {}
        self._is_now_summary()
        assert self.summary is not None
        self._answered(Ask.SUMMARY, self.summary)

    def accounts(self, names: tuple[str, ...]) -> None:
        if names != self._accounts:
            self._accounts_changed, self._shown = True, None
            self.changes += 1

    def error(self, error: ApiError) -> None:
        self._note(error)
        if error.request_id == self._summary_coming > 0:
            self.summary_refused, self._summary_coming = error.request_id, 0
            self._failed(Ask.SUMMARY, Unanswered("gateway-in-trouble", _said(error)))
        elif error.code == DATA_MAINTAINED:
            self.link_lost = None
            self.changes += 1
        elif error.code in CONNECTIVITY_LOST:
            if self.link_lost is None:  # it is said again and again while it lasts
                self.link_lost = error
                self._unsettled(error)
        elif error.code == DATA_LOST:
            self.link_lost = None
            self._unsettled(error)
        elif is_obstacle(error):
            self._unsettled(error)

    # what follows from it

    def _unsettled(self, error: ApiError) -> None:
        """Nothing that is there, or is coming already, can be relied on any more."""
        self._void, self._coming, self._trouble, self._shown = self._owed, {}, error, None
        self.give_up_summary()
        self.changes += 1
        if self.summary:
            self.summary = replace(self.summary, has_ended=False, reason=_said(error))
        for each in (Ask.POSITIONS, Ask.SUMMARY):
            self._failed(each, Unanswered(diagnosis_code(error), _said(error)))

    def _give_up(self, *request_ids: int) -> None:
        self.superseded += filter(None, request_ids)

    def _note(self, error: ApiError) -> None:
        """The same notice again and again is one."""
        notice = shortened(_said(error), LONGEST_NOTICE)
        if not self.notices or self.notices[-1] != notice:
            self.notices.append(notice)
            self.changes += 1
        if told := farm(error):
            name, is_connected = told
            if name in self.farms or len(self.farms) < MOST_FARMS:
                self.farms[name] = is_connected

    def _is_now_positions(self) -> None:
        self._shown, self.positions_at = None, self._clock.monotonic()
        self.changes += 1

    def _is_now_summary(self) -> None:
        self.summary = AccountSummary(tuple(self._lines.values()), True)
        self.changes += 1


def _said(error: ApiError) -> str:
    return f"error {error.code}: {error.text}"
