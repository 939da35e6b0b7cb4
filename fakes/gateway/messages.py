"""What a gateway says and understands, as text messages, by server version.

Message ids, field orders and the versions at which they changed are facts of the protocol; a
message is built for one server version and is complete but for its frame length.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache

from fakes.gateway import wire
from fakes.gateway.book import Position

OLDEST, NEWEST = 100, 203
"""Server versions spoken here. From 204 on a gateway speaks protobuf where we still speak text."""

RAW_IDS = 201
"""From here on a message id is a raw 4-byte integer, and an id above 200 announces protobuf."""
PROTOBUF_OFFSET = 200
ESCAPED_TEXT = 153
REJECT_JSON, ERROR_TIME = 166, 194

REQUESTS = {
    3: "PLACE_ORDER",
    4: "CANCEL_ORDER",
    5: "REQ_OPEN_ORDERS",
    6: "REQ_ACCT_DATA",
    7: "REQ_EXECUTIONS",
    8: "REQ_IDS",
    15: "REQ_AUTO_OPEN_ORDERS",
    16: "REQ_ALL_OPEN_ORDERS",
    17: "REQ_MANAGED_ACCTS",
    21: "EXERCISE_OPTIONS",
    49: "REQ_CURRENT_TIME",
    58: "REQ_GLOBAL_CANCEL",
    61: "REQ_POSITIONS",
    64: "CANCEL_POSITIONS",
    71: "START_API",
    76: "REQ_ACCOUNT_UPDATES_MULTI",
    99: "REQ_COMPLETED_ORDERS",
}

ORDERS = {"PLACE_ORDER", "CANCEL_ORDER", "REQ_GLOBAL_CANCEL", "EXERCISE_OPTIONS"}


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked: the message's name, and its text fields after the id."""

    name: str
    fields: tuple[str, ...] = ()
    protobuf: bool = False


def read_request(payload: bytes, version: int) -> Request:
    """Raises wire.WireError where not even an id can be read."""
    if version >= RAW_IDS:
        if len(payload) < 4:
            raise wire.WireError(f"message of {len(payload)} bytes has no id")
        (number,) = struct.unpack_from("!I", payload)
        if number > PROTOBUF_OFFSET:
            return Request(_name(number - PROTOBUF_OFFSET), protobuf=True)
        return Request(_name(number), tuple(wire.split_fields(payload[4:])))
    first, *rest = wire.split_fields(payload) or [""]
    if not first.isascii() or not first.isdigit():
        raise wire.WireError(f"message id {first[:20]!r} is no number")
    return Request(_name(int(first[:9])), tuple(rest))


def _name(number: int) -> str:
    return REQUESTS.get(number, f"UNKNOWN_{number}")


@dataclass(frozen=True, slots=True)
class Message:
    """What the gateway sends: the message's name, and its payload."""

    name: str
    payload: bytes

    @property
    def frame(self) -> bytes:
        return wire.frame(self.payload)


@dataclass(frozen=True, slots=True)
class Speech:
    """The messages of a gateway at one server version."""

    version: int

    def _message(self, name: str, number: int, *values: object) -> Message:
        head = struct.pack("!I", number) if self.version >= RAW_IDS else wire.fields(number)
        return Message(name, head + wire.fields(*(self._encoded(value) for value in values)))

    def _encoded(self, value: object) -> object:
        if isinstance(value, str) and self.version >= ESCAPED_TEXT:
            return wire.escape(value)
        return value

    def server_version(self, connected: str) -> Message:
        """The answer to the hello: two text fields and no id, at every version."""
        return Message("serverVersion", wire.fields(self.version, connected))

    def next_valid_id(self, order_id: int) -> Message:
        return self._message("nextValidId", 9, 1, order_id)

    def managed_accounts(self, *accounts: str) -> Message:
        return self._message("managedAccounts", 15, 1, ",".join(accounts))

    def current_time(self, seconds: int) -> Message:
        return self._message("currentTime", 49, 1, seconds)

    def error(self, request_id: int, code: int, text: str, milliseconds: int = 0) -> Message:
        values: list[object] = [request_id, code, text]
        if self.version >= REJECT_JSON:
            values.append("")
        if self.version >= ERROR_TIME:
            values.append(milliseconds)
        else:
            values.insert(0, 2)
        return self._message(f"error {code}", 4, *values)

    @lru_cache(maxsize=200_000)  # noqa: B019 - a Speech is as small as its version
    def position(self, account: str, row: Position) -> Message:
        """Kept, so that a large book is encoded once and not for each client."""
        return self._message(
            "position", 61, 3, account, row.con_id, row.symbol, row.sec_type, row.expiry,
            row.strike, row.right, row.multiplier, row.exchange, row.currency, row.local_symbol,
            row.trading_class, row.quantity, row.average_cost,
        )  # fmt: skip

    def position_end(self) -> Message:
        return self._message("positionEnd", 62, 1)

    def open_order_end(self) -> Message:
        return self._message("openOrderEnd", 53, 1)

    def completed_orders_end(self) -> Message:
        return self._message("completedOrdersEnd", 102)

    def executions_end(self, request_id: str) -> Message:
        return self._message("execDetailsEnd", 55, 1, request_id)

    def account_download_end(self, account: str) -> Message:
        return self._message("accountDownloadEnd", 54, 1, account)

    def account_update_multi_end(self, request_id: str) -> Message:
        return self._message("accountUpdateMultiEnd", 74, 1, request_id)
