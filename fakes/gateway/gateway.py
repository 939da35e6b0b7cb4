"""A gateway's behaviour: what it does about what a client asks. No sockets, no clock of its own.

Every event (a hello, a request) is answered by a burst: the actions the server performs in order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fakes.gateway.book import Book
from fakes.gateway.messages import NEWEST, ORDERS, Message, Request, Speech
from fakes.gateway.wire import Hello


@dataclass(frozen=True, slots=True)
class Pause:
    """Say nothing for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the connection."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes that need not be a message."""

    data: bytes


Action = Message | Pause | HangUp | Raw
Burst = list[Action]

FARM_NOTICES = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
)
CLIENT_ID_IN_USE = (
    326,
    "Unable to connect as the client id is already in use. Retry with a unique client id.",
)
ORDER_REFUSED = (201, "Order rejected - reason:This is a fake gateway, it takes no orders")
NOT_UNDERSTOOD = (320, "Error reading request.")

NO_REQUEST = -1
"""The request id of an error that belongs to no request."""


@dataclass(slots=True)
class Gateway:
    """One login: its book, and the client ids connected to it."""

    book: Book
    version: int = NEWEST
    next_order_id: int = 1
    client_ids: set[int] = field(default_factory=set)
    orders_received: int = 0

    def session(self) -> Session:
        return Session(self, Speech(self.version))


@dataclass(slots=True)
class Session:
    """One client's conversation with the gateway."""

    gateway: Gateway
    speech: Speech
    client_id: int | None = None
    _last_time_answer: float = float("-inf")

    def hello(self, hello: Hello, connected: str) -> Burst:
        """The version both speak. `connected` is the connection time as text."""
        self.speech = Speech(min(self.gateway.version, hello.highest))
        return [self.speech.server_version(connected)]

    def answer(self, request: Request, now: float) -> Burst:
        """The burst for a request at `now` (epoch seconds)."""
        say, book = self.speech, self.gateway.book
        if self.client_id is None and request.name != "START_API":
            return []
        match request.name:
            case "START_API":
                return self._start_api(request, now)
            case "REQ_POSITIONS":
                rows: Burst = [say.position(book.account, row) for row in book.positions]
                return [*rows, say.position_end()]
            case "REQ_IDS":
                return [say.next_valid_id(self.gateway.next_order_id)]
            case "REQ_MANAGED_ACCTS":
                return [say.managed_accounts(book.account)]
            case "REQ_CURRENT_TIME":
                return self._current_time(now)
            case "REQ_OPEN_ORDERS" | "REQ_ALL_OPEN_ORDERS":
                return [say.open_order_end()]
            case "REQ_COMPLETED_ORDERS":
                return [say.completed_orders_end()]
            case "REQ_EXECUTIONS":
                return [say.executions_end(_nth(request, 1))]
            case "REQ_ACCT_DATA":
                return [say.account_download_end(book.account)]
            case "REQ_ACCOUNT_UPDATES_MULTI":
                return [say.account_update_multi_end(_nth(request, 1))]
            case "CANCEL_POSITIONS" | "REQ_AUTO_OPEN_ORDERS":
                return []
            case name if name in ORDERS:
                self.gateway.orders_received += 1
                return [self._error(ORDER_REFUSED, now)]
            case _:
                return [self._error(NOT_UNDERSTOOD, now)]

    def end(self) -> None:
        """The client has left: its id is free again."""
        if self.client_id is not None:
            self.gateway.client_ids.discard(self.client_id)

    def _start_api(self, request: Request, now: float) -> Burst:
        client_id = _nth(request, 1)
        if not client_id.isascii() or not client_id.isdigit():
            return [self._error(NOT_UNDERSTOOD, now)]
        number = int(client_id[:10])
        if number in self.gateway.client_ids:
            return [self._error(CLIENT_ID_IN_USE, now), HangUp()]
        self.client_id = number
        self.gateway.client_ids.add(number)
        say = self.speech
        return [
            say.managed_accounts(self.gateway.book.account),
            say.next_valid_id(self.gateway.next_order_id),
            *(self._error(notice, now) for notice in FARM_NOTICES),
        ]

    def _current_time(self, now: float) -> Burst:
        """A second request within a second is dropped without a word."""
        if now - self._last_time_answer < 1:
            return []
        self._last_time_answer = now
        return [self.speech.current_time(int(now))]

    def _error(self, error: tuple[int, str], now: float) -> Message:
        code, text = error
        return self.speech.error(NO_REQUEST, code, text, int(now * 1000))


def _nth(request: Request, number: int) -> str:
    """The n-th text field after the id, counted from 0; empty where the request has none."""
    return request.fields[number] if len(request.fields) > number else ""
