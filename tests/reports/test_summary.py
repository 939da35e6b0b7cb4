"""The summary of a night: what the runs said, what changed, and nothing that could do harm."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from golive.cli.report import main
from golive.evidence.record import Api, Evidence
from golive.reports import night
from tests.support import runs_on_disk
from tests.support.runs_on_disk import NIGHT, a_go, a_no_go

SILENT = "NO-GO gateway.listening gateway-not-running"


def runs(folder: Path, *found: Evidence) -> Path:
    """Kept in a folder of runs; those of one minute are one."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in found:
        runs_on_disk.kept(each, folder)
    return folder


def rehearsal(minute: int = 0, days: int = 0, **more: Any) -> Evidence:
    return a_go(NIGHT + timedelta(days=days, minutes=minute), "fake", **more)


def drill(fault: str, minute: int = 1, days: int = 0) -> Evidence:
    return a_no_go(NIGHT + timedelta(days=days, minutes=minute), "fake", fault=fault)


def summarized(*arguments: str | Path) -> int:
    return main(["summary", *map(str, arguments)])


def page_of(tmp_path: Path, *arguments: str | Path) -> str:
    out = tmp_path / "summary.md"
    assert summarized("--out", out, *arguments) == 0
    return out.read_text(encoding="utf-8")


def expectations(tmp_path: Path, **expected: str) -> Path:
    path = tmp_path / "expected.json"
    path.write_text(json.dumps(expected), encoding="utf-8")
    return path


def test_single_run_is_one_drill_and_one_run(tmp_path: Path) -> None:
    page = page_of(tmp_path, "--runs", runs(tmp_path / "runs", rehearsal()))
    assert page.startswith("# 1 GO\n\n1 run, ")


def test_runs_of_a_night_are_counted_by_verdict_and_live_ones_are_no_rehearsals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live = [
        a_no_go(NIGHT + timedelta(minutes=minute)).model_copy(update={"noted": ["too little"]})
        for minute in (1, 2, 3)
    ]
    folder = runs(tmp_path / "runs", a_go(NIGHT), *live)
    assert summarized("--runs", folder) == 0
    said = capsys.readouterr().out
    assert said.startswith("1 GO, 3 NO-GO\n")
    assert "  live: too little\n" in said
    assert f"live: 1 GO, 3 NO-GO ({SILENT.split()[-1]})\n" in said


def test_night_that_went_as_expected_says_so_and_what_it_did(tmp_path: Path) -> None:
    folder = runs(tmp_path / "runs", rehearsal(), drill("down"))
    expected = expectations(tmp_path, healthy="GO", down=SILENT)
    page = page_of(tmp_path, "--runs", folder, "--expectations", expected)
    assert page.startswith("# AS EXPECTED: all 2 rehearsals\n")
    assert "| healthy | 10.37.02 | GO | yes | 1 | 2.5 | 97.4 |" in page
    assert f"| down | 10.37.02 | {SILENT} | yes | 1 | 2.5 | - |" in page
    assert "Nothing to compare with: no earlier night was given to compare with." in page


def test_drill_that_says_something_else_is_in_the_headline(tmp_path: Path) -> None:
    folder = runs(tmp_path / "runs", rehearsal(fault="zombies"))
    expected = expectations(tmp_path, zombies="NO-GO environment.no-zombies zombies", silent=SILENT)
    page = page_of(tmp_path, "--runs", folder, "--expectations", expected)
    assert page.startswith("# NOT AS EXPECTED: 2 findings\n")
    assert "- silent: not run" in page
    assert "- zombies (10.37.02) reported GO; expected NO-GO environment.no-zombies" in page
    assert "| zombies | 10.37.02 | GO | **NO** |" in page


def test_drill_that_says_two_things_in_a_night_is_not_as_expected(tmp_path: Path) -> None:
    folder = runs(tmp_path / "runs", drill("down", 1), rehearsal(2, fault="down"))
    page = page_of(
        tmp_path, "--runs", folder, "--expectations", expectations(tmp_path, down=SILENT)
    )
    assert f"- down (10.37.02) reported {SILENT} and GO; expected {SILENT}" in page


