"""The least that positions take: no more than any gateway sends for them, more than a handshake."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal

import pytest

from fake_ib_gateway import FakeGateway
from fake_ib_gateway.protocol.errors import Error
from fake_ib_gateway.protocol.messages import Speech
from fake_ib_gateway.world.book import Contract, options_book
from fake_ib_gateway.world.book import Position as Held
from golive.client.answers import Position
from golive.machine.gateway import Gateway
from golive.machine.sockets import SocketTable
from golive.settings.model import Monitor
from golive.trials.least_bytes import SESSION, Received, least_bytes
from golive.trials.monitor import MonitorProgram, Wanted
from tests.support.left_running import nothing_left

VERSIONS = (100, 157, 178, 200, 203, 207, 213, 226)
"""About which a message changes its form."""
BOOK = options_book()
STRANGE = Held(Contract(1, "ÅBC", "STK", currency="", local_symbol="漢字"), "1")
BARE = Held(Contract(0, "", ""), "1")
LENGTH = 4
"""Before each message, which the oldest clients do not get."""


def told(*held: Held, account: str = BOOK.account) -> list[Position]:
    """As a client tells them."""
    return [
        Position(
            account, it.con_id, it.symbol, it.sec_type, it.expiry, it.strike, it.right,
            it.multiplier, it.exchange, it.currency, it.local_symbol, it.trading_class,
            Decimal(each.quantity), each.average_cost,
        )
        for each in held
        for it in (each.contract,)
    ]  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("account", [BOOK.account, ""])
def test_whatever_is_asked_for_positions_is_answered_with_more(version: int, account: str) -> None:
    speech = Speech(version)
    for held in (*BOOK.positions, STRANGE, BARE):
        least = least_bytes(told(held, account=account)) - SESSION
        answers = (
            speech.position(account, held),
            speech.position_multi(1, account, held, ""),
            speech.portfolio_value(account, held),
        )
        for each in answers:
            unframed = len(each.frame) - (0 if version >= 201 else LENGTH)
            assert least <= unframed, (each.name, each.fields)


@pytest.mark.parametrize("version", VERSIONS)
def test_handshake_takes_more_than_a_session_is_counted_for(version: int) -> None:
    speech = Speech(version)
    said = (
        speech.server_version(""), speech.managed_accounts(""), speech.next_valid_id(1),
        speech.position_end(),
    )  # fmt: skip
    assert sum(len(each.frame) - LENGTH for each in said) >= SESSION


def test_handshake_with_the_notices_of_nine_farms_is_less_than_24_positions_take() -> None:
    speech = Speech(226)
    said = [
        speech.server_version("20261122 08:35:41 Eastern Standard Time"),
        speech.managed_accounts(BOOK.account),
        speech.next_valid_id(1),
        *[speech.error(Error(2104, "Market data farm connection is OK:usfarm.nj"), 10**12)] * 9,
    ]
    assert sum(len(each.frame) for each in said) < least_bytes(told(*BOOK.positions))


def test_nobody_is_blamed_for_what_is_not_counted() -> None:
    assert Received(None, 1326, "darwin does not tell").is_enough
    assert Received(1326, 1326).is_enough
    assert not Received(1325, 1326).is_enough


# real programs, in a process of their own


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with nothing_left(), FakeGateway(process=True) as running:
        yield running


def received(gateway: FakeGateway, oddity: str) -> Received:
    """What a foreign Monitor has been sent once it has said that it retrieved them all."""
    words = [sys.executable, "-m", "tests.support.foreign.monitor", str(gateway.port), oddity]
    wanted = Wanted(Monitor(), BOOK.account, len(BOOK.positions))
    seen = Gateway(gateway.port, SocketTable())
    program = MonitorProgram(wanted, words, gateway=seen)
    try:
        program.wait()
        assert (program.reason, program.positions) == ("", 24)
        program.connections()
        return program.received(told(*BOOK.positions))
    finally:
        program.end()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone counts the bytes")
def test_monitor_that_only_shook_hands_was_not_told_its_positions(gateway: FakeGateway) -> None:
    assert received(gateway, "").is_enough
    found = received(gateway, "handshake-only")
    assert 0 < (found.received_bytes or 0) < found.least_bytes
    assert not found.is_enough


def test_what_a_monitor_without_a_connection_was_sent_is_not_known(gateway: FakeGateway) -> None:
    found = received(gateway, "only-says")
    assert (found.received_bytes, found.is_enough) == (None, True)
