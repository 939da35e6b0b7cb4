"""The fake, read by real clients: unmodified, each in an environment of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fake_ib_gateway.world.book import Position, options_book
from tests.support.clients import environments
from tests.support.fakes import Fake, FakeHere
from tests.support.projects import ROOT, environment
from tests.support.steered import all_told

Started = Callable[..., FakeHere]
BOOK = options_book()
FARMS = {(-1, 2104), (-1, 2106), (-1, 2158)}
NO_AUTO_BIND = (-1, 327)
"""What reqAutoOpenOrders gets, except from client id 0."""


@dataclass(frozen=True)
class Client:
    """A library, the newest version it offers, and how it keeps a quantity."""

    name: str
    newest: int
    quantity: type[float] | type[Decimal] = Decimal

    def __str__(self) -> str:
        return self.name

    def reads(self, port: int, client_id: int = 10) -> dict[str, Any]:
        """What its script tells of the gateway."""
        script = "asynchronous.py" if self in ASYNCHRONOUS else "official.py"
        return all_told(script, self.name, port, client_id)


IBAPI_10_37_2, IBAPI_10_50_2 = Client("ibapi-10.37.2", 203), Client("ibapi-10.50.2", 226)
IB_ASYNC = Client("ib_async", 178, float)
ASYNCHRONOUS = (IB_ASYNC, Client("ib_insync", 176, float))
OTHERS = (
    Client("ibapi-9.81.1", 157, float),
    Client("ibapi-latest", 226),
    Client("nautilus-ibapi", 225),
)
OFFICIAL = (IBAPI_10_37_2, IBAPI_10_50_2, *OTHERS)
IN_CI = (IBAPI_10_37_2, IBAPI_10_50_2, IB_ASYNC)
BANDS = (100, 150, 165, 166, 193, 194, 200, 201, 203, 204, 205, 207, 212, 213, 219)
"""Versions about which a message changes its form."""


def marked(*clients: Client) -> list[Any]:
    """All of them are the nightly job's, some of them also CI's."""
    return [pytest.param(it, marks=[] if it in IN_CI else pytest.mark.nightly) for it in clients]


@dataclass(frozen=True)
class Reading:
    """What a client told of the gateway at a port."""

    client: Client
    port: int
    got: dict[str, Any]


@pytest.fixture(scope="module", params=marked(*OFFICIAL), ids=str)
def official(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reading:
    """An official client's, of a gateway of the newest version."""
    with Fake((), tmp_path_factory.mktemp("fake") / "log.jsonl") as gateway:
        return Reading(request.param, gateway.port, request.param.reads(gateway.port))


def expected(position: Position, quantity: type[float] | type[Decimal]) -> dict[str, Any]:
    """A row, by the names that clients give its fields."""
    contract = position.contract
    return {
        "account": BOOK.account,
        "conId": contract.con_id,
        "symbol": contract.symbol,
        "secType": contract.sec_type,
        "lastTradeDateOrContractMonth": contract.expiry,
        "strike": contract.strike,
        "right": contract.right,
        "multiplier": contract.multiplier,
        "exchange": contract.exchange,
        "currency": contract.currency,
        "localSymbol": contract.local_symbol,
        "tradingClass": contract.trading_class,
        "quantity": str(quantity(position.quantity)),
        "avgCost": position.average_cost,
    }


def assert_positions_are_the_books(got: dict[str, Any], client: Client) -> None:
    rows = [expected(position, client.quantity) for position in BOOK.positions]
    assert [{key: row[key] for key in rows[0]} for row in got["positions"]] == rows


def assert_portfolio_is_the_books(rows: list[list[Any]], client: Client) -> None:
    """Rows are: contract, quantity, price, value, average cost, unrealized, realized, account."""
    assert [(row[0]["conId"], str(row[1]), row[4], row[7]) for row in rows] == [
        (it.contract.con_id, str(client.quantity(it.quantity)), it.average_cost, BOOK.account)
        for it in BOOK.positions
    ]
    for row, it in zip(rows, BOOK.positions, strict=True):
        worth = [it.market_price, it.market_value, it.unrealized, 0.0]
        assert [*row[2:4], *row[5:7]] == pytest.approx(worth, abs=0.01)


def assert_all_is_answered(got: dict[str, Any], *refusals: tuple[int, int]) -> None:
    assert got["failure"] is None
    assert got["connected"]
    assert [it for it in got["asked"] if it["answered"] is False] == []
    assert {(request_id, code) for request_id, code, _ in got["errors"]} == FARMS | {*refusals}


def came(got: dict[str, Any], request: str) -> list[list[Any]]:
    """What came in answer to a request, up to what ended the answer."""
    told: list[list[Any]] = next(it["came"] for it in got["asked"] if it["request"] == request)
    return told


def callbacks(got: dict[str, Any], request: str, callback: str) -> list[list[Any]]:
    """The arguments of one callback among what came."""
    return [arguments for name, *arguments in came(got, request) if name == callback]


def test_official_client_reads_all_it_can_ask_for(official: Reading) -> None:
    client, got = official.client, official.got
    assert (got["newest"], got["server_version"]) == (client.newest, client.newest)
    assert_all_is_answered(got, NO_AUTO_BIND)
    assert_positions_are_the_books(got, client)
    assert re.fullmatch(r"\d{8} \d\d:\d\d:\d\d \S.*", got["connection_time"])
    assert (got["accounts"], got["next_valid_id"], got["closed"]) == (BOOK.account, 1, False)


