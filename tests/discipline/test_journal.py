"""What is remembered survives a crash, a full disk and damage at any byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golive.discipline import journal
from golive.discipline.attempts import AttemptRefused, Attempts, endpoint
from golive.discipline.earlier_attempts import state_folder
from golive.discipline.journal import Entry, Journal, parsed
from tests.support.projects import ROOT

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HERE = "127.0.0.1:4001"


def an_entry(number: int = 0, **more: object) -> Entry:
    facts = {"time": NOW + timedelta(seconds=number), "run": f"run {number}", "endpoint": HERE}
    return Entry.model_validate(facts | {"client_id": 10, "outcome": "GO"} | more)


entries = st.builds(
    an_entry,
    number=st.integers(0, 10**6),
    outcome=st.sampled_from(["begun", "GO", "zombies"]),
    gateway_started=st.none() | st.datetimes(timezones=st.just(UTC)),
    zombies=st.integers(0, 40),
    override=st.none() | st.text(max_size=20),
)


def lines_of(found: list[Entry]) -> list[bytes]:
    return [each.model_dump_json().encode() + b"\n" for each in found]


def in_file(folder: Path, data: bytes) -> Journal:
    found = Journal(folder)
    found.path.write_bytes(data)
    return found


@given(st.lists(entries, max_size=8))
def test_what_is_appended_is_read_again_in_order(found: list[Entry]) -> None:
    reading = parsed(b"".join(lines_of(found)))
    assert (reading.entries, reading.damaged) == (tuple(found), ())


@given(st.lists(entries, min_size=1, max_size=5), st.data())
def test_file_that_was_cut_anywhere_keeps_its_whole_lines_and_takes_the_next(
    tmp_path_factory: pytest.TempPathFactory, found: list[Entry], data: st.DataObject
) -> None:
    lines = lines_of(found)
    whole = b"".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    remembered = in_file(tmp_path_factory.mktemp("state"), whole[:cut])
    remembered.append(an_entry(7))

    ends = [len(b"".join(lines[: n + 1])) - 1 for n in range(len(lines))]
    kept = [each for each, end in zip(found, ends, strict=True) if end <= cut]
    reading = remembered.read()
    assert list(reading.entries) == [*kept, an_entry(7)]
    assert len(reading.damaged) == (0 if cut in (0, *ends, *(end + 1 for end in ends)) else 1)


@given(st.lists(entries, min_size=1, max_size=5), st.binary(min_size=1, max_size=40), st.data())
def test_bytes_that_are_overwritten_damage_only_the_lines_they_touch(
    tmp_path_factory: pytest.TempPathFactory, found: list[Entry], junk: bytes, data: st.DataObject
) -> None:
    lines = lines_of(found)
    whole = b"".join(lines)
    at = data.draw(st.integers(0, len(whole) - 1))
    written = whole[:at] + junk + whole[at + len(junk) :]
    remembered = in_file(tmp_path_factory.mktemp("state"), written)
    remembered.append(an_entry(7))

    position, untouched = 0, []
    for each, line in zip(found, lines, strict=True):
        with_both_newlines = range(position - 1, position + len(line))
        if at + len(junk) <= with_both_newlines.start or at >= with_both_newlines.stop:
            untouched.append(each)
        position += len(line)
    read = list(remembered.read().entries)
    assert read[-1] == an_entry(7)
    assert [each for each in read if each in untouched][: len(untouched)] == untouched


@pytest.mark.parametrize(
    "damage",
    [
        b'{"time": "2026-11-2',
        b"\xff\xfe not UTF-8",
        b"\0" * 64,
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"time":"2026-11-23T09:00:00","run":"","endpoint":"","client_id":1,"outcome":"GO"}',
        b'{"time":"2026-11-23T09:00:00Z","run":"","endpoint":"","client_id":"1","outcome":"GO"}',
        b'{"time":"2026-11-23T09:00:00Z","run":"","endpoint":"","client_id":1}',
    ],
)
def test_damaged_line_is_counted_and_passed_over(damage: bytes) -> None:
    first, last = lines_of([an_entry(1), an_entry(2)])
    reading = parsed(first + damage + b"\n" + last)
    assert reading.entries == (an_entry(1), an_entry(2))
    assert reading.damaged == (2,)


def test_field_of_a_later_version_is_no_damage() -> None:
    line = json.dumps({**json.loads(an_entry().model_dump_json()), "mood": "calm"})
    assert parsed(line.encode()).entries == (an_entry(),)


def test_journal_is_in_the_users_state_folder_unless_another_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOLIVE_STATE", str(tmp_path))
    assert state_folder() == tmp_path
    monkeypatch.delenv("GOLIVE_STATE")
    assert state_folder() == platformdirs.user_state_path("golive", appauthor=False)


def test_missing_journal_remembers_nothing_and_is_made_on_demand(tmp_path: Path) -> None:
    remembered = Journal(tmp_path / "a" / "b")
    assert remembered.read().entries == ()
    remembered.prepare()
    assert remembered.path.read_bytes() == b""


def test_only_the_end_of_a_huge_journal_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = lines_of([an_entry(number) for number in range(100)])
    remembered = in_file(tmp_path, b"".join(lines))
    monkeypatch.setattr(journal, "READ_BYTES", len(b"".join(lines[-10:])) + 5)
    reading = remembered.read()
    assert reading.entries == tuple(an_entry(number) for number in range(90, 100))
    assert reading.damaged == ()


def test_short_write_is_an_error_and_damages_only_its_own_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered = Journal(tmp_path)
    remembered.append(an_entry(1))
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, line: write(descriptor, line[:30]))
        with pytest.raises(OSError, match="only part of a line"):
            remembered.append(an_entry(2))
    remembered.append(an_entry(3))
    assert remembered.read().entries == (an_entry(1), an_entry(3))
    assert remembered.read().damaged == (2,)


FILLING = """
import resource, signal, sys
from pathlib import Path
from golive.discipline.journal import Journal
remembered = Journal(Path(sys.argv[1]))
entry = remembered.read().entries[0]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), -1))
try:
    while True:
        remembered.append(entry)
