"""The page of what other checks say is of faults that are NO-GO, and complete."""

from __future__ import annotations

import re
import sys
import venv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks import peers, peers_page
from benchmarks.peers import CHECKS, FAULTS, GREEN, HANG, HEALTHY, NOT_RUN, RED, Check, Measured
from tests.run.test_faults import EXPECTED

PAGE = peers_page.PAGE.read_text(encoding="utf-8")
NAMES = [check.name for check in CHECKS]


def rows(page: str) -> dict[str, list[str]]:
    """By the first cell, without bold type."""
    lines = re.findall(r"^\| (.+) \|$", page.replace("**", ""), re.MULTILINE)
    return {first: rest for first, *rest in (line.split(" | ") for line in lines)}


def test_each_fault_that_is_compared_must_be_no_go() -> None:
    assert [fault for fault in FAULTS if EXPECTED[fault].failed is None] == []


def test_page_has_what_every_check_said_of_every_fault() -> None:
    found = rows(PAGE)
    for fault in FAULTS:
        assert len(found[f"`{fault}`"]) == len(CHECKS)
    assert set(found["none (healthy)"]) == {GREEN}
    for version in peers.VERSIONS.items():
        assert " ".join(version) in PAGE


def test_golive_says_red_of_every_fault() -> None:
    place = [check.short for check in peers_page.COLUMNS].index("check")
    assert {rows(PAGE)[f"`{fault}`"][place] for fault in FAULTS} == {RED}


def test_false_greens_are_counted_and_what_did_not_run_is_not_counted() -> None:
    said = {fault: dict.fromkeys(NAMES, RED) for fault in (HEALTHY, *FAULTS)}
    for fault in said:
        said[fault][NAMES[1]] = NOT_RUN
    said[FAULTS[0]][NAMES[0]] = GREEN
    found = Measured(said, {"golive": "1"}, {"ibc2": "it could not be installed"})
    page = peers_page.page(found, datetime(2026, 12, 1, tzinfo=UTC))
    counted = [row[1] for name, row in rows(page).items() if "green where" in name]
    assert counted[:3] == [f"1 of {len(FAULTS)}", NOT_RUN, f"0 of {len(FAULTS)}"]
    assert "ibc2: it could not be installed." in page


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A folder as the command makes it, but for the tools."""
    venv.create(tmp_path / "environment", symlinks=sys.platform != "win32")
    return tmp_path


def asked(environment: Path, fault: str, check: Check) -> str:
    return peers.asked(environment, fault, check, {})


def test_open_port_is_green_though_nothing_answers_where_golive_is_red(environment: Path) -> None:
    port, smoke = CHECKS[0], next(each for each in CHECKS if each.short == "smoke")
    assert [asked(environment, "refuses", each) for each in (port, smoke)] == [GREEN, RED]
    assert [asked(environment, HEALTHY, each) for each in (port, smoke)] == [GREEN, GREEN]


def test_check_that_does_not_end_is_a_hang_and_one_that_is_not_there_did_not_run(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "LONGEST_SECONDS", 1.0)
    endless = ["python", "-c", "import threading; threading.Event().wait()"]
    hangs = replace(CHECKS[0], words=lambda at: endless)
    missing = replace(CHECKS[0], words=lambda at: ["no-such-program"])
    assert [asked(environment, HEALTHY, each) for each in (hangs, missing)] == [HANG, NOT_RUN]
