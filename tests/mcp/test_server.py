"""The MCP server: what its tools answer from a source, in process and over HTTP."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import jsonschema
import pytest
from ibapi.message import OUT
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult

from golive.client import official_client
from golive.client.answers import AccountSummary, AccountValue, Position, Positions
from golive.client.messages import ApiError
from golive.mcp import server
from golive.mcp.tools.listed import TOOLS
from golive.monitor.holding.requests import Answer, Ask, Unanswered
from golive.monitor.holding.state import State
from golive.monitor.served.server import Server
from golive.settings import secrets_json
from golive.settings.secrets_json import SettingsFile
from tests.support.fakes import wait_until
from tests.support.projects import write_secrets
from tests.support.states import ACCOUNT, NOW, Standing, state

Returned = TypeVar("Returned")
SECONDS = 60.0

ROW = Position(
    ACCOUNT, 1, "AAPL", "STK", "", 0.0, "", "", "SMART", "USD", "AAPL", "NMS", Decimal(100), 1.5
)
OPTION = ROW._replace(con_id=2, sec_type="OPT", expiry="20261218", strike=200.0, right="C")
ON_FUTURE = ROW._replace(con_id=3, symbol="es", sec_type="FOP", quantity=Decimal("-2"))
CLOSED = ROW._replace(con_id=4, symbol="GONE", quantity=Decimal(0))


class Answers:
    """A source that answers each request with what it was made with, or does not."""

    def __init__(
        self,
        *rows: Position,
        known: State | None = None,
        fails: Unanswered | None = None,
        **parts: Any,
    ) -> None:
        self.state = known or state()
        self._fails = fails
        self._values: dict[Ask, Any] = {
            Ask.POSITIONS: Positions(rows, **({"has_ended": True} | parts)),
            Ask.SUMMARY: AccountSummary(
                (AccountValue(ACCOUNT, "BuyingPower", "1.5", "USD"),), True
            ),
        }
        self.asked: list[Ask] = []

    def ask(self, what: Ask, seconds: float) -> Future[Answer]:
        self.asked.append(what)
        answer: Future[Answer] = Future()
        if self._fails:
            answer.set_exception(self._fails)
        else:
            at = NOW - timedelta(seconds=3)
            answer.set_result(Answer(what, self._values[what], at, at))
        return answer


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    return secrets_json.read(write_secrets(tmp_path / "secrets.json", port=4001))


def with_client(
    source: Answers, file: SettingsFile, do: Callable[[Client], Awaitable[Returned]]
) -> Returned:
    async def connected() -> Returned:
        answering = server.Answering(source, file, clock=Standing())
        async with Client(server.server(answering)) as client:
            return await do(client)

    return asyncio.run(asyncio.wait_for(connected(), SECONDS))


def call(
    source: Answers, file: SettingsFile, tool: str, **arguments: Any
) -> tuple[CallToolResult, dict[str, Any]]:
    """The result, and its data once that was held to the tool's output schema, error or not."""

    async def called(client: Client) -> CallToolResult:
        return await client.call_tool(tool, arguments)

    result = with_client(source, file, called)
    schema = next(each for each in TOOLS if each.name == tool).output_schema()
    jsonschema.Draft202012Validator(schema).validate(result.structured_content)
    return result, result.structured_content or {}


def test_tools_are_the_five_that_only_read(file: SettingsFile) -> None:
    listed = with_client(Answers(), file, lambda client: client.list_tools()).tools
    assert [each.name for each in listed] == [
        "get-positions",
        "get-option-positions",
        "get-account-summary",
        "get-connection-status",
        "check-gateway",
    ]
    for each in listed:
        assert each.annotations
        assert (each.annotations.read_only_hint, each.annotations.destructive_hint) == (True, False)
        assert each.annotations.idempotent_hint
        assert each.output_schema
        assert each.output_schema["type"] == "object"
        assert each.input_schema["additionalProperties"] is False
    assert not {OUT.PLACE_ORDER, OUT.CANCEL_ORDER, OUT.REQ_GLOBAL_CANCEL} & official_client.READING


def test_server_offers_no_prompts_and_no_resources(file: SettingsFile) -> None:
    async def offered(client: Client) -> Any:
        return client.server_capabilities

    offers = with_client(Answers(), file, offered)
    assert (offers.prompts, offers.resources, offers.completions) == (None, None, None)


def test_positions_are_the_open_ones_as_the_gateway_tells_them(file: SettingsFile) -> None:
    _, data = call(Answers(ROW, CLOSED, ON_FUTURE), file, "get-positions")
    assert data["count"] == 2
    assert data["rows"][0] == {
        "account": ACCOUNT,
        "con_id": 1,
        "symbol": "AAPL",
        "sec_type": "STK",
        "expiry": "",
        "strike": 0.0,
        "right": "",
        "multiplier": "",
        "exchange": "SMART",
        "currency": "USD",
        "local_symbol": "AAPL",
        "quantity": "100",
        "average_cost": 1.5,
    }
    assert data["rows"][1]["quantity"] == "-2"
    assert data["complete"] is True


