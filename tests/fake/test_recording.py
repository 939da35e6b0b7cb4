"""The file of a recording: exact, readable, and clear about what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_ib_gateway.protocol import wire
from fake_ib_gateway.replay.gateway import replayed
from fake_ib_gateway.replay.recording import Record, RecordingError, Source, Writer, read

SESSION: tuple[tuple[float, Source, bytes], ...] = (
    (0.0, "client", b"v100..203"),
    (0.001, "gateway", b"203\x0020261122 09:00:00 UTC\0"),
    (0.002, "client", b"\0\0\0\x47" + wire.fields(2, 10, "")),
    (0.003, "gateway", b"\0\0\0\x0f" + wire.fields(1, "U00000001")),
    (0.004, "gateway", b"\0\0\0\x09" + wire.fields(1, 1)),
    (0.5, "client", b"\0\0\1\x05"),
)
LAST = len(SESSION)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good one."""
    return written(tmp_path / "session.jsonl", *SESSION)


def written(path: Path, *records: tuple[float, Source, bytes], ended: str = "client") -> Path:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        writer = Writer(file)
        writer.begin(replaced=True)
        for record in records:
            writer.write(Record(*record))
        writer.end(1.0, ended)
    return path


def lines(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines(keepends=True)


def test_recording_is_read_as_it_was_written(file: Path) -> None:
    recording = read(file)
    assert recording.records == tuple(Record(*record) for record in SESSION)
    assert (recording.seconds, recording.ended) == (1.0, "client")


def test_text_is_seen_as_fields_and_the_rest_as_bytes(file: Path) -> None:
    first, *records, last = map(json.loads, lines(file))
    assert (first["recording"], first["format"], first["identities"]) == (
        "TWS API session", 1, "replaced",
    )  # fmt: skip
    assert records[0] == {"record": 1, "seconds": 0.0, "from": "client", "bytes": "v100..203"}
    assert records[1]["fields"] == ["203", "20261122 09:00:00 UTC"]
    assert (records[2]["number"], records[2]["fields"]) == (71, ["2", "10", ""])
    assert (records[5]["number"], records[5]["bytes"]) == (261, "")
    assert last == {"records": 6, "seconds": 1.0, "ended": "client"}


@settings(deadline=None)
@given(payloads=st.lists(st.binary(max_size=40) | st.text(max_size=9).map(wire.fields)))
def test_every_payload_comes_back_exactly(
    payloads: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("recording") / "session.jsonl"
    written(path, *((0.0, "gateway", payload) for payload in payloads))
    assert [record.payload for record in read(path).records] == payloads
    assert path.read_bytes().isascii()


def fails(file: Path, changed: list[bytes]) -> str:
    file.write_bytes(b"".join(changed))
    with pytest.raises(RecordingError) as caught:
        read(file)
    text = str(caught.value)
    assert text.startswith(f"{file}: ")
    assert "\n" not in text
    return text.removeprefix(f"{file}: ")


@pytest.mark.parametrize("number", range(LAST + 2))
def test_line_that_is_missing_is_told_by_its_record(number: int, file: Path) -> None:
    all_lines = lines(file)
    told = fails(file, all_lines[:number] + all_lines[number + 1 :])
    if number == 0:
        assert told.startswith("first line: not a recording made by `fake-ib-gateway record`")
    elif number == LAST:  # the closing line stands in its place
        assert told == f"record {number}: the last line counts 6 records, not 5"
    elif number > LAST:
        assert told == f"record {number}: it is missing: the file has been cut off"
    else:
        assert told == f"record {number}: record {number + 1} is in its place"


@pytest.mark.parametrize("number", range(LAST + 2))
def test_file_cut_off_is_told_by_the_first_record_that_is_not_whole(
    number: int, file: Path
) -> None:
    all_lines = lines(file)
    whole = b"".join(all_lines[:number])
    for length in range(len(all_lines[number]) - 1):  # without its line's end it is still whole
        told = fails(file, [whole, all_lines[number][:length]])
        expected = "first line: not a recording" if number == 0 else f"record {number}: "
        assert told.startswith(expected)
        assert number == 0 or "cut off" in told


@pytest.mark.parametrize("number", range(LAST + 2))
@pytest.mark.parametrize(
    "garbage",
    [b"\n", b"{\n", b"[]\n", b"null\n", b"\xff\xfe\n", b"{}\n", b"[" * 100_000 + b"\n", b"\0\n"],
)
def test_line_that_is_damaged_is_told_by_its_record(
    number: int, garbage: bytes, file: Path
) -> None:
    all_lines = lines(file)
    told = fails(file, [*all_lines[:number], garbage, *all_lines[number + 1 :]])
    assert told.startswith("first line: " if number == 0 else f"record {number}: ")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("record", "4", "record 4 is in its place"),
        ("record", 7, "record 7 is in its place"),
        ("seconds", -1, "its time is not a number of seconds of at least 0.002"),
        ("seconds", 0.001, "its time is not a number of seconds of at least 0.002"),
        ("seconds", "0.1", "its time is not a number of seconds of at least 0.002"),
        ("seconds", 1e300, "its time is not a number of seconds of at least 0.002"),
        ("seconds", float("nan"), "its time is not a number of seconds of at least 0.002"),
        ("seconds", None, "its time is not a number of seconds of at least 0.002"),
        ("from", "server", "is from 'server', not from client or gateway"),
        ("from", ["client"], "is from \"['client']\", not from client or gateway"),
        ("fields", "1", "has neither fields nor bytes"),
        ("fields", [1], "has neither fields nor bytes"),
        ("fields", ["a\0b"], "its fields are not plain"),
        ("fields", ["\ud800"], "its payload cannot be read as bytes"),
        ("bytes", "1", "its fields are not plain"),
        ("number", -1, "its payload cannot be read as bytes"),
        ("number", 2**32, "its payload cannot be read as bytes"),
        ("number", "15", "its payload cannot be read as bytes"),
    ],
)
def test_value_that_cannot_be_is_told_by_its_record(
    key: str, value: object, says: str, file: Path
) -> None:
    all_lines = lines(file)
    changed = json.loads(all_lines[4]) | {key: value}
    all_lines[4] = json.dumps(changed).encode() + b"\n"
    assert fails(file, all_lines) == f"record 4: {says}"


