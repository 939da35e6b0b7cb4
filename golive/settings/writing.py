"""A new secrets.json: what goes into it, and the answers that may."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golive.kit import accounts, files
from golive.settings import schema
from golive.settings.model import PORTS, Fallback, GoLive

SCHEMA_NAME = "secrets.schema.json"

Program = tuple[str, ...] | None
"""A Monitor's or MCP server's command; none is configured where it is None."""
OWN: Program = ()
"""golive's own."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The TWS paper account to fall back to, and how many positions are open in it."""

    account: str
    positions: int


@dataclass(frozen=True, slots=True)
class Answers:
    """What a new file says. The paths are "" where they are not known."""

    host: str
    port: int
    client_id: int
    is_paper: bool
    account: str
    positions: int
    monitor: Program = OWN
    mcp: Program = OWN
    gateway_path: str = ""
    gateway_folder: str = ""
    api_version: str = ""
    fallback: Expected | None = None


def document(answers: Answers) -> dict[str, Any]:
    """The shortest that says it: what is as by default is left out."""
    credentials: dict[str, Any] = {
        "Host": answers.host,
        "Port": answers.port,
        "ClientId": answers.client_id,
    }
    if answers.gateway_path:
        credentials["GatewayPath"] = answers.gateway_path
    credentials["IsPaperTrading"] = answers.is_paper
    golive: dict[str, Any] = {
        "ExpectedAccount": answers.account,
        "ExpectedPositions": answers.positions,
    }
    if answers.client_id != GoLive().pinned_client_id:
        golive["PinnedClientId"] = answers.client_id
    if answers.api_version:
        golive["ApiVersion"] = answers.api_version
    if answers.gateway_folder:
        golive["GatewayFolder"] = answers.gateway_folder
    if answers.fallback:
        golive["Fallback"] = {
            "ExpectedAccount": answers.fallback.account,
            "ExpectedPositions": answers.fallback.positions,
        }
    for key, program in (("Monitor", answers.monitor), ("Mcp", answers.mcp)):
        if program != OWN:
            golive[key] = None if program is None else {"Command": list(program)}
    return {"$schema": f"./{SCHEMA_NAME}", "IBKRCredentials": credentials, "GoLive": golive}


def text(answers: Answers) -> str:
    return json.dumps(document(answers), indent=2, ensure_ascii=False) + "\n"


def write(path: Path, text: str) -> bool:
    """A new file of its owner alone, and the schema beside it if there is none.

    Whether the schema was written. Raises OSError; FileExistsError for a file that is there.
    """
    files.create(path, text, mode=0o600)
    try:
        files.create(path.with_name(SCHEMA_NAME), schema.text())
    except OSError:  # there already, or not to be written: the settings do without
        return False
    return True


def port(answer: str) -> int:
    """Raises ValueError, as all that follow, with what is wrong in a few words."""
    number = _number(answer)
    if not 1 <= number <= 65535:
        raise ValueError("a port is a number from 1 to 65535")
    return number


def client_id(answer: str) -> int:
    number = _number(answer)
    if number > 2**31 - 1:
        raise ValueError("a client id is at most 2147483647")
    return number


def positions(answer: str) -> int:
    return _number(answer)


def account(answer: str, port: int) -> str:
    """As IBKR writes it. That of a paper port begins with D, that of a live one does not."""
    name = answer.strip().upper()
    if not accounts.is_one(name):
        raise ValueError("not an account: U1234567 is a live one, DU1234567 a paper one")
    what = PORTS.get(port, "")
    if "paper" in what and not accounts.is_paper(name):
        raise ValueError(f"port {port} is {what}: its account begins with D")
    if "live" in what and accounts.is_paper(name):
        raise ValueError(f"port {port} is {what}: its account does not begin with D")
    return name


def paper_account(answer: str) -> str:
    """That of TWS paper, the fallback."""
    return account(answer, Fallback().port)


def is_paper(port: int, account: str) -> bool:
    """By the port reference; of another port, by the account."""
    return "paper" in PORTS[port] if port in PORTS else accounts.is_paper(account)


def _number(answer: str) -> int:
    bare = answer.strip()
    if bare.isascii() and bare[:1] == "-" and bare[1:].isdigit():
        raise ValueError("must be 0 or more")
    if not (bare.isascii() and bare.isdigit()):
        raise ValueError("not a whole number")
    return int(bare)
