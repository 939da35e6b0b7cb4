"""A gateway's behaviour: what it does about what a client asks. No sockets, no clock of its own.

Every event (a hello, a request) is answered by a burst: the actions the server performs in order.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Literal

from fake_ib_gateway.answering.actions import Action, Burst, HangUp, Pause
from fake_ib_gateway.answering.answers import ANSWERS
from fake_ib_gateway.answering.pacing import BREACHES, MESSAGES_PER_SECOND, Pacing
from fake_ib_gateway.protocol import errors
from fake_ib_gateway.protocol.errors import Error
from fake_ib_gateway.protocol.messages import CONFIG, MILLISECONDS, NEWEST, OLDEST, Message, Speech
from fake_ib_gateway.protocol.requests import ORDERS, Request, number_of
from fake_ib_gateway.protocol.wire import Hello
from fake_ib_gateway.world.book import Book

MAX_CLIENTS = 32
"""The documented maximum."""

SINCE = {"REQ_CURRENT_TIME_IN_MILLIS": MILLISECONDS, "REQ_CONFIG": CONFIG, "UPDATE_CONFIG": CONFIG}
"""Requests that an older server version does not know."""


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """What the user has set for the API; a blank master client id is None."""

    read_only: bool = False
    master_client_id: int | None = None
    trusted_ips: tuple[str, ...] = ("127.0.0.1",)


@dataclass(slots=True)
class Gateway:
    """One login: its accounts, its settings, its limits, and who is connected.

    What a real gateway does about a client whose versions do not overlap with its own is not
    known: `close` closes without a word, `answer` answers its own version all the same.
    """

    books: tuple[Book, ...]
    version: int = NEWEST
    settings: ApiSettings = field(default_factory=ApiSettings)
    port: int = 0
    next_order_id: int = 1
    max_clients: int = MAX_CLIENTS
    """More connections are closed as they come; 0: no limit."""
    messages_per_second: int = MESSAGES_PER_SECOND
    """Of one client; 0: no limit."""
    seconds_between_times: float = 1.0
    """Of one client's requests for the time: a quicker one is dropped without a word."""
    no_overlap: Literal["close", "answer"] = "close"
    up_seconds: float = 0.0
    """For how long it has been listening; the server, which has a clock, says so."""
    client_ids: set[int] = field(default_factory=set)
    orders_received: int = 0

    @property
    def accounts(self) -> str:
        """As managedAccounts has it: a list of several ends in a comma."""
        names = ",".join(book.account for book in self.books)
        return names + "," if len(self.books) > 1 else names

    @property
    def someone_else(self) -> int:
        """A client id that nobody connected has."""
        return next(each for each in itertools.count(1) if each not in self.client_ids)

    def session(self) -> Session:
        """A client has connected."""
        return Session(self, Speech(self.version), Pacing(self.messages_per_second))


@dataclass(slots=True)
class Session:
    """One client's conversation with the gateway."""

    gateway: Gateway
    speech: Speech
    pacing: Pacing
    client_id: int | None = None
    is_paced: bool = False
    """Whether the client asked to be slowed down instead of refused."""
    time_asked: float = float("-inf")
    """When the time was last told."""
    up_seconds: float = 0.0
    """For how long it has been there; the connection, which has a clock, says so."""
    follows_positions: bool = False
    """Whether the client is told what changes about the positions."""
    positions_asked: int = 0
    """How often the client has asked for the positions."""
    summaries: dict[int, frozenset[str]] = field(default_factory=dict)
    """Its subscriptions to the account summary: the tags, by request id."""

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

    def error(self, error: Error, now: float, request_id: int = errors.NO_REQUEST) -> Message:
        """At `now` (epoch seconds)."""
        return self.speech.error(error, int(now * 1000), request_id)

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
