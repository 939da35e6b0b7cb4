"""A login and those who are connected to it, as the gateway remembers them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Literal

from fake_ib_gateway.answering.pacing import MESSAGES_PER_SECOND, Pacing
from fake_ib_gateway.protocol import errors
from fake_ib_gateway.protocol.errors import Error
from fake_ib_gateway.protocol.messages import NEWEST, Message, Speech
from fake_ib_gateway.world.book import Book

MAX_CLIENTS = 32
"""The documented maximum."""


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """What the user has set for the API; a blank master client id is None."""

    read_only: bool = False
    master_client_id: int | None = None
    trusted_ips: tuple[str, ...] = ("127.0.0.1",)


@dataclass(slots=True)
class Login:
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


@dataclass(slots=True)
class Client:
    """One that is connected: what it is called, what it has asked for, how it is spoken to."""

    gateway: Login
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

    def error(self, error: Error, now: float, request_id: int = errors.NO_REQUEST) -> Message:
        """At `now` (epoch seconds)."""
        return self.speech.error(error, int(now * 1000), request_id)
