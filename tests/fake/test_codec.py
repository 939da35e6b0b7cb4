"""What clients send: any bytes at all, and whatever the official client can ask."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fake_ib_gateway.protocol import wire
from fake_ib_gateway.protocol.requests import RAW_IDS, REQUESTS, read_request
from tests.support import official
from tests.support.official import BANDS, NEWEST, Codec, bands


@st.composite
def pieces(draw: st.DrawFn, whole: bytes) -> list[bytes]:
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    return [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


def outcome(data: list[bytes]) -> tuple[list[bytes], bool]:
    """The payloads, and whether it ended in a WireError."""
    frames, read = wire.Frames(), []
    try:
        for piece in data:
            for payload in frames.feed(piece):
                read.append(payload)
    except wire.WireError:
        return read, True
    return read, False


@settings(deadline=None)
@given(st.data(), st.lists(st.binary(max_size=40)))
def test_payloads_come_out_as_they_went_in_wherever_they_are_cut(
    data: st.DataObject, sent: list[bytes]
) -> None:
    whole = b"".join(map(wire.frame, sent))
    assert outcome(data.draw(pieces(whole))) == (sent, False)


@settings(deadline=None)
@given(st.data(), st.lists(st.binary(max_size=8)), st.binary(max_size=40))
def test_any_bytes_are_read_the_same_wherever_they_are_cut(
    data: st.DataObject, sent: list[bytes], garbage: bytes
) -> None:
    whole = b"".join(map(wire.frame, sent)) + garbage
    assert outcome(data.draw(pieces(whole))) == outcome([whole])


@given(st.integers(0, 2**32 - 1))
@example(wire.MAX_FRAME)
@example(wire.MAX_FRAME + 1)
@example(2**31)
def test_length_is_judged_by_its_four_bytes_alone(length: int) -> None:
    read, refused = outcome([length.to_bytes(4, "big")])
    assert refused == (length > wire.MAX_FRAME)
    assert read == ([] if length else [b""])


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=8)))
def test_nothing_above_the_bound_is_kept(garbage: list[bytes]) -> None:
    frames = wire.Frames(longest=3)
    with suppress(wire.WireError):
        for piece in garbage:
            list(frames.feed(piece))
            assert len(frames._buffer) < 4 + 3


@settings(deadline=None)
@given(st.binary(max_size=64), st.sampled_from(BANDS))
def test_any_payload_is_a_request_or_a_wire_error(payload: bytes, version: int) -> None:
    with suppress(wire.WireError):
        request = read_request(payload, version)
        assert -(2**31) <= request.request_id < 2**31


@settings(deadline=None)
@given(st.sampled_from(sorted(REQUESTS)), st.binary(max_size=64), st.sampled_from(BANDS))
def test_any_body_of_a_known_request_is_read_or_said_to_be_unreadable(
    number: int, body: bytes, version: int
) -> None:
    text = number.to_bytes(4, "big") if version >= RAW_IDS else b"%d\0" % number
    assert read_request(text + body, version).name == REQUESTS[number].name
    if version >= RAW_IDS:
        request = read_request((200 + number).to_bytes(4, "big") + body, version)
        assert request.name == REQUESTS[number].name
        assert request.is_readable or not request.values


@given(st.lists(st.text(max_size=8)))
def test_a_field_ends_at_its_own_nul_and_nowhere_else(texts: list[str]) -> None:
    read = wire.split_fields(wire.fields(*texts))
    assert read == [
        text.encode("utf-8", "backslashreplace").decode().replace("\0", "") for text in texts
    ]


@pytest.mark.parametrize("version", [176, 226])
def test_of_millions_of_fields_only_those_that_are_known_are_looked_at(version: int) -> None:
    number = (61).to_bytes(4, "big") if version >= RAW_IDS else b"61\0"
    payload = number + b"ab\0" * (wire.MAX_FRAME // 4)
    tracemalloc.start()
    try:
        assert read_request(payload, version).values == {}
        assert tracemalloc.get_traced_memory()[1] < 3 * len(payload)
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def codecs() -> Iterator[dict[str, Codec]]:
    with official.codecs() as both:
        yield both


@dataclass(frozen=True)
class Asking:
    """A method of the official client and what it is given; what the fake calls all that."""

    method: str
    name: str
    arguments: dict[str, st.SearchStrategy[Any]]
    since: int = 100

    def __str__(self) -> str:
        return self.method


IDS = st.integers(0, 2**31 - 2)
BOOLS = st.booleans()
TEXTS = st.text("\t\n\r" + "".join(map(chr, range(32, 127))), max_size=12)
"""What the official client does not refuse to send."""

NUMBERED = {"request_id": IDS}
MODEL = {**NUMBERED, "account": TEXTS, "model": TEXTS}
FILTER = {
    "client_id": "clientId", "account": "acctCode", "time": "time", "symbol": "symbol",
    "sec_type": "secType", "exchange": "exchange", "side": "side",
}  # fmt: skip
FILTERS = {name: IDS if name == "client_id" else TEXTS for name in FILTER}

ASKINGS = [
    Asking("startApi", "START_API", {"client_id": IDS, "options": TEXTS}),
    Asking("reqIds", "REQ_IDS", {"count": IDS}),
    Asking("reqManagedAccts", "REQ_MANAGED_ACCTS", {}),
    Asking("reqCurrentTime", "REQ_CURRENT_TIME", {}),
    Asking("reqCurrentTimeInMillis", "REQ_CURRENT_TIME_IN_MILLIS", {}, 197),
    Asking("reqPositions", "REQ_POSITIONS", {}),
    Asking("cancelPositions", "CANCEL_POSITIONS", {}),
    Asking("reqPositionsMulti", "REQ_POSITIONS_MULTI", MODEL, 103),
    Asking("cancelPositionsMulti", "CANCEL_POSITIONS_MULTI", NUMBERED, 103),
    Asking("reqAccountUpdates", "REQ_ACCT_DATA", {"subscribe": BOOLS, "account": TEXTS}),
    Asking("reqAccountUpdatesMulti", "REQ_ACCOUNT_UPDATES_MULTI", {**MODEL, "ledger": BOOLS}, 103),
    Asking("cancelAccountUpdatesMulti", "CANCEL_ACCOUNT_UPDATES_MULTI", NUMBERED, 103),
    Asking(
        "reqAccountSummary",
        "REQ_ACCOUNT_SUMMARY",
        {**NUMBERED, "group": TEXTS, "tags": TEXTS},
    ),
    Asking("cancelAccountSummary", "CANCEL_ACCOUNT_SUMMARY", NUMBERED),
    Asking("reqOpenOrders", "REQ_OPEN_ORDERS", {}),
    Asking("reqAllOpenOrders", "REQ_ALL_OPEN_ORDERS", {}),
    Asking("reqAutoOpenOrders", "REQ_AUTO_OPEN_ORDERS", {"bind": BOOLS}),
    Asking("reqCompletedOrders", "REQ_COMPLETED_ORDERS", {"api_only": BOOLS}),
    Asking("reqExecutions", "REQ_EXECUTIONS", {**NUMBERED, **FILTERS}),
    Asking("setServerLogLevel", "SET_SERVER_LOGLEVEL", {"level": IDS}),
    Asking("reqMarketDataType", "REQ_MARKET_DATA_TYPE", {"type": IDS}),
    Asking("reqConfigProtoBuf", "REQ_CONFIG", NUMBERED, 219),
]


def as_the_client_takes_them(asking: Asking, values: dict[str, Any]) -> tuple[Any, ...]:
    if asking.method == "reqExecutions":
        wanted = {FILTER[name]: value for name, value in values.items() if name in FILTER}
        return values["request_id"], {"ExecutionFilter": wanted}
    if asking.method == "reqConfigProtoBuf":
        return ({"ConfigRequest": {"reqId": values["request_id"]}},)
    return tuple(values[name] for name in asking.arguments)


def as_the_fake_reads_it(value: Any) -> set[str]:
    """Protobuf has no word for a flag that is not set."""
    if isinstance(value, bool):
        return {"1"} if value else {"0", ""}
    return {str(value)}


@pytest.mark.parametrize(
    ("asking", "client"),
    [(asking, client) for asking in ASKINGS for client in NEWEST if bands(client, asking.since)],
    ids=str,
)
def test_what_the_official_client_asks_is_read_right(
    asking: Asking, client: str, codecs: dict[str, Codec]
) -> None:
    versions = bands(client, asking.since)

    @settings(deadline=None, max_examples=100)
    @given(st.fixed_dictionaries(asking.arguments))
    def is_read_right(values: dict[str, Any]) -> None:
        arguments = as_the_client_takes_them(asking, values)
        sent = codecs[client].encode(*((each, asking.method, arguments) for each in versions))
        for version, data in zip(versions, sent, strict=True):
            (payload,) = wire.Frames().feed(data)
            request = read_request(payload, version)
            assert request.name == asking.name
            assert request.values.keys() <= values.keys()
            for name, value in values.items():
                assert request[name] in as_the_fake_reads_it(value), (version, name)

    is_read_right()


REPLACE_FA_WITH_ID = 157


@pytest.mark.parametrize("client", NEWEST)
def test_id_of_everything_that_the_official_client_can_ask_is_read_right(
    client: str, codecs: dict[str, Codec]
) -> None:
    versions = range(100, NEWEST[client] + 1)
    asked = codecs[client].ask("numbered", [(version, 4711) for version in versions])
    read, methods = set(), set()
    for version, sent in zip(versions, asked, strict=True):
        methods |= sent.keys() if version >= REPLACE_FA_WITH_ID else sent.keys() - {"replaceFA"}
        for method, data in sent.items():
            for payload in wire.Frames().feed(bytes.fromhex(data)):
                if read_request(payload, version).request_id == 4711:
                    read.add((version, method))
                else:
                    assert (method, version < REPLACE_FA_WITH_ID) == ("replaceFA", True), version
    assert {method for _, method in read} == methods
    assert len(methods) > 50


def test_every_request_goes_by_the_official_clients_name(codecs: dict[str, Codec]) -> None:
    ours = {kind.name: number for number, kind in REQUESTS.items()}
    (old,), (new,) = (codec.ask("numbers", [()]) for codec in codecs.values())
    assert ours == old | new
