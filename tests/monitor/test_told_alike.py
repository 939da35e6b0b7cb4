"""What a gateway says is told alike by whoever holds the connection, and by whoever asks of it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

import pytest

from fake_ib_gateway import FakeGateway
from golive.cli import health
from golive.cli.health import Status
from golive.client.answers import Positions
from golive.client.messages import ApiError
from golive.client.notices import Notices
from golive.diagnosis import diagnose
from golive.diagnosis.decision_tree import TREE
from golive.diagnosis.diagnose import SOAK, Next
from golive.diagnosis.seen import Seen
from golive.evidence.record import Soak
from golive.kit.clock import SYSTEM
from golive.mcp.tools.asking import Asking, NoAnswer
from golive.monitor import lines
from golive.monitor.health_check.wanted import Wanted
from golive.monitor.holding.requests import Answer, Ask
from golive.monitor.holding.watch import Watch
from golive.monitor.served import health as served_health
from golive.monitor.served.metrics import Metrics
from golive.run.soak import Soaking
from tests.monitor.test_held import row
from tests.monitor.test_watch import QUICK, becomes
from tests.run.test_soak import connected, gateway, once
from tests.run.test_soak import watched as listened
from tests.support.gateways import Scripted, handshake
from tests.support.holding import owned, settings, watched
from tests.support.states import NOW, READY, Standing, Telling, positions, state

LASTING = {
    "not-available": ("positions-not-available", 2151),
    "not-available-yet": ("positions-not-available", 2151),
    "account-unavailable": ("positions-not-available", 10275),
    "unknown-at-positions": ("gateway-in-trouble", 9999),
    "request-refused": ("request-refused", 10999),
    "says-between": ("connectivity-lost", 1100),
    "says-behind=1101": ("connectivity-lost", 1101),
    "advisor-refused": ("too-many-accounts", 321),
    "accounts-behind": ("accounts-changed", None),
    "contradictory-rows": ("positions-contradictory", None),
}
"""Faults that stay: the code of their diagnosis, and that of the message."""


@pytest.fixture(scope="module", params=LASTING)
def bad(request: pytest.FixtureRequest) -> Iterator[tuple[str, int | None, Watch]]:
    """A connection that is held to such a gateway, once that is known."""
    code, number = LASTING[request.param]
    with (
        FakeGateway(faults=[request.param]) as found,
        watched(found.port, **QUICK) as watch,
    ):
        becomes(watch, code)
        with owned(watch):
            yield code, number, watch


Bad = tuple[str, int | None, Watch]


def is_named(number: int | None, text: str) -> bool:
    return number is None or f"error {number}: " in text


def test_state_names_it_and_the_monitor_says_so_in_its_lines(bad: Bad) -> None:
    code, number, watch = bad
    told = "\n".join(lines.changed(READY, watch.state, settings()))
    assert f"Diagnosis: {code}: " in told
    assert is_named(number, watch.state.cause)
    if number:
        assert f"the gateway said error {number}: " in told
    assert "Retrieved" not in told


def test_health_names_it_and_lists_what_was_said(bad: Bad) -> None:
    code, number, watch = bad
    told = served_health.ready(watch.state, SYSTEM)
    assert (told.status, told.body["status"], told.body["code"]) == (503, "not-ready", code)
    assert is_named(number, told.body["cause"])
    assert any(is_named(number, each) for each in told.body["notices"]) or not number
    assert "U21146542" not in str(told.body)
    assert told.body["positions"] is None
    page = Metrics(watch, SYSTEM).text().decode()
    assert f'golive_trouble{{code="{code}"}} 1.0' in page
    assert "golive_positions " not in page
    goal = Wanted("http://127.0.0.1:1")
    judged = health.judged(told.status, told.body, goal, datetime.now(UTC))
    assert judged.status is Status.CRITICAL
    assert code in judged.line


def test_tools_name_it_and_tell_no_positions(bad: Bad) -> None:
    code, number, watch = bad
    asking = Asking(watch, seconds=3)
    status = asyncio.run(asking.status())
    assert status.problem is not None
    assert (status.ready, status.problem.code, status.positions) == (False, code, None)
    assert any(is_named(number, each) for each in status.notices) or not number
    try:
        assert not asyncio.run(asking.positions()).complete  # it was said behind their end
        return
    except NoAnswer as error:
        none = error
    assert none.problem.code == code
    assert is_named(number, none.problem.cause)
    assert none.problem.next_steps != ["Read what the Monitor says."]


def test_farm_that_is_broken_and_others_orders_stand_in_nobodys_way() -> None:
    with (
        FakeGateway(faults=["farm-broken", "other-orders"]) as found,
        watched(found.port, **QUICK) as watch,
    ):
        becomes(watch, "")
        with owned(watch):
            told = asyncio.run(Asking(watch).positions())
        assert (told.complete, told.count) == (True, 24)
        said = [str(each) for each in watch.state.notices]
        assert any("error 2103" in each for each in said)
        page = Metrics(watch, SYSTEM).text().decode()
        assert 'golive_messages_total{class="farm broken"} ' in page
        assert served_health.ready(watch.state, SYSTEM).status == 200


class Answering(Telling):
    """Answers, with a state of its own."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(state(**changes))

    def ask(self, what: Ask, seconds: float) -> Any:
        answer: Future[Answer] = Future()
        answer.set_result(Answer(what, positions(2), NOW, NOW))
        return answer


