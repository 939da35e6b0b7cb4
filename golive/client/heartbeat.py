"""A connection that is held: asked for the time now and then, and heard all the while.

One thread does both. It is a gateway's pulse: what answers is alive, silence is not.
"""

from __future__ import annotations

import selectors
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from golive.client.answers import MOST_ROWS, Contract
from golive.client.messages import ApiError, diagnosis_code, is_obstacle
from golive.client.notices import LONGEST, Notices
from golive.client.position_answer import TooManyRows
from golive.client.transport import SLICE_SECONDS, NoAnswer, PeerClosed, ProtocolError
from golive.kit.clock import SYSTEM, Clock
from golive.kit.text import shortened

if TYPE_CHECKING:
    from golive.client.connection import Connection

TIMES_APART = 1.1
"""Seconds between two requests for the time: a gateway drops a quicker one without a word
(ib_insync #479)."""


class Ended(Exception):
    """The connection is not what it was: `code` is a diagnosis' code, the text says why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Heartbeat:
    """Takes the connection at once; `release` gives it back. Only the thread that made it may ask.

    `while_waiting` is called several times a second.
    """

    def __init__(
        self,
        connection: Connection,
        while_waiting: Callable[[], None] = lambda: None,
        clock: Clock = SYSTEM,
    ) -> None:
        self._connection, self._while_waiting, self._clock = connection, while_waiting, clock
        self._answered_at: float | None = None
        self.notices = Notices()
        self._contracts: set[int] = set()
        self._against: ApiError | None = None
        before = connection.against
        connection.hold(self)
        self.notices = Notices()  # what was said before it was held is the connection's
        self._against = before

    def beat(self, seconds: float) -> float:
        """Asks for the gateway's time; milliseconds until it was told. Raises Ended."""
        self._answered_at, begin = None, self._clock.monotonic()
        try:
            self._connection.send(lambda client: client.reqCurrentTime(), seconds)
        except NoAnswer as error:
            raise Ended("half-open", str(error)) from None
        except PeerClosed as error:
            raise Ended("connection-lost", str(error)) from None
        self._hear_until(lambda: self._answered_at is not None, begin + seconds)
        if self._answered_at is None:
            raise Ended("half-open", f"no answer within {seconds:g} s")
        return (self._answered_at - begin) * 1000

    def hear(self, seconds: float) -> None:
        """Hears what came and comes, for so long. Raises Ended as soon as there is no more."""
        self._hear_what_came()
        self._hear_until(lambda: False, self._clock.monotonic() + seconds)

    @property
    def told(self) -> list[str]:
        """What the gateway said that is not ordinary, a line each."""
        told, more = [str(each) for each in self.notices.told], self.notices.left_out
        return [*told, f"and {more:,} more"] if more else told

    def release(self) -> None:
        self._connection.release()

    def _hear_until(self, holds: Callable[[], bool], deadline: float) -> None:
        with selectors.DefaultSelector() as selector:
            if self._connection.fileno() != -1:
                selector.register(self._connection.fileno(), selectors.EVENT_READ)
            while not holds() and (left := deadline - self._clock.monotonic()) > 0:
                self._while_waiting()
                selector.select(min(left, SLICE_SECONDS))
                self._hear_what_came()
        if not holds():
            self._hear_what_came()  # while this program was kept from running

    def _hear_what_came(self) -> None:
        """What the gateway said against it says more than the end it may have led to."""
        ended: Ended | None = None
        try:
            self._connection.hear()
        except PeerClosed as error:
            ended = Ended("connection-lost", str(error))
        except ProtocolError as error:
            ended = Ended("protocol-error", str(error))
        except TooManyRows as error:
            ended = Ended("flood", str(error))
        if self._against:
            said = shortened(str(self._against), LONGEST)
            raise Ended(diagnosis_code(self._against), said)
        if ended:
            raise ended

    # what the connection tells

    def error(self, error: ApiError) -> None:
        self.notices.add(error)
        if is_obstacle(error) and self._against is None:
            self._against = error

    def current_time(self, seconds: int) -> None:
        self._answered_at = self._clock.monotonic()

    def accounts(self, names: tuple[str, ...]) -> None:
        """Whether they are others is asked where the positions are."""

    def position(self, contract: Contract, row: Any) -> None:
        """Not asked for here, as is all below; of how many contracts, is counted."""
        self._contracts.add(hash(contract))
        if len(self._contracts) > MOST_ROWS:
            self._contracts.clear()
            raise TooManyRows(f"more than {MOST_ROWS:,} rows arrived")

    def position_end(self) -> None: ...

    def summary_line(self, request_id: int, line: Any) -> None: ...

    def summary_end(self, request_id: int) -> None: ...
