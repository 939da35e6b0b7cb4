"""What a client asks, read from text or protobuf into the same names and values.

Message numbers, field orders and protobuf classes are facts of the protocol, as the official
clients send them. What a message is told by its number alone; the form, from server version 201
on, by whether the number is above 200.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError, Message

from fake_ib_gateway.protocol import wire
from fake_ib_gateway.protocol.protobuf import account_pb2, config_pb2, orders_pb2, session_pb2

RAW_IDS = 201
"""From this server version a message's number is a raw 4-byte integer."""
PROTOBUF_OFFSET = 200
"""A number this much higher announces protobuf."""

VERSION = "_"
"""A text field that is read and says nothing: the message's own version."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request: its name, its text fields after the number, its protobuf class.

    A protobuf field goes by the same name as the text field; nested ones come flat.
    """

    name: str
    layout: tuple[str, ...] = (VERSION,)
    protobuf: type[Message] = session_pb2.Empty
    versioned_before: int = 0
    """Below this server version, the message's own version stands before the layout."""


_ID = (VERSION, "request_id")


def _with_id(name: str, *layout: str, versioned_before: int = 0) -> Kind:
    return Kind(name, layout or _ID, session_pb2.RequestId, versioned_before)


_MODEL = (*_ID, "account", "model")
_FILTER = ("client_id", "account", "time", "symbol", "sec_type", "exchange", "side")

REQUESTS: dict[int, Kind] = {
    1: _with_id("REQ_MKT_DATA"),
    2: _with_id("CANCEL_MKT_DATA"),
    3: _with_id("PLACE_ORDER", "request_id", versioned_before=145),
    4: _with_id("CANCEL_ORDER", "request_id", versioned_before=192),
    5: Kind("REQ_OPEN_ORDERS"),
    6: Kind("REQ_ACCT_DATA", (VERSION, "subscribe", "account"), account_pb2.AccountDataRequest),
    7: Kind("REQ_EXECUTIONS", (*_ID, *_FILTER), orders_pb2.ExecutionRequest),
    8: Kind("REQ_IDS", (VERSION, "count"), session_pb2.IdsRequest),
    9: _with_id("REQ_CONTRACT_DATA"),
    10: _with_id("REQ_MKT_DEPTH"),
    11: _with_id("CANCEL_MKT_DEPTH"),
    12: Kind("REQ_NEWS_BULLETINS"),
    13: Kind("CANCEL_NEWS_BULLETINS"),
    14: Kind("SET_SERVER_LOGLEVEL", (VERSION, "level"), session_pb2.LogLevelRequest),
    15: Kind("REQ_AUTO_OPEN_ORDERS", (VERSION, "bind"), orders_pb2.AutoOpenOrdersRequest),
    16: Kind("REQ_ALL_OPEN_ORDERS"),
    17: Kind("REQ_MANAGED_ACCTS"),
    18: Kind("REQ_FA"),
    19: _with_id("REPLACE_FA", VERSION, "type", "xml", "request_id"),
    20: _with_id("REQ_HISTORICAL_DATA", "request_id", versioned_before=124),
    21: _with_id("EXERCISE_OPTIONS"),
    22: _with_id("REQ_SCANNER_SUBSCRIPTION", "request_id", versioned_before=143),
    23: _with_id("CANCEL_SCANNER_SUBSCRIPTION"),
    24: Kind("REQ_SCANNER_PARAMETERS"),
    25: _with_id("CANCEL_HISTORICAL_DATA"),
    49: Kind("REQ_CURRENT_TIME"),
    50: _with_id("REQ_REAL_TIME_BARS"),
    51: _with_id("CANCEL_REAL_TIME_BARS"),
    52: _with_id("REQ_FUNDAMENTAL_DATA"),
    53: _with_id("CANCEL_FUNDAMENTAL_DATA"),
    54: _with_id("REQ_CALC_IMPLIED_VOLAT"),
    55: _with_id("REQ_CALC_OPTION_PRICE"),
    56: _with_id("CANCEL_CALC_IMPLIED_VOLAT"),
    57: _with_id("CANCEL_CALC_OPTION_PRICE"),
    58: Kind("REQ_GLOBAL_CANCEL"),
    59: Kind("REQ_MARKET_DATA_TYPE", (VERSION, "type"), orders_pb2.MarketDataTypeRequest),
    61: Kind("REQ_POSITIONS"),
    62: Kind("REQ_ACCOUNT_SUMMARY", (*_ID, "group", "tags"), account_pb2.AccountSummaryRequest),
    63: _with_id("CANCEL_ACCOUNT_SUMMARY"),
    64: Kind("CANCEL_POSITIONS"),
    65: Kind("VERIFY_REQUEST"),
    66: Kind("VERIFY_MESSAGE"),
    67: _with_id("QUERY_DISPLAY_GROUPS"),
    68: _with_id("SUBSCRIBE_TO_GROUP_EVENTS"),
    69: _with_id("UPDATE_DISPLAY_GROUP"),
    70: _with_id("UNSUBSCRIBE_FROM_GROUP_EVENTS"),
    71: Kind("START_API", (VERSION, "client_id", "options"), session_pb2.StartApiRequest),
    72: Kind("VERIFY_AND_AUTH_REQUEST"),
    73: Kind("VERIFY_AND_AUTH_MESSAGE"),
    74: Kind("REQ_POSITIONS_MULTI", _MODEL, account_pb2.PositionsMultiRequest),
    75: _with_id("CANCEL_POSITIONS_MULTI"),
    76: Kind(
        "REQ_ACCOUNT_UPDATES_MULTI", (*_MODEL, "ledger"), account_pb2.AccountUpdatesMultiRequest
    ),
    77: _with_id("CANCEL_ACCOUNT_UPDATES_MULTI"),
    78: _with_id("REQ_SEC_DEF_OPT_PARAMS", "request_id"),
    79: _with_id("REQ_SOFT_DOLLAR_TIERS", "request_id"),
    80: Kind("REQ_FAMILY_CODES", ()),
    81: _with_id("REQ_MATCHING_SYMBOLS", "request_id"),
    82: Kind("REQ_MKT_DEPTH_EXCHANGES", ()),
    83: _with_id("REQ_SMART_COMPONENTS", "request_id"),
    84: _with_id("REQ_NEWS_ARTICLE", "request_id"),
    85: Kind("REQ_NEWS_PROVIDERS", ()),
    86: _with_id("REQ_HISTORICAL_NEWS", "request_id"),
    87: _with_id("REQ_HEAD_TIMESTAMP", "request_id"),
    88: _with_id("REQ_HISTOGRAM_DATA", "request_id"),
    89: _with_id("CANCEL_HISTOGRAM_DATA", "request_id"),
    90: _with_id("CANCEL_HEAD_TIMESTAMP", "request_id"),
    91: Kind("REQ_MARKET_RULE", ("rule",)),
    92: _with_id("REQ_PNL", "request_id"),
    93: _with_id("CANCEL_PNL", "request_id"),
    94: _with_id("REQ_PNL_SINGLE", "request_id"),
    95: _with_id("CANCEL_PNL_SINGLE", "request_id"),
    96: _with_id("REQ_HISTORICAL_TICKS", "request_id"),
    97: _with_id("REQ_TICK_BY_TICK_DATA", "request_id"),
    98: _with_id("CANCEL_TICK_BY_TICK_DATA", "request_id"),
    99: Kind("REQ_COMPLETED_ORDERS", ("api_only",), orders_pb2.CompletedOrdersRequest),
    100: _with_id("REQ_WSH_META_DATA", "request_id"),
    101: _with_id("CANCEL_WSH_META_DATA", "request_id"),
    102: _with_id("REQ_WSH_EVENT_DATA", "request_id"),
    103: _with_id("CANCEL_WSH_EVENT_DATA", "request_id"),
    104: _with_id("REQ_USER_INFO", "request_id"),
    105: Kind("REQ_CURRENT_TIME_IN_MILLIS", ()),
    106: _with_id("CANCEL_CONTRACT_DATA", "request_id"),
    107: _with_id("CANCEL_HISTORICAL_TICKS", "request_id"),
    108: Kind("REQ_CONFIG", ("request_id",), config_pb2.ConfigRequest),
    109: _with_id("UPDATE_CONFIG", "request_id"),
}