@pytest.mark.parametrize(
    ("changes", "complete"),
    [
        ({}, True),
        ({"said": ApiError(-1, 2151, "not yet"), "code": "positions-not-available"}, False),
        ({"positions": Positions((), has_ended=False)}, False),
        ({"farms": {"usfarm": False}}, True),
    ],
)
def test_answer_that_something_was_said_against_is_not_complete(
    changes: dict[str, Any], complete: bool
) -> None:
    told = asyncio.run(Asking(Answering(**changes), Standing()).positions())
    assert (told.complete, told.count) == (complete, 2)


# the soak


@pytest.mark.parametrize(
    ("number", "code"),
    [(1100, "connectivity-lost"), (2110, "connectivity-lost"), (1300, "port-changed"),
     (2151, "positions-not-available"), (10275, "positions-not-available"),
     (10141, "login-not-usable"), (9999, "gateway-in-trouble")],
)  # fmt: skip
def test_what_is_said_in_a_soak_ends_it_and_is_the_cause_with_its_code_in_the_facts(
    number: int, code: str
) -> None:
    with gateway() as found, connected(found.port) as connection:
        soak = Soaking(
            connection, listened(found.port), 30, 0.2, looked=once(lambda: found.say(number))
        )
        figures = soak.perform()
        assert figures.code == code
        assert is_named(number, figures.stopped or "")
        assert is_named(number, figures.notices[-1])
        assert number in [each.code for each in connection.said.errors]
        for against in (connection.against, None):  # whether or not the connection tells
            seen = Seen(
                "soak.answers", settings(), None, SYSTEM.now(), soak=figures, against=against
            )
            why = diagnose.diagnose(seen, Next(SOAK))
            assert why.code == code
            assert any(is_named(number, each) for each in why.facts)


ENDED = Soak(
    wanted=3600, seconds=60, heartbeats=13, answers=12, p50_ms=1, p95_ms=1, p99_ms=1, max_ms=1,
    slope_ms_per_hour=None, most_zombies=0, unseen=0, longest_accept_queue=0,
    own_memory_growth=0, gateway_memory_growth=0, farm_flaps=0, notices=[],
    stopped="as it was", code="", samples=[],
)  # fmt: skip


@pytest.mark.parametrize("code", [each.code for each in TREE])
def test_whatever_code_has_ended_a_soak_is_its_cause(code: str) -> None:
    figures = ENDED.model_copy(update={"code": code})
    seen = Seen("soak.full-time", settings(), None, SYSTEM.now(), soak=figures)
    assert diagnose.diagnose(seen, Next(SOAK)).code == code


# lines


def test_notice_is_said_once_however_often_it_comes_and_a_flood_by_ever_fewer_lines() -> None:
    notices, before, said, wanted = Notices(), READY, [], settings()
    for number in range(2000):
        notices.add(ApiError(17, 201, f"order {number // 2}"))
        now = state(notices=notices.told, notices_left_out=notices.left_out)
        said += list(lines.changed(before, now, wanted))
        before = now
    assert len(said) == 40 + 10
    assert said[0].endswith("the gateway said error 201: order 0")
    assert said[-1].endswith("the gateway keeps sending messages; the latest: error 201: order 551")


def test_flood_of_rows_in_a_soak_ends_it_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("golive.client.heartbeat.MOST_ROWS", 1000)

    def script(client: socket.socket) -> None:
        handshake(client)
        client.recv(4096)
        client.sendall(b"".join(row(number, "5") for number in range(1, 1002)))
        client.recv(4096)

    with Scripted(script) as server, connected(server.port) as connection:
        figures = Soaking(connection, listened(server.port), 30, 0.2).perform()
    assert (figures.code, figures.stopped) == ("flood", "more than 1,000 rows arrived")
