"""Nothing of an account or a user name is left, and nothing else is touched."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_ib_gateway.protocol import errors, wire
from fake_ib_gateway.protocol.messages import Speech
from fake_ib_gateway.protocol.orders import Order
from fake_ib_gateway.protocol.protobuf import orders_pb2
from fake_ib_gateway.record.identities import Identities
from fake_ib_gateway.record.transcript import Transcript
from fake_ib_gateway.replay.recording import Writer, read

ACCOUNT = b"U21146542"
USER = b"trader77"
UNKNOWN_ACCOUNT = errors.UNKNOWN_ACCOUNT.about(ACCOUNT.decode())


def managed(version: int, *accounts: str) -> bytes:
    return Speech(version).managed_accounts(",".join(accounts) + ",").payload


@pytest.mark.parametrize("version", [176, 203, 207])
@pytest.mark.parametrize("account", ["U21146542", "DU1234567", "DUM765432", "F1234", "xyz"])
@pytest.mark.parametrize(
    "around", [b"%s", b"\0%s\0", b"12.0/%s/100", b"(%s)", b"x%s,%sy", b"%sA\0", b"\n\t%s0", b"0%s"]
)
def test_account_that_was_told_is_replaced_wherever_it_stands(
    version: int, account: str, around: bytes
) -> None:
    identities = Identities()
    identities.learn(managed(version, "U5555555", account), version)
    name = account.encode()
    payload = around.replace(b"%s", name)
    replaced = identities.replaced(payload)
    assert name not in replaced
    assert len(replaced) == len(payload)
    assert replaced == identities.replaced(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"61\x003\0U21146542\x00265598\0",
        b"\0\0\0\x3d3\0U21146542\0",
        b"4\x002\0-1\x00321\0about U21146542, not U21146542A\0",
        Speech(203).error(UNKNOWN_ACCOUNT).payload,
        Speech(226).account_download_end("U21146542").payload,
        Speech(200).open_order(Order(account="U21146542")).payload,
        Speech(226).open_order(Order(account="U21146542")).payload,
    ],
)
def test_account_is_known_by_its_shape_before_it_was_told(payload: bytes) -> None:
    identities = Identities()
    identities.learn(payload, 200)
    assert payload.count(ACCOUNT) > 0
    assert identities.replaced(payload) == payload.replace(ACCOUNT, b"U00000001")


def test_what_is_no_account_stays() -> None:
    identities = Identities()
    payload = b"SU21146542\0IE0031442068\0SPY   270319P00645000\0U212\0AU1234567\0U1234567890\0"
    identities.learn(payload, 200)
    assert identities.replaced(payload) == payload


def with_field(payload: bytes, place: int, text: bytes) -> bytes:
    """A message of text with another field at a place counted from the end."""
    texts = payload.removesuffix(b"\0").split(b"\0")
    texts[place] = text
    return b"\0".join(texts) + b"\0"


def with_protobuf(number: int, *path: int) -> bytes:
    """A message that holds the user name at a path of field numbers, and nothing else."""
    data = USER
    for field in reversed(path):
        key = wire_number(field << 3 | 2)
        data = key + wire_number(len(data)) + data
    return (number + 200).to_bytes(4, "big") + data


def wire_number(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128, number >> 7])


@pytest.mark.parametrize(
    ("payload", "version"),
    [
        (with_field(Speech(199).open_order(Order()).payload, -2, USER), 199),
        (with_field(Speech(202).open_order(Order()).payload, -2, USER), 202),
        (wire.fields(11, 1, 2, *range(30), USER.decode()), 200),
        (wire.fields(101, *range(90), USER.decode()), 202),
        (with_protobuf(5, 3, 137), 226),
        (with_protobuf(11, 3, 20), 201),
        (with_protobuf(101, 2, 137), 204),
    ],
)
def test_user_name_is_learned_where_orders_and_executions_carry_it(
    payload: bytes, version: int
) -> None:
    identities = Identities()
    identities.learn(payload, version)
    replaced = identities.replaced(payload)
    assert USER in payload
    assert USER not in replaced
    assert len(replaced) == len(payload)


def test_order_in_protobuf_keeps_all_but_the_names() -> None:
    identities = Identities([USER.decode()])
    said = Speech(226).open_order(Order(account=ACCOUNT.decode())).payload
    identities.learn(said, 226)
    before = orders_pb2.OpenOrder.FromString(said[4:])
    after = orders_pb2.OpenOrder.FromString(identities.replaced(said)[4:])
    before.order.account = after.order.account
    assert after == before


@pytest.mark.parametrize("text", ["trader77", "Trader77", "TRADER77"])
def test_word_is_replaced_however_its_letters_are_written(text: str) -> None:
    replaced = Identities(["trader77"]).replaced(f"submitted by {text}!".encode())
    assert replaced == b"submitted by xxxxxxx1!"


@pytest.mark.parametrize("form", ["utf-8", "escaped"])
def test_word_beyond_ascii_is_replaced_as_text_and_as_protobuf_carry_it(form: str) -> None:
    name = "Z\u00fcrich-M\u00fcller"
    data = name.encode() if form == "utf-8" else wire.escape(name)
    replaced = Identities([name]).replaced(b"61\0" + data + b"\0")
    assert data not in replaced
    assert b"rich" not in replaced
    assert len(replaced) == len(data) + 4


accounts = st.from_regex(r"(D[UFI][A-Z]?|[UFI])[0-9]{5,8}", fullmatch=True)
users = st.from_regex(r"[a-z]{4,8}[0-9]{0,3}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(deadline=None)
@given(
    names=st.lists(accounts, min_size=1, max_size=4, unique=True),
    words=st.lists(users, max_size=3),
    data=st.data(),
)
def test_no_identity_is_left_in_the_file_and_lengths_stay(
    tmp_path_factory: pytest.TempPathFactory,
    names: list[str],
    words: list[str],
    data: st.DataObject,
) -> None:
    identities = [*names, *words]
    pieces = st.lists(st.sampled_from(identities) | texts, max_size=6).map("".join)
    said = [wire.fields(61, 3, data.draw(pieces), data.draw(pieces)) for _ in range(3)]
    said += [Speech(226).error(errors.Error(321, data.draw(pieces))).payload]
    path = tmp_path_factory.mktemp("recording") / "session.jsonl"
    with path.open("w", encoding="utf-8") as file:
        transcript = Transcript(Writer(file), Identities(words))
        transcript.begin()
        for payload in [b"203\0now\0", *said, managed(226, *names)]:
            transcript.add(0.0, "gateway", payload, 203)
        transcript.end("client")
    written = [record.payload for record in read(path).records]
    assert [len(each) for each in written[1:-1]] == [len(each) for each in said]
    for identity in identities:
        for payload in written:
            assert identity.encode().lower() not in payload.lower()
