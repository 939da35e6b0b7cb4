"""What a gateway says, per server version: text, and protobuf from where each message turned.

Numbers, field orders and versions are facts of the protocol, told by the official clients'
decoders; a message is built for one server version and is complete but for its frame length.
A reply turns to protobuf at the version at which its family of requests does.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache

from google.protobuf import message as protobuf

from fake_ib_gateway.protocol import bodies, orders, wire
from fake_ib_gateway.protocol.errors import NO_REQUEST, Error
from fake_ib_gateway.protocol.protobuf import account_pb2, config_pb2, orders_pb2, session_pb2
from fake_ib_gateway.protocol.requests import PROTOBUF_OFFSET, RAW_IDS
from fake_ib_gateway.world.book import Book, Contract, Position, Value

OLDEST, NEWEST = 100, 226
"""Server versions spoken: from the first framed one to the newest client's maximum."""

ESCAPED_TEXT = 153
REJECT_JSON, ERROR_TIME = 166, 194
MILLISECONDS, CONFIG = 197, 219
"""From these versions a client may ask for the time in milliseconds, for the configuration."""

LONGEST_TEXT = 1000
"""Of an error: what it repeats of a request may be as long as a frame."""


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of message: its name, its number, its protobuf class, and since which version."""

    name: str
    number: int
    protobuf: type[protobuf.Message]
    since: int


_ID, _NOTHING = session_pb2.RequestId, session_pb2.Empty

ERROR = Form("error", 4, session_pb2.Error, 201)
EXECUTIONS_END = Form("execDetailsEnd", 55, _ID, 201)
ORDER_STATUS = Form("orderStatus", 3, orders_pb2.OrderStatus, 203)
OPEN_ORDER = Form("openOrder", 5, orders_pb2.OpenOrder, 203)
OPEN_ORDER_END = Form("openOrderEnd", 53, _NOTHING, 203)
COMPLETED_ORDERS_END = Form("completedOrdersEnd", 102, _NOTHING, 204)
ACCOUNT_VALUE = Form("accountValue", 6, account_pb2.AccountValue, 207)
PORTFOLIO_VALUE = Form("portfolioValue", 7, account_pb2.PortfolioValue, 207)
ACCOUNT_UPDATE_TIME = Form("accountUpdateTime", 8, account_pb2.AccountUpdateTime, 207)
ACCOUNT_DOWNLOAD_END = Form("accountDownloadEnd", 54, account_pb2.AccountDataEnd, 207)
MANAGED_ACCOUNTS = Form("managedAccounts", 15, session_pb2.ManagedAccounts, 207)
POSITION = Form("position", 61, account_pb2.Position, 207)
POSITION_END = Form("positionEnd", 62, _NOTHING, 207)
ACCOUNT_SUMMARY = Form("accountSummary", 63, account_pb2.AccountSummary, 207)
ACCOUNT_SUMMARY_END = Form("accountSummaryEnd", 64, _ID, 207)
POSITION_MULTI = Form("positionMulti", 71, account_pb2.PositionMulti, 207)
POSITION_MULTI_END = Form("positionMultiEnd", 72, _ID, 207)
ACCOUNT_UPDATE_MULTI = Form("accountUpdateMulti", 73, account_pb2.AccountUpdateMulti, 207)
ACCOUNT_UPDATE_MULTI_END = Form("accountUpdateMultiEnd", 74, _ID, 207)
NEXT_VALID_ID = Form("nextValidId", 9, session_pb2.NextValidId, 213)
CURRENT_TIME = Form("currentTime", 49, session_pb2.CurrentTime, 213)
CURRENT_TIME_IN_MILLIS = Form("currentTimeInMillis", 109, session_pb2.CurrentTimeInMillis, 213)
CONFIG_RESPONSE = Form("configResponse", 110, config_pb2.ConfigResponse, CONFIG)


@dataclass(frozen=True, slots=True)
class Message:
    """What the gateway sends: the message's name, its payload, and its text fields for a log."""

    name: str
    payload: bytes
    fields: tuple[object, ...] = ()

    @property
    def frame(self) -> bytes:
        return wire.frame(self.payload)


