"""The gateway's last complete answers on a held connection, kept current."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from golive.client.answers import (
    MOST_ROWS,
    AccountSummary,
    AccountValue,
    Contract,
    Position,
    Positions,
)
from golive.client.messages import (
    CODES,
    CONNECTIVITY_LOST,
    DATA_LOST,
    DATA_MAINTAINED,
    FIRST_OF_OURS,
    ApiError,
    Kind,
    diagnosis_code,
    is_obstacle,
    kind,
)
from golive.client.notices import LONGEST, Notices
from golive.client.position_answer import PositionAnswer, TooManyRows
from golive.kit.clock import Clock
from golive.kit.text import shortened
from golive.monitor.holding.requests import Ask, Unanswered
from golive.monitor.holding.stale_answers import OTHER_ACCOUNTS, Doubt

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

FIRST_SUMMARY = FIRST_OF_OURS + 1000
"""The requests for the account summary are numbered from here on."""

QUIET_SECONDS = 10.0
"""After so long without a row or an end, earlier requests for positions get no answer any more."""

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
        self._accounts, self._has_other_accounts = frozenset(accounts), False
        self.changes = 0
        """Counts whatever is worth another look."""
        self.link_lost: ApiError | None = None
        """The notice that the gateway has lost its link to IBKR, until that is restored."""
        self.doubt: Doubt | None = None
        """Why no answer can be relied on until it was asked for again and came completely."""
        self._doubted: set[Ask] = set()
        """What must be asked for again."""
        self.notices = Notices()
        self.positions_at: float | None = None
        self.confirmed_at: float | None = None
        """When the last whole answer about the positions was complete (monotonic)."""
        self._rows: dict[Contract, Position] | None = None
        self._coming = PositionAnswer()
        self._owed = self._void = 0
        self._heard_at = 0.0
        self._contradictions: tuple[tuple[Position, Position], ...] = ()
        self._shown: Positions | None = None
        self._lines: dict[tuple[str, str, str], AccountValue] = {}
        self._lines_coming: dict[tuple[str, str, str], AccountValue] = {}
        self._summary_id = self._summary_coming = self._summary_last = 0
        self.summary_refused = 0
        """The number of the request for it that was refused last."""
        self.superseded: list[int] = []
        """Subscriptions to the summary that are of no use any more."""
        self.summary: AccountSummary | None = None

    def asked_positions(self) -> None:
        """A request was sent. Answers to earlier ones are not waited for without end."""
        now = self._clock.monotonic()
        if not self._owed:
            self._heard_at = now
        elif now - self._heard_at > QUIET_SECONDS:
            self._owed = self._void = 0
            self._coming = PositionAnswer()
        self._owed += 1

    def asked_summary(self, request_id: int) -> None:
        """A request has left. The one before it is kept until this one is answered: a gateway gives
        no more than two at a time, and may refuse (error 322).
        """
        self._give_up(self._summary_coming)
        self._summary_coming = self._summary_last = request_id
        self._lines_coming = {}

    def give_up_summary(self) -> None:
        """Nothing that is subscribed to is of use any more."""
        self._give_up(self._summary_id, self._summary_coming)
        self._summary_id = self._summary_coming = 0

    def doubt_of(self, what: Ask) -> Doubt | None:
        """Why the last whole answer to this is not to be relied on."""
        return self.doubt if what in self._doubted else None

    @property
    def positions(self) -> Positions | None:
        """The last whole answer with what was told since; incomplete while it is in doubt."""
        if self._shown is None and self._rows is not None:
            doubt = self.doubt_of(Ask.POSITIONS)
            self._shown = Positions(
                tuple(self._rows.values()),
                doubt is None or doubt.leaves_them_ended,
                doubt.said if doubt else None,
                doubt.why if doubt else "",
                self._contradictions,
            )
        return self._shown

    # what comes

    def position(self, contract: Contract, row: Position) -> None:
        if self._owed:
            self._heard_at = self._clock.monotonic()
            self._coming.add(row)
        elif self._rows is not None and Ask.POSITIONS not in self._doubted:
            if len(self._rows) >= MOST_ROWS and contract not in self._rows:
                self._rows = self._shown = None
                raise TooManyRows(f"more than {MOST_ROWS:,} rows arrived after the positions' end")
            self._rows[contract] = row
            self._is_now_positions()

    def position_end(self) -> None:
        if not self._owed:
            return
        self._owed -= 1
        self._heard_at = self._clock.monotonic()
        answer, self._coming = self._coming, PositionAnswer()
        if self._void:
            self._void -= 1
        elif self._has_other_accounts:
            self._is_refused(OTHER_ACCOUNTS)
        elif answer.contradictions:  # or rows of two answers: which of them holds, nobody can tell
            self._rows, self._contradictions = answer.rows, tuple(answer.contradictions)
            self._is_refused(Doubt.of_rows(*answer.contradictions[0]))
        else:
            self._rows, self._contradictions = answer.rows, ()
            self._is_settled(Ask.POSITIONS)
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
            _add_line(self._lines_coming, key, line)
        elif request_id == self._summary_id:
            _add_line(self._lines, key, line)
            self._is_now_summary()

    def summary_end(self, request_id: int) -> None:
        if request_id != self._summary_coming:
            return
        self._give_up(self._summary_id)
        self._summary_id, self._summary_coming = request_id, 0
        self._lines, self._lines_coming = self._lines_coming, {}
        self._is_settled(Ask.SUMMARY)
        self._is_now_summary()
        assert self.summary is not None
        self._answered(Ask.SUMMARY, self.summary)

    def accounts(self, names: tuple[str, ...]) -> None:
        """The same ones in another order are the same."""
        is_other = self._accounts != set(names)
        if is_other and not self._has_other_accounts:
            self._unsettle(OTHER_ACCOUNTS)
        self._has_other_accounts = is_other

    def error(self, error: ApiError) -> None:
        error = replace(error, text=shortened(error.text, LONGEST))
        if self.notices.add(error):
            self.changes += 1
        if self._is_about_a_summary(error):
            self._doubt_summary(error)
        elif error.code == DATA_MAINTAINED:
            self.link_lost = None
            self.changes += 1
        elif error.code in CONNECTIVITY_LOST:
            if self.link_lost is None:  # it is said again and again while it lasts
                self.link_lost = error
                self._unsettle_by(error)
        elif error.code == DATA_LOST:
            self.link_lost = None
            self._unsettle_by(error)
        elif is_obstacle(error):
            self._unsettle_by(error)

    # what follows from it

    def _is_about_a_summary(self, error: ApiError) -> bool:
        """Whether it bears the number of one, and its code is none that concerns everybody."""
        known = CODES.get(error.code)
        is_for_all = known is not None and known.is_for_all
        return FIRST_SUMMARY <= error.request_id <= self._summary_last and not is_for_all

    def _doubt_summary(self, error: ApiError) -> None:
        """It concerns nothing else; of one that was given up it concerns nothing at all."""
        if kind(error) in (Kind.ORDINARY, Kind.FARM_BROKEN):
            return
        if error.request_id == self._summary_coming:
            self.summary_refused, self._summary_coming = error.request_id, 0
            self._lines_coming = {}
            self._failed(Ask.SUMMARY, Unanswered(diagnosis_code(error), str(error)))
        elif error.request_id == self._summary_id:
            self._give_up(self._summary_id)
            self._summary_id = 0
            self._is_no_summary(str(error))

    def _unsettle_by(self, error: ApiError) -> None:
        """By a message. One about the link does not hide another that stands in the way as well."""
        new = Doubt.by(error, len(self._accounts) if self._owed else 0)
        before = self.doubt
        is_hidden = before is not None and new.is_of_the_link and not before.is_of_the_link
        self._unsettle(new)
        if is_hidden:
            self.doubt = before

    def _unsettle(self, doubt: Doubt) -> None:
        """Nothing that is there, or is coming already, can be relied on any more."""
        self._void, self._coming, self.doubt = self._owed, PositionAnswer(), doubt
        self._shown = None
        was_told = self.summary is not None and self.summary.has_ended
        self._doubted |= {Ask.POSITIONS, *([Ask.SUMMARY] if was_told else [])}
        self.give_up_summary()
        self.changes += 1
        self._is_no_summary(doubt.why)
        for each in (Ask.POSITIONS, Ask.SUMMARY):
            self._failed(each, doubt.unanswered)

    def _is_refused(self, doubt: Doubt) -> None:
        """The answer about the positions that has just ended."""
        self.doubt, self._shown = doubt, None
        self._doubted.add(Ask.POSITIONS)
        self.changes += 1
        self._failed(Ask.POSITIONS, doubt.unanswered)

    def _is_settled(self, what: Ask) -> None:
        """Asked for again, and answered completely."""
        self._doubted.discard(what)
        if not self._doubted:
            self.doubt = None

    def _is_no_summary(self, why: str) -> None:
        if self.summary:
            self.summary = replace(self.summary, has_ended=False, reason=why)
            self.changes += 1

    def _give_up(self, *request_ids: int) -> None:
        self.superseded += filter(None, request_ids)

    def _is_now_positions(self) -> None:
        self._shown, self.positions_at = None, self._clock.monotonic()
        self.changes += 1

    def _is_now_summary(self) -> None:
        self.summary = AccountSummary(tuple(self._lines.values()), True)
        self.changes += 1


def _add_line(lines: dict[Any, AccountValue], key: Any, line: AccountValue) -> None:
    """Raises TooManyRows, having kept none."""
    lines[key] = line
    if len(lines) > MOST_ROWS:
        lines.clear()
        raise TooManyRows(f"more than {MOST_ROWS:,} lines of the account summary arrived")
