"""The page of what other checks say is of faults that are NO-GO, and complete."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from benchmarks import peers, peers_page
from benchmarks.peers import CHECKS, FAULTS, GREEN, HEALTHY, NOT_RUN, RED, Measured
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
    place = NAMES.index("`golive check`")
    assert {rows(PAGE)[f"`{fault}`"][place] for fault in FAULTS} == {RED}


def test_false_greens_are_counted_and_what_did_not_run_is_not_counted() -> None:
    said = {fault: dict.fromkeys(NAMES, RED) for fault in (HEALTHY, *FAULTS)}
    for fault in said:
        said[fault][NAMES[1]] = NOT_RUN
    said[FAULTS[0]][NAMES[0]] = GREEN
    found = Measured(said, {"golive": "1"}, {"ibc2": "it could not be installed"})
    page = peers_page.page(found, datetime(2026, 12, 1, tzinfo=UTC))
    counted = rows(page)["false greens"]
    assert counted[:3] == [f"1 of {len(FAULTS)}", NOT_RUN, f"0 of {len(FAULTS)}"]
    assert "ibc2: it could not be installed." in page