def test_every_answer_says_when_it_was_true_and_how_old_it_is(file: SettingsFile) -> None:
    for tool in ("get-positions", "get-account-summary"):
        _, data = call(Answers(ROW), file, tool)
        assert (data["as_of"], data["age_seconds"]) == ("2026-11-23T09:13:59Z", 3.0)
        assert data["endpoint"]["port"] == 4001


@pytest.mark.parametrize(
    ("ticker", "con_ids"), [("AAPL", [2]), (" aapl ", [2]), ("ES", [3]), ("GONE", []), ("A", [])]
)
def test_option_positions_are_those_on_the_ticker_in_whatever_case(
    ticker: str, con_ids: list[int], file: SettingsFile
) -> None:
    source = Answers(ROW, OPTION, ON_FUTURE, CLOSED)
    _, data = call(source, file, "get-option-positions", ticker=ticker)
    assert [row["con_id"] for row in data["rows"]] == con_ids
    assert data["complete"] is True


@pytest.mark.parametrize(
    "arguments", [{}, {"ticker": ""}, {"ticker": 7}, {"ticker": "A", "account": ACCOUNT}]
)
def test_wrong_arguments_are_an_error_that_says_which_are_right(
    arguments: dict[str, Any], file: SettingsFile
) -> None:
    source = Answers(OPTION)
    result, data = call(source, file, "get-option-positions", **arguments)
    assert (result.is_error, data["code"], source.asked) == (True, "invalid-arguments", [])
    assert "ticker" in data["next_steps"][0]


def test_tool_that_is_not_there_is_refused_by_name(file: SettingsFile) -> None:
    async def refused(client: Client) -> None:
        with pytest.raises(MCPError, match="no such tool: place-order"):
            await client.call_tool("place-order", {})

    with_client(Answers(), file, refused)


def test_a_quantity_that_is_no_number_is_told_as_none_and_makes_the_answer_incomplete(
    file: SettingsFile,
) -> None:
    unreadable = ROW._replace(quantity=None, average_cost=float("nan"), strike=float("inf"))
    _, data = call(Answers(unreadable), file, "get-positions")
    assert data["complete"] is False
    row = data["rows"][0]
    assert (row["quantity"], row["average_cost"], row["strike"]) == (None, None, None)


def test_texts_of_a_hostile_gateway_arrive_as_they_are(file: SettingsFile) -> None:
    hostile = ROW._replace(symbol="<script>\u202e\x1b[2J\x00" + "x" * 10_000)
    _, data = call(Answers(hostile), file, "get-positions")
    assert data["rows"][0]["symbol"] == hostile.symbol


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (Answers(fails=Unanswered("half-open", "no answer in time")), "half-open"),
        (Answers(fails=Unanswered("connection-lost", "it closed")), "connection-lost"),
        (Answers(ROW, has_ended=False), "positions-incomplete"),
        (Answers(ROW, against=ApiError(-1, 1100, "lost")), "connectivity-lost"),
        (Answers(ROW, against=ApiError(-1, 1101, "data lost")), "connectivity-lost"),
        (Answers(ROW, against=ApiError(-1, 2151, "not yet")), "positions-not-available"),
        (Answers(ROW, contradictions=((ROW, CLOSED),)), "positions-contradictory"),
    ],
)
def test_positions_that_cannot_be_relied_on_are_an_error_with_its_diagnosis_and_no_rows(
    source: Answers, code: str, file: SettingsFile
) -> None:
    result, data = call(source, file, "get-positions")
    assert (result.is_error, data["code"], "rows" in data) == (True, code, False)
    assert data["cause"]
    assert data["next_steps"]
    assert code in result.content[0].text  # type: ignore[union-attr]


def test_error_names_no_account(file: SettingsFile) -> None:
    source = Answers(fails=Unanswered("half-open", f"nothing about {ACCOUNT} came"))
    result, data = call(source, file, "get-positions")
    assert ACCOUNT not in str(data) + str(result.content)


def test_source_that_breaks_its_bound_keeps_nobody_waiting(file: SettingsFile) -> None:
    class Silent(Answers):
        def ask(self, what: Ask, seconds: float) -> Future[Answer]:
            return Future()

    from golive.mcp.tools import asking

    async def asked() -> None:
        await asking.Asking(Silent(), Standing(), seconds=-0.9).positions()

    with pytest.raises(asking.NoAnswer, match="half-open"):
        asyncio.run(asyncio.wait_for(asked(), SECONDS))


