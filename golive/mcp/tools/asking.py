"""The tools that ask the gateway over the held connection: within a time limit, never cached."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime, timedelta

from golive.client.answers import AccountSummary, AccountValue, Position, Positions
from golive.client.messages import diagnosis_code
from golive.kit import masking
from golive.kit.clock import SYSTEM, Clock
from golive.kit.text import printable
from golive.mcp.tools.shapes import (
    Endpoint,
    PositionRow,
    PositionRows,
    Problem,
    Status,
    SummaryRow,
    SummaryRows,
)
from golive.monitor.holding.requests import Answer, Ask, Source, Unanswered
from golive.monitor.holding.state import State
from golive.monitor.served import health

SECONDS = 10.0
"""How long to wait for the gateway's answer."""
GRACE = 1.0
"""How much longer to wait for the holder of the connection to report that there is no answer."""

LOOK_SECONDS = 0.05
BEHIND_SECONDS = 0.05
"""How long to listen after an answer for a message that makes it unreliable."""

OPTIONS = frozenset({"OPT", "FOP"})
"""Options on shares and indices, and on futures, as the TWS API names them."""


class NoAnswer(Exception):
    """A tool has no answer; the reason is a diagnosis."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.cause}")
        self.problem = problem


class Asking:
    """The tools of one held connection. All of them raise NoAnswer."""

    def __init__(self, source: Source, clock: Clock = SYSTEM, seconds: float = SECONDS) -> None:
        self._source, self._clock, self._seconds = source, clock, seconds

    async def positions(self) -> PositionRows:
        """The open positions of every account."""
        answer, found = await self._positions()
        return self._rows(answer, found, _open(found))

    async def option_positions(self, ticker: str) -> PositionRows:
        """The open ones whose underlying has this symbol, in upper or lower case."""
        answer, found = await self._positions()
        wanted = ticker.strip().casefold()
        options = (row for row in _open(found) if row.sec_type in OPTIONS)
        rows = tuple(row for row in options if row.symbol.casefold() == wanted)
        return self._rows(answer, found, rows)

    async def account_summary(self) -> SummaryRows:
        answer = await self._answer(Ask.SUMMARY)
        found = answer.value
        if not isinstance(found, AccountSummary) or not found.has_ended:
            raise self._no_answer(
                "gateway-in-trouble", "the gateway did not send the account summary to its end"
            )
        rows = [_summary_row(row) for row in found.rows]
        as_of, age = self._moment(answer)
        return SummaryRows(
            endpoint=endpoint(self._source.state),
            as_of=as_of,
            age_seconds=age,
            complete=not self._is_doubted(answer),
            count=len(rows),
            rows=rows,
        )

    async def status(self) -> Status:
        """What is known of the connection at this moment."""
        state, now = self._source.state, self._clock.monotonic()
        code = health.trouble(state, now)
        return Status(
            endpoint=endpoint(state),
            condition=state.condition,
            ready=not code,
            problem=problem(state, self._clock, code) if code else None,
            since=state.since,
            as_of=state.made,
            age_seconds=health.age(state.made_at, now) or 0.0,
            answer_age_seconds=health.age(state.answered_at, now),
            answer_ms=state.answer_ms,
            heartbeat_seconds=state.heartbeat_seconds,
            handshake_ms=state.handshake_ms,
            server_version=state.server_version,
            smoke=state.smoke,
            positions=health.open_positions(state),
            expected_positions=state.expected_positions,
            positions_age_seconds=health.age(state.positions_at, now),
            zombies=state.zombies,
            reconnects=state.reconnects,
            farms=dict(state.farms),
            notices=[str(each) for each in state.notices],
            notices_left_out=state.notices_left_out,
        )

    async def _positions(self) -> tuple[Answer, Positions]:
        answer = await self._answer(Ask.POSITIONS)
        found = answer.value
        assert isinstance(found, Positions)
        if not found.is_complete:
            against = found.against
            raise self._no_answer(
                diagnosis_code(against) if against else _code_of(found),
                found.reason or "the gateway was in trouble while it sent the positions",
            )
        return answer, found

    async def _answer(self, what: Ask) -> Answer:
        """A caller that stops waiting leaves the request to the others."""
        await self._begun()
        asked = asyncio.wrap_future(self._source.ask(what, self._seconds))
        asked.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait([asked], timeout=self._seconds + GRACE)
        if not asked.done():
            raise self._no_answer("half-open", f"no answer within {self._seconds:g} s")
        try:
            answer = asked.result()
        except Unanswered as error:
            await self._known(error.code)
            raise self._no_answer(error.code, str(error)) from None
        await asyncio.sleep(BEHIND_SECONDS)
        return answer

    async def _known(self, code: str) -> None:
        """A moment is given to who holds the connection, to say what is to be done about it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + GRACE
        while not health.has_words(self._source.state, code) and loop.time() < until:
            await asyncio.sleep(LOOK_SECONDS)

    async def _begun(self) -> None:
        """Who comes while the connection is being made waits for it, as long as for an answer."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._seconds
        while self._source.state.condition == "starting" and loop.time() < until:
            await asyncio.sleep(LOOK_SECONDS)

    def _no_answer(self, code: str, cause: str) -> NoAnswer:
        return NoAnswer(problem(self._source.state, self._clock, code, cause))

    def _rows(self, answer: Answer, found: Positions, rows: tuple[Position, ...]) -> PositionRows:
        as_of, age = self._moment(answer)
        return PositionRows(
            endpoint=endpoint(self._source.state),
            as_of=as_of,
            age_seconds=age,
            complete=not (found.unreadable or self._is_doubted(answer)),
            count=len(rows),
            rows=[_position_row(row) for row in rows],
        )

    def _is_doubted(self, answer: Answer) -> bool:
        """Whether something said after the answer makes it unreliable."""
        state = self._source.state
        is_doubted = state.said is not None or bool(
            state.positions and not state.positions.is_complete
        )
        return is_doubted and state.made >= answer.answered

    def _moment(self, answer: Answer) -> tuple[datetime, float]:
        age = self._clock.now() - answer.answered
        return answer.answered, round(max(age, timedelta()).total_seconds(), 3)


def _code_of(found: Positions) -> str:
    return "positions-contradictory" if found.contradictions else "positions-incomplete"


def endpoint(state: State) -> Endpoint:
    return Endpoint(host=state.host, port=state.port, kind=state.kind, client_id=state.client_id)


def problem(state: State, clock: Clock, code: str, cause: str = "") -> Problem:
    """What is wrong, in the words of the state where it knows of it; no account is named."""
    told = health.diagnosis(state, clock, code)
    hidden = masking.without((state.expected_account,), cause or told["cause"])
    return Problem(
        code=code,
        cause=printable(hidden),
        next_steps=told["next_steps"],
        not_before=state.not_before,
        endpoint=endpoint(state),
    )


def _open(found: Positions) -> tuple[Position, ...]:
    """Those that are not closed, and those of which nobody can tell."""
    return tuple(row for row in found.rows if row.quantity is None or row.quantity)


def _position_row(row: Position) -> PositionRow:
    told = {name: getattr(row, name) for name in PositionRow.model_fields}
    quantity = None if row.quantity is None else f"{row.quantity:f}"
    numbers = {"strike": _finite(row.strike), "average_cost": _finite(row.average_cost)}
    return PositionRow(**told | {"quantity": quantity} | numbers)


def _summary_row(row: AccountValue) -> SummaryRow:
    return SummaryRow(**row._asdict())


def _finite(number: float) -> float | None:
    """JSON has no other numbers."""
    return number if math.isfinite(number) else None
