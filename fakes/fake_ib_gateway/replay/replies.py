"""What a gateway's messages answer, and where they carry a request id.

Facts told by the official clients' decoders.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError

from fake_ib_gateway.protocol import wire
from fake_ib_gateway.protocol.protobuf import session_pb2
from fake_ib_gateway.protocol.requests import number_of
from fake_ib_gateway.replay.recording import opened

ERROR = 4
NONE = -1
"""The request id of what carries none."""
ALWAYS = 1_000_000
"""A server version never reached."""

ID_BEHIND_VERSION: dict[int, int] = {
    ERROR: 194, 10: 164, 11: 136, 17: 124, 18: 164, 21: 156,
    **dict.fromkeys((1, 2, 12, 13, 20, 45, 46, 47, 50, 51, 52, 55, 56, 57, 58), ALWAYS),
    **dict.fromkeys((63, 64, 67, 68, 71, 72, 73, 74), ALWAYS),
    **dict.fromkeys((75, 76, 77, 79, 81, 82, 83, 84, 86, 87, 88, 89, 90, 91, 92), 0),
    **dict.fromkeys((94, 95, 96, 97, 98, 99, 103, 104, 105, 106, 107, 108, 110, 111), 0),
}  # fmt: skip
"""Messages with a request id. It is the first text field, or below this server version the second,
behind the message's own version; in protobuf it is always field 1."""

ASKED_BY: dict[int, tuple[str, ...]] = {
    **dict.fromkeys((3, 5, 53), ("REQ_OPEN_ORDERS", "REQ_ALL_OPEN_ORDERS")),
    **dict.fromkeys((6, 7, 8, 54), ("REQ_ACCT_DATA",)),
    9: ("START_API", "REQ_IDS"),
    14: ("REQ_NEWS_BULLETINS",),
    15: ("START_API", "REQ_MANAGED_ACCTS"),
    16: ("REQ_FA",),
    19: ("REQ_SCANNER_PARAMETERS",),
    49: ("REQ_CURRENT_TIME",),
    59: ("REQ_EXECUTIONS",),
    **dict.fromkeys((61, 62), ("REQ_POSITIONS",)),
    78: ("REQ_FAMILY_CODES",),
    80: ("REQ_MKT_DEPTH_EXCHANGES",),
    85: ("REQ_NEWS_PROVIDERS",),
    93: ("REQ_MARKET_RULE",),
    **dict.fromkeys((101, 102), ("REQ_COMPLETED_ORDERS",)),
    109: ("REQ_CURRENT_TIME_IN_MILLIS",),
}
"""Messages without a request id, and what they answer."""

ENDED_BY = {3: 53, 5: 53, 6: 54, 7: 54, 8: 54, 59: 55, 61: 62, 101: 102}
"""The message that ends an answer of several; any other is an answer of its own."""

GOES_ON = {6, 7, 8, 14, 54, 61}
"""Messages that go on coming, as news, when the answer has long been complete."""


def request_id_in(payload: bytes, version: int) -> int:
    """The request id that a message carries; -1: it carries none."""
    number, body, is_protobuf = opened(payload)
    if number not in ID_BEHIND_VERSION:
        return NONE
    if is_protobuf:
        try:
            return session_pb2.RequestId.FromString(body).request_id
        except DecodeError:
            return NONE
    texts, place = wire.split_fields(body, 2), _place(number, version)
    return number_of(texts[place], NONE) if place < len(texts) else NONE


def with_request_id(payload: bytes, version: int, request_id: int) -> bytes:
    """A message that carries a request id, with another one."""
    number, body, is_protobuf = opened(payload)
    head = payload[: len(payload) - len(body)]
    if is_protobuf:
        message = session_pb2.RequestId.FromString(body)  # keeps the fields it does not know
        message.request_id = request_id
        return head + message.SerializeToString()
    texts = body.split(b"\0")
    texts[_place(number, version)] = str(request_id).encode()
    return head + b"\0".join(texts)


def error_code(payload: bytes, version: int) -> int:
    """Of an error; 0: it cannot be read."""
    _, body, is_protobuf = opened(payload)
    if is_protobuf:
        try:
            return session_pb2.Error.FromString(body).code
        except DecodeError:
            return 0
    texts, place = wire.split_fields(body, 3), _place(ERROR, version) + 1
    return number_of(texts[place], 0) if place < len(texts) else 0


def _place(number: int, version: int) -> int:
    return int(version < ID_BEHIND_VERSION[number])