def test_call_that_is_given_up_leaves_the_request_to_the_others(file: SettingsFile) -> None:
    class Slow(Answers):
        def ask(self, what: Ask, seconds: float) -> Future[Answer]:
            self.pending: Future[Answer] = Future()
            return self.pending

    from golive.mcp.tools import asking

    source = Slow()

    async def given_up() -> None:
        task = asyncio.ensure_future(asking.Asking(source, Standing()).positions())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(given_up())
    assert not source.pending.cancelled()


def test_status_asks_the_gateway_nothing_and_tells_readiness(file: SettingsFile) -> None:
    source = Answers()
    _, data = call(source, file, "get-connection-status")
    assert (data["ready"], data["problem"], data["positions"], source.asked) == (True, None, 24, [])
    lost = state(condition="disconnected", code="connection-lost", cause="it closed the connection")
    result, data = call(Answers(known=lost), file, "get-connection-status")
    assert (result.is_error, data["ready"], data["problem"]["code"]) == (
        False,
        False,
        "connection-lost",
    )


def test_gateway_that_is_down_is_told_without_connecting(file: SettingsFile) -> None:
    lost = state(condition="disconnected", code="gateway-not-running", port=4001)
    result, data = call(Answers(known=lost), file, "check-gateway")
    assert (result.is_error, data["listening"], data["zombies"]) == (False, False, 0)
    assert data["problem"]["code"] in ("gateway-not-running", "wrong-port")
    assert data["last_attempt"] is None


# over HTTP


def post(url: str, headers: dict[str, str] | None = None, body: bytes = b"{}") -> httpx2.Response:
    wanted = {"content-type": "application/json", "accept": "application/json"} | (headers or {})
    with httpx2.Client(trust_env=False, timeout=SECONDS) as client:
        return client.post(f"{url}/mcp", content=body, headers=wanted)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_streamable_http_gives_the_same_rows_as_in_process(mode: str, file: SettingsFile) -> None:
    source = Answers(ROW, OPTION)
    app = server.http_app(source, file, Standing())
    serving = Server(source, "127.0.0.1", 0, Standing(), beside=app)
    url = serving.start()

    async def called() -> CallToolResult:
        async with Client(f"{url}/mcp", mode=mode) as client:
            assert len((await client.list_tools()).tools) == len(TOOLS)
            return await client.call_tool("get-positions", {})

    try:
        over_http = asyncio.run(asyncio.wait_for(called(), SECONDS))
        with httpx2.Client(trust_env=False) as client:
            assert client.get(f"{url}/healthz").status_code == 200
            assert client.get(f"{url}/mcp").status_code == 405
    finally:
        serving.stop()
    assert over_http.structured_content == call(source, file, "get-positions")[1]


def test_page_of_the_web_is_refused_by_its_host_and_its_origin_without_a_word(
    file: SettingsFile, caplog: pytest.LogCaptureFixture
) -> None:
    source = Answers(ROW)
    app = server.http_app(source, file, Standing())
    serving = Server(source, "127.0.0.1", 0, Standing(), beside=app)
    url = serving.start()
    try:
        assert post(url, {"host": "evil.example"}).status_code in (400, 421)
        assert post(url, {"origin": "http://evil.example"}).status_code == 403
        assert post(url, {"origin": "null"}).status_code == 403
        assert post(url, body=b"x" * 100_000).status_code == 413
    finally:
        serving.stop()
    assert source.asked == []
    assert caplog.messages == []


@pytest.mark.skipif(sys.platform == "darwin", reason="has no other loopback address by itself")
def test_other_loopback_address_of_the_settings_is_answered_as_well(tmp_path: Path) -> None:
    there = {"HealthAddress": "127.0.0.2"}
    file = secrets_json.read(write_secrets(tmp_path / "secrets.json", port=4001, Monitor=there))
    app = server.http_app(Answers(ROW), file, Standing())
    serving = Server(Answers(ROW), "127.0.0.2", 0, Standing(), beside=app)
    url = serving.start()
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    try:
        assert post(url, body=json.dumps(listing).encode()).status_code == 200
        assert post(url, {"host": "127.0.0.3"}).status_code in (400, 421)
    finally:
        serving.stop()


def test_who_hangs_up_in_the_middle_of_a_call_writes_nothing_on_the_terminal(
    file: SettingsFile, caplog: pytest.LogCaptureFixture
) -> None:
    app = server.http_app(Answers(ROW), file, Standing())
    serving = Server(Answers(ROW), "127.0.0.1", 0, Standing(), beside=app)
    serving.start()
    connections: Any = serving._server.server_state.connections
    head = (
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Accept: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    try:
        with socket.create_connection(("127.0.0.1", serving.port), timeout=SECONDS) as client:
            client.sendall(head.encode("ascii"))
            wait_until(lambda: any(each.cycle for each in list(connections)))
        wait_until(lambda: not connections)
        assert post(serving.url).status_code == 400  # and what comes of the other has come
    finally:
        serving.stop()
    assert caplog.text == ""