except OSError as error:
    print("full:", error)
"""


@pytest.mark.skipif(os.name == "nt", reason="limits the size of files by POSIX means")
@pytest.mark.parametrize("more", [0, 1, 50, 1000])
def test_full_disk_loses_nothing_and_is_told(more: int, tmp_path: Path) -> None:
    remembered = Journal(tmp_path)
    remembered.append(an_entry(1))
    limit = remembered.path.stat().st_size + more
    done = subprocess.run(
        [sys.executable, "-c", FILLING, str(tmp_path), str(limit)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("full:")
    remembered.append(an_entry(2))  # there is room again
    reading = remembered.read()
    assert set(reading.entries) == {an_entry(1), an_entry(2)}
    assert reading.entries[-1] == an_entry(2)
    assert len(reading.damaged) <= 1


def test_every_address_of_this_machine_is_one_endpoint() -> None:
    names = ("127.0.0.1", "localhost", "::1", "127.0.0.2", "0.0.0.0", "::ffff:127.0.0.1")
    assert {endpoint(name, 4001) for name in names} == {HERE}
    assert endpoint("192.0.2.7", 4001) == "192.0.2.7:4001"
    assert endpoint("2001:db8::7", 4001) == "[2001:db8::7]:4001"
    assert endpoint("No-Such-Host.invalid", 4001) == "no-such-host.invalid:4001"


def test_attempt_is_on_the_disk_before_it_may_connect_and_its_end_once(tmp_path: Path) -> None:
    remembered = Journal(tmp_path)
    attempts = Attempts(journal=remembered, run="r", override="why", gateway_started=lambda: NOW)
    attempts.begin("localhost", 4001, 10)
    (begun,) = remembered.read().entries
    assert (begun.endpoint, begun.client_id, begun.outcome) == (HERE, 10, "begun")
    assert (begun.run, begun.override, begun.gateway_started) == ("r", "why", NOW)

    attempts.end("zombies", 3)
    attempts.end("GO", 0)
    _, ended = remembered.read().entries
    assert (ended.outcome, ended.zombies, ended.run) == ("zombies", 3, "r")


def test_run_without_an_attempt_has_no_end_to_remember(tmp_path: Path) -> None:
    remembered = Journal(tmp_path)
    Attempts(journal=remembered).end("zombies", 3)
    assert remembered.read().entries == ()


def test_attempt_that_cannot_be_remembered_is_not_made(tmp_path: Path) -> None:
    remembered = Journal(tmp_path)
    remembered.path.mkdir()
    attempts = Attempts(journal=remembered)
    with pytest.raises(AttemptRefused, match="cannot be recorded"):
        attempts.begin("127.0.0.1", 4001, 10)
    assert attempts.made == []
