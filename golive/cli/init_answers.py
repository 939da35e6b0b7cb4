"""What `golive init` is told by its options, and what it asks where they do not say it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

from golive.cli import asking
from golive.machine.gateways_here import GatewaysHere
from golive.settings import writing
from golive.settings.model import Fallback
from golive.settings.writing import OWN, Answers, Expected, Program

Value = TypeVar("Value")


class Refused(Exception):
    """It cannot be written. One line that says why, and what to do."""


class Given:
    """The options, each of them checked. Raises Refused."""

    def __init__(self, options: argparse.Namespace) -> None:
        def checked(name: str, check: Callable[[str], Value]) -> Value | None:
            told = getattr(options, name)
            try:
                return None if told is None else check(told)
            except ValueError as error:
                raise Refused(f"--{name.replace('_', '-')}: {error}") from None

        self.host: str = options.host
        self.client_id = checked("client_id", writing.client_id) or 0
        self.port = checked("port", writing.port)
        self.positions = checked("positions", writing.positions)
        self.account = checked("account", lambda told: writing.account(told, self.port or 0))
        self.may_ask: bool = not options.yes
        self.monitor, self.mcp = options.monitor, options.mcp
        self.fallback_account = checked("fallback_account", writing.paper_account)
        self.fallback_positions = checked("fallback_positions", writing.positions)
        if self.fallback_account is None and self.fallback_positions is not None:
            raise Refused("--fallback-positions: add --fallback-account DU...")
        for name in ("monitor", "mcp"):
            checked(name, asking.program)

    @property
    def lacking(self) -> list[str]:
        """What nobody sees, and what is not told."""
        told: dict[str, object] = {"--account U...": self.account, "--positions N": self.positions}
        if self.fallback_account is not None:
            told["--fallback-positions N"] = self.fallback_positions
        return [option for option, value in told.items() if value is None]


def answers(given: Given, seen: GatewaysHere) -> Answers:
    """Asks for what is neither told nor seen. Raises Refused, NoAnswer and KeyboardInterrupt."""
    port = given.port or _port(given, seen)
    account = given.account or asking.ask(
        "Account whose positions must arrive (U..., paper DU...)",
        lambda told: writing.account(told, port),
    )
    account = _of_the_port(account, port)
    positions = given.positions
    if positions is None:
        positions = asking.ask("How many positions are open in it", writing.positions)
    there = seen.on(port)
    fallback = _fallback(given, port)
    return Answers(
        host=given.host,
        port=port,
        client_id=given.client_id,
        is_paper=writing.is_paper(port, account),
        account=account,
        positions=positions,
        fallback=fallback,
        monitor=_program(given, "Monitor", given.monitor),
        mcp=_program(given, "MCP server", given.mcp),
        gateway_path=there.program if there else "",
        gateway_folder=there.folder if there else "",
    )


def _fallback(given: Given, port: int) -> Expected | None:
    """Not asked for where the gateway is that TWS itself."""
    account, positions = given.fallback_account, given.fallback_positions
    if account is None and given.may_ask and port != Fallback().port:
        account = asking.ask(
            "TWS paper account to fall back to (DU..., Enter: none)",
            asking.or_none(writing.paper_account),
        )
    if account is None:
        return None
    if positions is None:
        positions = asking.ask("How many positions are open in it", writing.positions)
    return Expected(account, positions)


def _of_the_port(account: str, port: int) -> str:
    """Raises Refused where the options contradict what is seen."""
    try:
        return writing.account(account, port)
    except ValueError as error:
        raise Refused(f"--account: {error}") from None


def _port(given: Given, seen: GatewaysHere) -> int:
    """The only one that is seen, or the one that is answered."""
    ports = [each.port for each in seen.listening]
    if len(ports) == 1:
        return ports[0]
    if not given.may_ask:
        why = "more than one gateway listens" if ports else "no listening gateway was found"
        choice = "|".join(map(str, ports)) or "4001"
        raise Refused(f"{why}; add --port {choice}")
    choice = f" ({' or '.join(map(str, ports))})" if ports else ""
    return asking.ask(
        f"API port of the gateway{choice}",
        writing.port,
        default="" if ports else "4001",
    )


def _program(given: Given, what: str, told: str | None) -> Program:
    if told is not None:
        return asking.program(told)
    if not given.may_ask:
        return OWN
    return asking.ask(f"{what} to try? {asking.MEANINGS}", asking.program, default="own")
