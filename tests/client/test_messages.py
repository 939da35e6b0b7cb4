"""Every code that a gateway sends has a class; one that nobody knows is an obstacle."""

from __future__ import annotations

import re

import pytest

from golive.client import messages
from golive.client.messages import CODES, CONFIG_REQUEST, FIRST_OF_OURS, ApiError, Kind
from golive.diagnosis.decision_tree import BY_CODE
from tests.support.projects import ROOT

ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (?:`(.+)`)? *\|$", re.MULTILINE)


def said(code: int, request_id: int = -1) -> ApiError:
    return ApiError(request_id, code, "text:usfarm")


@pytest.mark.parametrize("code", [2104, 2106, 2107, 2108, 2158, 2103, 2105, 2157, 2119, 100])
def test_farms_and_pacing_are_never_an_obstacle(code: int) -> None:
    assert not messages.is_obstacle(said(code))


@pytest.mark.parametrize("code", [1100, 2110, 1300, 2151, 10275, 10141, 326])
@pytest.mark.parametrize("request_id", [-1, 0, 7, 2**31 - 1, CONFIG_REQUEST, FIRST_OF_OURS + 1000])
def test_link_login_and_data_stand_in_the_way_whoever_is_told(code: int, request_id: int) -> None:
    assert messages.is_obstacle(said(code, request_id))


@pytest.mark.parametrize("code", [321, 10999, 320, 9999, 1, 99_999])
def test_refusal_and_unknown_code_are_an_obstacle_unless_they_answer_somebody_else(
    code: int,
) -> None:
    assert messages.is_obstacle(said(code))
    assert messages.is_obstacle(said(code, 0))  # protobuf leaves the id out where there is none
    assert messages.is_obstacle(said(code, 2**31 - 1))  # as builds of 2017 have it
    assert messages.is_obstacle(said(code, FIRST_OF_OURS + 1000))
    assert not messages.is_obstacle(said(code, 7))
    assert messages.kind(said(code, 7)) is Kind.OTHERS


@pytest.mark.parametrize("code", [202, 399, 201, 10147])
def test_what_is_said_of_another_programs_order_is_noted(code: int) -> None:
    assert messages.kind(said(code, 7)) is Kind.OTHERS
    assert messages.kind(said(code)) is Kind.UNKNOWN


def test_link_that_is_there_again_is_no_obstacle() -> None:
    assert not messages.is_obstacle(said(1101))
    assert not messages.is_obstacle(said(1102))


def test_nothing_rests_on_the_gateways_own_settings() -> None:
    assert not messages.is_obstacle(said(321, CONFIG_REQUEST))


def test_every_code_that_can_stand_in_the_way_has_its_branch_of_the_tree() -> None:
    obstacles = [code for code in CODES if messages.is_obstacle(said(code))]
    assert {messages.diagnosis_code(said(code)) for code in [*obstacles, 9999]} <= set(BY_CODE)


def test_idle_farm_counts_as_connected_and_one_that_connects_does_not() -> None:
    assert messages.farm(said(2108)) == ("usfarm", True)
    assert messages.farm(said(2119)) == ("usfarm", False)
    assert messages.farm(said(1100)) is None


def test_document_lists_every_code_as_the_table_has_it() -> None:
    text = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert ROW.findall(text) == [
        (
            str(code),
            known.kind,
            known.meaning,
            known.diagnosis if messages.is_obstacle(said(code)) else "",
        )
        for code, known in sorted(CODES.items())
    ]