def test_official_client_reads_what_the_account_is_worth(official: Reading) -> None:
    client, got, account = official.client, official.got, BOOK.account
    values = [(it.key, it.value, it.currency) for it in BOOK.values]
    updates = callbacks(got, "reqAccountUpdates", "updateAccountValue")
    assert updates == [[*value, account] for value in values]
    portfolio = callbacks(got, "reqAccountUpdates", "updatePortfolio")
    assert_portfolio_is_the_books(portfolio, client)
    ((at,),) = callbacks(got, "reqAccountUpdates", "updateAccountTime")
    assert re.fullmatch(r"\d\d:\d\d", at)
    summary = callbacks(got, "reqAccountSummary", "accountSummary")
    assert sorted(summary) == sorted(
        [9001, account, *value] for value in values if value[0] in ("NetLiquidation", "BuyingPower")
    )
    multi = callbacks(got, "reqAccountUpdatesMulti", "accountUpdateMulti")
    assert multi == [[9003, account, "", *value] for value in values]
    rows = callbacks(got, "reqPositionsMulti", "positionMulti")
    assert [(*it[:3], it[3]["conId"], str(it[4]), it[5]) for it in rows] == [
        (9002, account, "", it.contract.con_id, str(client.quantity(it.quantity)), it.average_cost)
        for it in BOOK.positions
    ]


def test_official_client_is_told_the_time_and_the_settings(official: Reading) -> None:
    client, got = official.client, official.got
    ((seconds,),) = callbacks(got, "reqCurrentTime", "currentTime")
    assert abs(time.time() - seconds) < 60
    if client.newest >= 197:
        ((millis,),) = callbacks(got, "reqCurrentTimeInMillis", "currentTimeInMillis")
        assert abs(time.time() - millis / 1000) < 60
    if client.newest >= 219:
        ((config,),) = callbacks(got, "reqConfigProtoBuf", "configResponseProtoBuf")
        assert "reqId: 9005" in config
        assert f"socketPort: {official.port}" in config


@pytest.mark.parametrize(
    ("client", "version"),
    [
        (IBAPI_10_37_2, 176),
        (IBAPI_10_50_2, 206),
        *(pytest.param(IBAPI_10_50_2, it, marks=pytest.mark.nightly) for it in BANDS),
    ],
    ids=str,
)
def test_official_client_reads_the_same_from_an_older_gateway(
    client: Client, version: int, fake: Started
) -> None:
    got = client.reads(fake("--server-version", str(version)).port)
    assert got["server_version"] == version
    assert_all_is_answered(got, NO_AUTO_BIND)
    assert_positions_are_the_books(got, client)
    portfolio = callbacks(got, "reqAccountUpdates", "updatePortfolio")
    assert_portfolio_is_the_books(portfolio, client)


@pytest.mark.parametrize("client", marked(*ASYNCHRONOUS), ids=str)
def test_asynchronous_client_connects_and_synchronises_without_a_time_out(
    client: Client, fake: Started
) -> None:
    got = client.reads(fake().port)
    assert got["log"] == []
    assert (got["newest"], got["server_version"]) == (client.newest, client.newest)
    assert_all_is_answered(got)
    assert got["accounts"] == BOOK.account
    assert_positions_are_the_books(got, client)
    assert_portfolio_is_the_books(got["portfolio"], client)
    values = {(BOOK.account, it.key, it.value, it.currency, "") for it in BOOK.values}
    assert {tuple(it) for it in got["account_values"]} == values
    net = next(it for it in values if it[1] == "NetLiquidation")
    assert list(net) in came(got, "accountSummary")
    assert (got["open_orders"], got["executions"], got["fills"]) == ([], [], [])


@pytest.mark.parametrize("client", [IBAPI_10_50_2, IB_ASYNC], ids=str)
def test_client_with_id_0_binds_orders_without_a_word(client: Client, fake: Started) -> None:
    got = client.reads(fake().port, client_id=0)
    assert_all_is_answered(got)
    assert_positions_are_the_books(got, client)


def clients(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`python -m tests.support.clients ...`"""
    return subprocess.run(
        [sys.executable, "-m", "tests.support.clients", *words],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=environments.SECONDS,
        check=False,
    )


def test_unknown_client_is_one_line_and_exit_2() -> None:
    done = clients("ibapi")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "clients: argument name: no client 'ibapi'; there are: ibapi-9.81"
    )
    assert done.stderr.count("\n") == 1


def test_environment_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    done = clients("ib_async", GOLIVE_CLIENTS=str(file))
    assert done.returncode == 1
    assert str(file) in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.nightly
def test_two_builders_leave_one_good_environment_whatever_an_interrupted_one_left(
    tmp_path: Path,
) -> None:
    left = tmp_path / "ibapi-10.37.2" / ("Lib" if os.name == "nt" else "lib") / "half"
    left.mkdir(parents=True)
    command = [sys.executable, "-m", "tests.support.clients", "ibapi-10.37.2"]
    variables = environment(GOLIVE_CLIENTS=str(tmp_path))
    builders = [
        subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = {builder.communicate(timeout=environments.SECONDS)[0] for builder in builders}
    assert [builder.returncode for builder in builders] == [0, 0]
    assert len(told) == 1
    assert not left.exists()
    python = told.pop().partition(": ")[2].strip()
    subprocess.run([python, "-I", "-c", "import ibapi.client"], check=True, timeout=120)


def test_locks_carry_hashes_and_no_address() -> None:
    locks = sorted(environments.LOCKS.glob("*.txt"))
    assert {path.stem for path in locks} == {*environments.NAMES, "ibapi-9.81.1-build"}
    for path in locks:
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        assert text.count("==") <= text.count("--hash=sha256:")