@dataclass(frozen=True, slots=True)
class Block:
    """Many messages that are sent together, and the bytes they come to."""

    messages: tuple[Message, ...]
    frames: bytes


@dataclass(frozen=True, slots=True)
class Speech:
    """The messages of a gateway at one server version."""

    version: int

    def _say(
        self, form: Form, fields: tuple[object, ...], body: protobuf.Message | None
    ) -> Message:
        """The message as protobuf where there is a body, as text where there is none."""
        if body is None:
            return Message(form.name, self._text(form.number, fields), (form.number, *fields))
        head = struct.pack("!I", form.number + PROTOBUF_OFFSET)
        return Message(form.name, head + body.SerializeToString(), (form.number, *fields))

    def _message(self, form: Form, *fields: object, **values: object) -> Message:
        """Text fields for the one form, named values for the other; empty text is absent there."""
        if self.version < form.since:
            return self._say(form, fields, None)
        return self._say(form, fields, form.protobuf(**bodies.present(**values)))

    def _text(self, number: int, fields: tuple[object, ...]) -> bytes:
        head = struct.pack("!I", number) if self.version >= RAW_IDS else wire.fields(number)
        return head + wire.fields(*fields, escaped=self.version >= ESCAPED_TEXT)

    def server_version(self, connected: str) -> Message:
        """The answer to the hello: two text fields and no number, at every version."""
        fields = (self.version, connected)
        return Message("serverVersion", wire.fields(*fields), fields)

    def next_valid_id(self, order_id: int) -> Message:
        return self._message(NEXT_VALID_ID, 1, order_id, order_id=order_id)

    def managed_accounts(self, accounts: str) -> Message:
        return self._message(MANAGED_ACCOUNTS, 1, accounts, accounts=accounts)

    def current_time(self, seconds: int) -> Message:
        return self._message(CURRENT_TIME, 1, seconds, seconds=seconds)

    def current_time_in_millis(self, milliseconds: int) -> Message:
        return self._message(CURRENT_TIME_IN_MILLIS, milliseconds, milliseconds=milliseconds)

    def error(self, error: Error, milliseconds: int = 0, request_id: int = NO_REQUEST) -> Message:
        text = error.text[:LONGEST_TEXT]
        fields: list[object] = [request_id, error.code, text]
        if self.version >= REJECT_JSON:
            fields.append("")
        if self.version >= ERROR_TIME:
            fields.append(milliseconds)
        else:
            fields.insert(0, 2)
        said = self._message(
            ERROR, *fields,
            request_id=request_id, milliseconds=milliseconds, code=error.code, text=text,
        )  # fmt: skip
        return Message(f"error {error.code}", said.payload, said.fields)

    def positions(self, books: tuple[Book, ...]) -> Block:
        """All rows and their end; kept, so that they are encoded once and not for each client."""
        return _positions(self, _Held(books))

    def position(self, account: str, row: Position) -> Message:
        return self._message(
            POSITION, 3, account, *_contract_fields(row.contract), row.quantity, row.average_cost,
            account=account, contract=row.contract, quantity=row.quantity,
            average_cost=row.average_cost,
        )  # fmt: skip

    def position_end(self) -> Message:
        return self._message(POSITION_END, 1)

    def position_multi(self, request_id: int, account: str, row: Position, model: str) -> Message:
        return self._message(
            POSITION_MULTI, 1, request_id, account, *_contract_fields(row.contract),
            row.quantity, row.average_cost, model,
            request_id=request_id, account=account, contract=row.contract,
            quantity=row.quantity, average_cost=row.average_cost, model=model,
        )  # fmt: skip

    def position_multi_end(self, request_id: int) -> Message:
        return self._message(POSITION_MULTI_END, 1, request_id, request_id=request_id)

    def account_value(self, account: str, line: Value) -> Message:
        return self._message(
            ACCOUNT_VALUE, 2, line.key, line.value, line.currency, account,
            key=line.key, value=line.value, currency=line.currency, account=account,
        )  # fmt: skip

    def portfolio_value(self, account: str, row: Position) -> Message:
        """The row as the portfolio window shows it; the exchange is the primary one here."""
        money = (row.market_price, row.market_value, row.average_cost, row.unrealized, 0.0)
        return self._message(
            PORTFOLIO_VALUE, 8, *_contract_fields(row.contract), row.quantity, *money, account,
            contract=bodies.contract(row.contract, at_primary=True), quantity=row.quantity,
            market_price=row.market_price, market_value=row.market_value,
            average_cost=row.average_cost, unrealized=row.unrealized, realized=0.0,
            account=account,
        )  # fmt: skip

    def account_update_time(self, time: str) -> Message:
        """The time as `hh:mm`."""
        return self._message(ACCOUNT_UPDATE_TIME, 1, time, time=time)

    def account_download_end(self, account: str) -> Message:
        return self._message(ACCOUNT_DOWNLOAD_END, 1, account, account=account)

    def account_summary(self, request_id: int, account: str, line: Value) -> Message:
        return self._message(
            ACCOUNT_SUMMARY, 1, request_id, account, line.key, line.value,
            line.currency,
            request_id=request_id, account=account, tag=line.key, value=line.value,
            currency=line.currency,
        )  # fmt: skip

    def account_summary_end(self, request_id: int) -> Message:
        return self._message(ACCOUNT_SUMMARY_END, 1, request_id, request_id=request_id)

    def account_update_multi(
        self, request_id: int, account: str, model: str, line: Value
    ) -> Message:
        return self._message(
            ACCOUNT_UPDATE_MULTI, 1, request_id, account, model, line.key, line.value,
            line.currency,
            request_id=request_id, account=account, model=model, key=line.key, value=line.value,
            currency=line.currency,
        )  # fmt: skip

    def account_update_multi_end(self, request_id: int) -> Message:
        return self._message(ACCOUNT_UPDATE_MULTI_END, 1, request_id, request_id=request_id)

    def open_order(self, order: orders.Order) -> Message:
        is_text = self.version < OPEN_ORDER.since
        fields = tuple(orders.open_order_fields(order, self.version))
        return self._say(OPEN_ORDER, fields, None if is_text else orders.open_order_protobuf(order))

    def order_status(self, order: orders.Order) -> Message:
        is_text = self.version < ORDER_STATUS.since
        fields = tuple(orders.order_status_fields(order, self.version))
        body = None if is_text else orders.order_status_protobuf(order)
        return self._say(ORDER_STATUS, fields, body)

    def open_order_end(self) -> Message:
        return self._message(OPEN_ORDER_END, 1)

    def completed_orders_end(self) -> Message:
        return self._message(COMPLETED_ORDERS_END)

    def executions_end(self, request_id: int) -> Message:
        return self._message(EXECUTIONS_END, 1, request_id, request_id=request_id)

    def config(self, request_id: int, settings: config_pb2.ApiSettings) -> Message:
        """The read-only part: the settings of the API. There is no text form."""
        api = config_pb2.ApiConfig(settings=settings)
        body = config_pb2.ConfigResponse(request_id=request_id, api=api)
        return self._say(CONFIG_RESPONSE, (request_id,), body)


@dataclass(frozen=True, slots=True)
class _Held:
    """Books as a key: that of 50,000 rows is not found by hashing every one of them."""

    books: tuple[Book, ...]

    def __hash__(self) -> int:
        return hash(tuple((book.account, len(book.positions)) for book in self.books))


@lru_cache(maxsize=8)
def _positions(speech: Speech, held: _Held) -> Block:
    rows = (speech.position(book.account, row) for book in held.books for row in book.positions)
    messages = (*rows, speech.position_end())
    return Block(messages, b"".join(message.frame for message in messages))


def _contract_fields(held: Contract) -> tuple[object, ...]:
    return (
        held.con_id, held.symbol, held.sec_type, held.expiry, held.strike, held.right,
        held.multiplier, held.exchange, held.currency, held.local_symbol, held.trading_class,
    )  # fmt: skip