@pytest.mark.parametrize(
    ("ending", "says"),
    [
        ({"records": 6, "seconds": 1.0, "ended": "nobody"}, "the last line must say who ended it"),
        (
            {"records": 6, "seconds": 0.1, "ended": "client"},
            "not a number of seconds of at least 0.5",
        ),
        ({"records": 7, "seconds": 1.0, "ended": "client"}, "counts 7 records, not 6"),
    ],
)
def test_last_line_that_cannot_be_is_told(ending: object, says: str, file: Path) -> None:
    all_lines = lines(file)
    assert says in fails(file, [*all_lines[:-1], json.dumps(ending).encode() + b"\n"])


def test_what_stands_behind_the_end_is_told(file: Path) -> None:
    told = fails(file, [*lines(file), b"{}\n"])
    assert told == "record 7: there is something after the last line"


@pytest.mark.parametrize("content", [b"", b"GIF89a" * 1000, b'{"format": 1}\n', b"\n\n"])
def test_other_file_is_no_recording(content: bytes, file: Path) -> None:
    assert fails(file, [content]).startswith("first line: not a recording made by")


def test_newer_format_is_named(file: Path) -> None:
    all_lines = lines(file)
    all_lines[0] = all_lines[0].replace(b'"format": 1', b'"format": 2')
    assert fails(file, all_lines) == "first line: format 2, only 1 can be read"


def test_line_ends_of_another_platform_do_no_harm(file: Path) -> None:
    records = read(file).records
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert read(file).records == records


@pytest.mark.parametrize(
    ("records", "says"),
    [
        ((), "record 1: nothing was recorded"),
        (SESSION[1:], "record 1: the gateway speaks before the client's hello"),
        (SESSION[2:], "record 1: no version range: "),
        ((SESSION[0], SESSION[3]), "record 2: the gateway's first message does not say its ver"),
        ((*SESSION, (0.6, "client", b"\0\0")), "record 7: message of 2 bytes has no number"),
    ],
)
def test_records_that_are_no_session_are_told_by_their_number(
    records: tuple[tuple[float, Source, bytes], ...], says: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "session.jsonl", *records)
    with pytest.raises(RecordingError) as caught:
        replayed(read(path))
    assert str(caught.value).startswith(f"{path}: {says}")
