"""A gateway's behaviour: what it does about what a client asks. No sockets, no clock of its own.

Every event (a hello, a request) is answered by a burst: the actions the server performs in order.
"""

from __future__ import annotations

from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Action, Burst, HangUp, Pause
from fake_ib_gateway.answering.answers import ANSWERS
from fake_ib_gateway.answering.login import Client, Login
from fake_ib_gateway.answering.pacing import BREACHES, Pacing
from fake_ib_gateway.protocol import errors
from fake_ib_gateway.protocol.messages import CONFIG, MILLISECONDS, OLDEST, Speech
from fake_ib_gateway.protocol.requests import ORDERS, Request, number_of
from fake_ib_gateway.protocol.wire import Hello
from fake_ib_gateway.world.book import Book

SINCE = {"REQ_CURRENT_TIME_IN_MILLIS": MILLISECONDS, "REQ_CONFIG": CONFIG, "UPDATE_CONFIG": CONFIG}
"""Requests that an older server version does not know."""


@dataclass(slots=True)
class Gateway(Login):
    """One login, and what it does about those who connect."""

    def session(self) -> Session:
        """A client has connected."""
        return Session(self, Speech(self.version), Pacing(self.messages_per_second))


@dataclass(slots=True)
class Session(Client):
    """One client's conversation with the gateway."""

    gateway: Gateway

    def hello(self, hello: Hello, connected: str) -> Burst:
        """The newest version both speak. `connected` is the connection time as text."""
        newest = min(self.gateway.version, hello.highest)
        if newest < max(OLDEST, hello.lowest):
            if self.gateway.no_overlap == "close":
                return [HangUp()]
            newest = self.gateway.version
        self.speech = Speech(newest)
        self.is_paced = "PACEAPI" in hello.options
        return [self.speech.server_version(connected)]

    def answer(self, request: Request, now: float) -> Burst:
        """The burst for a request at `now` (epoch seconds)."""
        self.count(request)
        if not self.pacing.is_too_fast(now):
            return self._answer(request, now)
        if self.is_paced:
            return [Pause(self.pacing.seconds_left(now)), *self._answer(request, now)]
        return self._refuse_as_too_fast(now)

    def count(self, request: Request) -> None:
        """Counts a request, whether it is answered or not."""
        if request.name in ORDERS:
            self.gateway.orders_received += 1
        self.positions_asked += request.name == "REQ_POSITIONS"

    def changed(self, before: tuple[Book, ...]) -> Burst:
        """What the client is told of accounts that were so before, as far as it follows them.

        A real gateway tells of the account summary some minutes later.
        """
        say, told = self.speech, list[Action]()
        for old, new in zip(before, self.gateway.books, strict=True):
            if self.follows_positions:
                rows = set(new.positions) - set(old.positions)
                told += [say.position(new.account, row) for row in new.positions if row in rows]
            lines = set(new.values) - set(old.values)
            told += [
                say.account_summary(number, new.account, line)
                for number, tags in self.summaries.items()
                for line in new.values
                if line in lines and line.key in tags
            ]
        return told

    def end(self) -> None:
        """The client has left: its id is free again."""
        if self.client_id is not None:
            self.gateway.client_ids.discard(self.client_id)
            self.client_id = None

    def _answer(self, request: Request, now: float) -> Burst:
        if request.name == "START_API":
            return self._start_api(request, now)
        if self.client_id is None:
            return []
        known = request.is_readable and self.speech.version >= SINCE.get(request.name, OLDEST)
        if not known or request.name.startswith("UNKNOWN_"):
            return [self.error(errors.NOT_READABLE, now)]
        if request.name in ANSWERS:
            return list(ANSWERS[request.name](self, request, now))
        if request.name.startswith("CANCEL_"):
            return []
        return [self.error(errors.NOT_SERVED.about(request.name), now, request.request_id)]

    def _start_api(self, request: Request, now: float) -> Burst:
        client_id = number_of(request["client_id"], otherwise=-1)
        if client_id < 0 or self.client_id is not None:
            return [self.error(errors.NOT_READABLE, now)]
        if client_id in self.gateway.client_ids:
            return [self.error(errors.CLIENT_ID_IN_USE, now), HangUp()]
        self.client_id = client_id
        self.gateway.client_ids.add(client_id)
        return [
            self.speech.managed_accounts(self.gateway.accounts),
            self.speech.next_valid_id(self.gateway.next_order_id),
            *(self.error(notice, now) for notice in errors.FARM_NOTICES),
        ]

    def _refuse_as_too_fast(self, now: float) -> Burst:
        """One error for each second that was too fast; the third ends the connection."""
        pacing = self.pacing
        if pacing.received != pacing.limit + 1:
            return []
        error = errors.TOO_FAST.about(pacing.limit, pacing.received, pacing.breaches)
        ending = [HangUp()] if pacing.breaches >= BREACHES else []
        return [self.error(error, now), *ending]