@pytest.mark.parametrize("damage", [None, "[", '{"down": 1}'])
def test_expectations_that_are_lost_are_never_taken_for_met(
    tmp_path: Path, damage: str | None
) -> None:
    path = tmp_path / "expected.json"
    if damage:
        path.write_text(damage, encoding="utf-8")
    folder = runs(tmp_path / "runs", rehearsal())
    page = page_of(tmp_path, "--runs", folder, "--expectations", path)
    assert page.startswith("# NOT AS EXPECTED: 1 finding\n")


def test_run_without_evidence_to_rely_on_is_a_hole(tmp_path: Path) -> None:
    folder = runs(tmp_path / "runs", rehearsal())
    (folder / "20261122T020100Z-fake").mkdir()
    page = page_of(tmp_path, "--runs", folder)
    assert page.startswith("# NOT AS EXPECTED: 1 finding\n")
    assert "- 20261122T020100Z-fake/evidence.json: no such file" in page


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"started": "tomorrow"}, "its times cannot be read"),
        ({"started": "2026-11-22T02:00:00"}, "its times cannot be read"),
        ({"started": "20261122T020000Z"}, "its times cannot be read"),
        ({"attempts": 3}, "it says GO with 3 attempts"),
    ],
)
def test_evidence_that_contradicts_itself_is_a_hole(
    tmp_path: Path, more: dict[str, Any], why: str
) -> None:
    page = page_of(tmp_path, "--runs", runs(tmp_path / "runs", rehearsal().model_copy(update=more)))
    assert page.startswith("# No run was found\n")
    assert f"- 20261122T020000Z-fake/evidence.json: {why}" in page


def test_no_run_at_all_is_no_good_night_and_is_not_kept(tmp_path: Path) -> None:
    kept = tmp_path / "last.json"
    page = page_of(tmp_path, "--runs", tmp_path / "nowhere", "--keep", kept)
    assert page.startswith("# No run was found\n")
    assert "There is nothing to report" in page
    assert not kept.exists()


def test_what_changed_since_last_night_is_told(tmp_path: Path) -> None:
    last = runs(tmp_path / "last", rehearsal(fault="down"), drill("silent"), drill("gone", 5))
    slow = rehearsal(days=1, handshake_ms=300.0)
    longer = slow.model_copy(update={"ended": (NIGHT + timedelta(days=1, seconds=9)).isoformat()})
    newer = drill("new", days=1).model_copy(
        update={"api": Api(version="10.50.02", server_version=203)}
    )
    runs(last, rehearsal(6))
    kept = tmp_path / "last.json"
    page_of(tmp_path, "--runs", last, "--keep", kept)

    folder = runs(tmp_path / "runs", longer, drill("down", 3, 1), drill("silent", 4, 1), newer)
    page = page_of(tmp_path, "--runs", folder, "--since", kept)
    said = page.partition("Since the night of 2026-11-22 02:00 UTC:\n\n")[2].partition("\n\n")[0]
    assert said.splitlines() == [
        f"- gone (10.37.02) was not run; it reported {SILENT}",
        f"- down (10.37.02) reports {SILENT}; before: GO",
        f"- new (10.50.02) is new: {SILENT}",
        "- healthy (10.37.02) took 9.0 s; before: 2.5 s",
        "- healthy (10.37.02): handshake 300 ms; before: 97 ms",
        "- client API: 10.37.02, 10.50.02; before: 10.37.02",
    ]
    assert (
        page_of(tmp_path, "--runs", folder, "--since", last).partition("## Since")[2]
        == (page.partition("## Since")[2])
    )


def test_night_like_the_last_says_that_nothing_changed(tmp_path: Path) -> None:
    last = runs(tmp_path / "last", rehearsal())
    folder = runs(tmp_path / "runs", rehearsal(days=1))
    page = page_of(tmp_path, "--runs", folder, "--since", last)
    assert "Nothing changed since the night of 2026-11-22 02:00 UTC." in page


