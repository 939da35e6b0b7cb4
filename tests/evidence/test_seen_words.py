"""What a step saw and what was expected of it, as a person says it."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from typing import Any

import pytest

from golive.evidence import seen_words
from golive.evidence.record import StepRecord
from golive.evidence.seen_words import TELLERS, expected, seen
from golive.procedure import steps
from golive.procedure.expectations import EXPECTED
from tests.support.runs_on_disk import a_go

SETTINGS = {
    "IBKRCredentials.Host": "127.0.0.1",
    "IBKRCredentials.Port": 4001,
    "GoLive.ExpectedAccount": "U21146542",
    "GoLive.ExpectedPositions": 24,
    "GoLive.HandshakeTimeoutSeconds": 10.0,
    "GoLive.Mcp.Tool": "get-positions",
}


def record(step_id: str, outcome: Any = "passed", **observed: Any) -> StepRecord:
    step = steps.step(step_id)
    return StepRecord(
        id=step_id, stage=step.stage, title=step.title, outcome=outcome, observed=observed
    )


def test_every_step_has_an_expectation_and_words_for_what_it_sees() -> None:
    ids = {each.id for each in steps.STEPS}
    assert set(EXPECTED) == ids
    assert set(TELLERS) == ids


@pytest.mark.parametrize(
    ("step_id", "observed", "told"),
    [
        ("positions.count", {"open": 24, "rows": 24}, ["24 open positions, 24 expected"]),
        (
            "handshake.under-budget",
            {"milliseconds": 97.4, "budget": 1000.0},
            ["97.4 ms of 1,000 ms"],
        ),
        (
            "monitor.left-as-asked",
            {"how": "politely", "exit_code": 0},
            ["ended politely, exit code 0"],
        ),
        ("handshake.read-only-off", {"is_granted": True}, ["order ids granted"]),
        (
            "afterwards.closed-cleanly",
            {"by": "us", "gateway_closed_ms": 0.512, "was_reset": False},
            ["closed by us; the gateway closed 0.512 ms later"],
        ),
        ("handshake.connect-ack", {"stopped": "no answer within 10 s"}, ["no answer within 10 s"]),
        (
            "gateway.initialized",
            {"seconds": 15000.0, "waited_seconds": 0.0, "is_same": True},
            ["up for 4 h 10 min"],
        ),
        ("environment.no-zombies", {"reason": "it is hidden"}, ["it is hidden"]),
        (
            "environment.client-id",
            {"configured": 10, "pinned": 10, "last_attempt": 7},
            ["client id 10, 10 expected", "client id 7 in the last attempt"],
        ),
    ],
)  # fmt: skip
def test_what_was_seen_is_told_as_a_person_says_it(
    step_id: str, observed: dict[str, Any], told: list[str]
) -> None:
    assert seen(record(step_id, **observed), SETTINGS) == told


@pytest.mark.parametrize(
    ("step_id", "observed", "told"),
    [
        ("handshake.connect-ack", {}, "an answer to the hello within 10 s"),
        ("positions.count", {}, "24 open positions in U21146542"),
        ("gateway.listening", {}, "a gateway listens on 127.0.0.1:4001"),
        ("handshake.under-budget", {"budget": 1000.0}, "less than 1,000 ms"),
        ("mcp.tools", {}, "the MCP server lists the tool get-positions"),
    ],
)
def test_what_was_expected_is_told_with_the_values_of_the_run(
    step_id: str, observed: dict[str, Any], told: str
) -> None:
    assert expected(record(step_id, **observed), SETTINGS) == told


def test_expectation_whose_values_are_not_known_is_the_title_of_the_step() -> None:
    assert expected(record("positions.count"), {}) == "open positions are as many as expected"
    of_another_version = record("positions.count").model_copy(update={"id": "no.such-step"})
    assert expected(of_another_version, SETTINGS) == "open positions are as many as expected"


def test_key_without_words_is_told_by_its_name_and_never_as_a_python_value() -> None:
    step = record(
        "positions.count", open=24, was_reset=False, is_granted=True, looked_at=["a", "b"]
    )
    assert seen(step, SETTINGS)[1:] == ["was reset: no", "is granted: yes", "looked at: a, b"]
    assert seen_words.without_words(step, SETTINGS) == ["is_granted", "looked_at", "was_reset"]


@pytest.mark.parametrize("value", ["text", 7, 1.5, True, ["x"], [{"a": 1}], {"a": [None]}, None])
def test_evidence_that_holds_anything_is_still_told(value: Any) -> None:
    keys = [
        "open", "rows", "milliseconds", "budget", "close_wait", "listeners", "running", "changed",
        "by", "how", "accounts", "last_failed", "zombies_left", "other_run", "not_before",
        "against", "refusal", "clients", "opened", "as_of", "resets", "left", "different",
        "disagreements", "last_lines", "stopped", "reason",
    ]  # fmt: skip
    for step in steps.STEPS:
        for outcome in ("passed", "failed"):
            told = seen(record(step.id, outcome, **dict.fromkeys(keys, value)), SETTINGS)
            assert all(isinstance(each, str) for each in told)


def test_text_of_a_gateway_stays_text() -> None:
    hostile = "\x1b[31mGO\u202e\r\n"
    told = seen(record("positions.complete", "failed", stopped=hostile), SETTINGS)
    assert all(each.isprintable() for each in told)
    assert expected(record("gateway.initialized", needed_seconds=hostile), {}).isprintable()


def test_times_are_those_of_the_zone_and_say_so() -> None:
    step = record("mcp.of-this-run", as_of="2026-12-01T10:12:31.5+00:00")
    assert seen(step, {}, timezone(timedelta(hours=-5))) == [
        "answered as of 2026-12-01 05:12:31 UTC-0500"
    ]
    assert seen(step, {}, UTC) == ["answered as of 2026-12-01 10:12:31 UTC"]


def test_settings_of_a_run_are_those_that_its_evidence_has() -> None:
    assert seen_words.settings_of(a_go())["GoLive.ExpectedPositions"] == 24