ORDERS = {"PLACE_ORDER", "CANCEL_ORDER", "REQ_GLOBAL_CANCEL", "EXERCISE_OPTIONS"}
"""What could place, change or cancel an order."""

CHANGES = ORDERS | {"REPLACE_FA", "UPDATE_CONFIG"}
"""What could change anything at all."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked: the kind's name, and its values as text; an absent one is empty.

    Flags are `1` and `0`. Of a number that no client sends the name is `UNKNOWN_` and the number.
    """

    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    payload: bytes = b""
    is_readable: bool = True
    """Whether the body could be read, not only the number."""

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def request_id(self) -> int:
        """The id the client gave it; -1 where it has none, or none that is a number."""
        return number_of(self["request_id"], -1)


def number_of(text: str, otherwise: int) -> int:
    """Text as a 32-bit number, as far as it is one."""
    try:
        number = int(text) if len(text) <= 11 else otherwise
    except ValueError:
        return otherwise
    return number if -(2**31) <= number < 2**31 else otherwise


def read_request(payload: bytes, version: int) -> Request:
    """Raises wire.WireError where not even a number can be read."""
    number, body, is_protobuf = _number(payload, version)
    kind = REQUESTS.get(number)
    if kind is None:
        return Request(f"UNKNOWN_{number}", {}, number, payload)
    try:
        values = _from_protobuf(kind, body) if is_protobuf else _from_text(kind, body, version)
    except DecodeError:
        return Request(kind.name, {}, number, payload, is_readable=False)
    return Request(kind.name, values, number, payload)


def _number(payload: bytes, version: int) -> tuple[int, bytes, bool]:
    """The number, what follows it, and whether that is protobuf."""
    if version >= RAW_IDS:
        if len(payload) < 4:
            raise wire.WireError(f"message of {len(payload)} bytes has no number")
        (number,) = struct.unpack_from("!I", payload)
        is_protobuf = number > PROTOBUF_OFFSET
        return number - PROTOBUF_OFFSET * is_protobuf, payload[4:], is_protobuf
    first, _, body = payload.partition(b"\0")
    if not first.isdigit() or len(first) > 9:
        raise wire.WireError(f"message number {first[:20]!r} is not a number")
    return int(first), body, False


def _from_text(kind: Kind, body: bytes, version: int) -> dict[str, str]:
    layout = (VERSION, *kind.layout) if version < kind.versioned_before else kind.layout
    values = dict(zip(layout, wire.split_fields(body, len(layout)), strict=False))
    values.pop(VERSION, None)
    return values


def _from_protobuf(kind: Kind, body: bytes) -> dict[str, str]:
    message: Any = kind.protobuf()
    message.ParseFromString(body)
    return dict(_flat(message))


def _flat(message: Any) -> Iterator[tuple[str, str]]:
    """Names and values; those of a nested message come without its own name."""
    for descriptor, value in message.ListFields():
        if isinstance(value, Message):
            yield from _flat(value)
        else:
            yield descriptor.name, str(int(value)) if isinstance(value, bool) else str(value)