def test_folder_without_a_run_is_no_night_to_compare_with(tmp_path: Path) -> None:
    folder = runs(tmp_path / "runs", rehearsal())
    page = page_of(tmp_path, "--runs", folder, "--since", runs(tmp_path / "empty"))
    assert "Nothing to compare with: empty: no run in it can be relied on." in page


def test_missing_night_is_told(tmp_path: Path) -> None:
    last = runs(tmp_path / "last", rehearsal())
    folder = runs(tmp_path / "runs", rehearsal(days=3))
    assert "- 2 nights are missing in between" in page_of(
        tmp_path, "--runs", folder, "--since", last
    )


def test_runs_of_earlier_nights_in_the_folder_are_left_out(tmp_path: Path) -> None:
    folder = runs(tmp_path / "runs", rehearsal(), rehearsal(days=2), drill("down", days=2))
    assert [each.runs for each in night.gather(folder).drills] == [1, 1]


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (None, "no earlier night is kept"),
        ("{", "last.json: not a night"),
        ('{"began": "yesterday"}', "last.json: not a night"),
        ('{"began": "2026-11-22T02:00:00"}', "last.json: not a night"),
    ],
)
def test_first_night_has_nothing_to_compare_with_and_says_so(
    tmp_path: Path, kept: str | None, why: str
) -> None:
    if kept:
        (tmp_path / "last.json").write_text(kept, encoding="utf-8")
    folder = runs(tmp_path / "runs", rehearsal())
    page = page_of(tmp_path, "--runs", folder, "--since", tmp_path / "last.json")
    assert f"Nothing to compare with: {why}" in page


HOSTILE = (
    "x|y`<img src=x onerror=alert(1)>**b** [a](http://e.example) @you #1 www.e.example \x1b\u202e"
)


def test_nothing_of_a_record_is_markdown_or_markup(tmp_path: Path) -> None:
    found = rehearsal(fault=HOSTILE, api=Api(version=HOSTILE, server_version=1))
    page = page_of(tmp_path, "--runs", runs(tmp_path / "runs", found))
    (row,) = [line for line in page.splitlines() if line.startswith("| x")]
    assert row.count("|") == 8
    assert not set(row) & set("<>`*[]@_\\!\x1b\u202e")
    assert "http:" not in page
    assert "www." not in page


def test_account_operator_and_machine_are_not_in_it(tmp_path: Path) -> None:
    folder = runs(tmp_path / "runs", rehearsal(), drill("down"))
    kept = tmp_path / "last.json"
    page = page_of(tmp_path, "--runs", folder, "--keep", kept) + kept.read_text(encoding="utf-8")
    assert not [word for word in ("U21146542", "Alex", "trading-1", "127.0.0.1") if word in page]


def test_summary_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert summarized("--runs", tmp_path, "--out", tmp_path / "file" / "summary.md") == 4
    assert capsys.readouterr().err.startswith("golive: the summary could not be written: ")


def test_summary_on_the_screen_is_ascii(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert summarized("--runs", runs(tmp_path / "runs", rehearsal(fault="\u00e9"))) == 0
    assert "\\xe9: GO" in capsys.readouterr().out


def test_summary_on_the_screen_is_plain_text_of_80_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = runs(tmp_path / "runs", rehearsal(), drill("down"), drill("missing-positions", 2))
    expected = expectations(tmp_path, healthy="GO", down="GO")
    assert summarized("--runs", folder, "--expectations", expected) == 0
    out = capsys.readouterr().out
    assert out.startswith("NOT AS EXPECTED: 1 finding\n")
    assert "x86_64" in out
    assert not set("&#|") & set(out)
    assert max(map(len, out.splitlines())) <= 80
    assert "x86&#95;64" in page_of(tmp_path, "--runs", folder)
