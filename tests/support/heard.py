"""What a real client heard of a fake gateway, in short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fake_ib_gateway.world.book import ACCOUNT
from tests.support.steered import PlainClient

QUIET_SECONDS = 1.2
"""Of silence: longer than any wait of the official client's own."""
STARTED = [f"accounts {ACCOUNT}", "nextValidId"]
FARMS = ["-1: 2104", "-1: 2106", "-1: 2158"]
ROWS = ["row"] * 24


def assert_is_answered(client: PlainClient) -> None:
    """Whatever was to come before has come now."""
    client.ask("reqCurrentTime")
    client.hear("currentTime")


def positions(client: PlainClient) -> list[list[Any]]:
    """All rows there are, once their end has come."""
    client.hear("nextValidId")
    client.ask("reqPositions")
    client.hear("positionEnd")
    return client.all("position")


def quantities(rows: list[list[Any]]) -> list[str]:
    return [quantity for _, _, quantity, _ in rows]


def spoken(client: PlainClient) -> list[str]:
    """What the gateway has said so far, in short."""
    short: dict[str, Callable[..., str]] = {
        "error": lambda number, code, _: f"{number}: {code}",
        "position": lambda *_: "row",
        "managedAccounts": lambda accounts: f"accounts {accounts}",
    }
    said = [each for each in client.came if each[0] not in ("connectAck", "connect returned")]
    return [short[name](*rest) if name in short else name for name, *rest in said]


def all_said(client: PlainClient) -> list[str]:
    """What it says up to the answer to a second request, that for positions being the first."""
    client.hear("connect returned")
    client.ask("reqPositions")
    client.ask("reqCurrentTime")
    client.hear("currentTime")
    said = spoken(client)
    return said[: said.index("currentTime")]


def to_positions(client: PlainClient) -> list[str]:
    """What it says to the request for positions, behind a start as it should be."""
    said = all_said(client)
    assert said[:5] == [*STARTED, *FARMS]
    return said[5:]


def rows(client: PlainClient) -> list[tuple[str, int, str]]:
    """Account, contract id and quantity of each row so far."""
    told = client.all("position")
    return [(account, contract["conId"], quantity) for account, contract, quantity, _ in told]


def text_of(client: PlainClient, code: int) -> str:
    """That of the one error with this code."""
    (text,) = [text for _, each, text in client.all("error") if each == code]
    return str(text)


def accounts(client: PlainClient) -> list[str]:
    (told,) = client.hear("managedAccounts")
    return [name for name in told.split(",") if name]
