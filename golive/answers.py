"""What a gateway answered: the handshake and the positions, as frozen facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from golive.text import shortened


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: a stage of the handshake, or a callback of the official client."""

    name: str
    detail: str
    at: datetime
    elapsed_ms: float
    """Milliseconds since the TCP connect was begun."""


@dataclass(frozen=True, slots=True)
class ApiError:
    """A message of type error, which may be a mere notice. `request_id` is -1 where it has none."""

    request_id: int
    code: int
    text: str


CONNECTIVITY_LOST = frozenset({1100, 2110})
DATA_LOST, DATA_MAINTAINED = 1101, 1102
"""The link is there again: what was subscribed to is lost, or was kept."""

LINK = CONNECTIVITY_LOST | {DATA_LOST, DATA_MAINTAINED}
"""All that is said of a gateway's link to IBKR."""

CLIENT_ID_IN_USE, PORT_CHANGED = 326, 1300
NOT_VALID = 321
"""What is asked for is refused: in Read-Only mode, whatever belongs to orders."""
UNSETTLING = CONNECTIVITY_LOST | {DATA_LOST, CLIENT_ID_IN_USE, PORT_CHANGED, NOT_VALID}
"""After any of these, what is being answered may be of yesterday, or the end of it."""

_FARMS = {
    2103: False, 2105: False, 2157: False, 2119: False,
    2104: True, 2106: True, 2158: True, 2107: True, 2108: True,
}  # fmt: skip
LONGEST_FARM = 50


def farm(notice: ApiError) -> tuple[str, bool] | None:
    """The data farm that a notice is about, and whether it is connected; an idle one will be."""
    is_connected = _FARMS.get(notice.code)
    if is_connected is None:
        return None
    return shortened(notice.text.rpartition(":")[2], LONGEST_FARM), is_connected


def connectivity_lost(errors: Sequence[ApiError]) -> ApiError | None:
    """The notice that the gateway has lost its link to IBKR, unless it was restored since.

    Read from the end: a link may come and go without end, and each time it is asked for anew.
    """
    last = next((error for error in reversed(errors) if error.code in LINK), None)
    return last if last and last.code in CONNECTIVITY_LOST else None


@dataclass(frozen=True, slots=True)
class Handshake:
    """How far the handshake came. Milliseconds count from the begin of the TCP connect.

    `stopped` is None for a complete one, else the stage at which it ended: refused, closed-at-once,
    no-byte, protocol-error, version-only, no-next-valid-id, no-managed-accounts, client-id-in-use,
    closed-after-start, interrupted. `reason` says it in words.
    """

    tcp_ms: float | None = None
    server_version_ms: float | None = None
    start_api_ms: float | None = None
    managed_accounts_ms: float | None = None
    next_valid_id_ms: float | None = None
    server_version: int | None = None
    connect_ack: bool = False
    next_valid_id: int | None = None
    accounts: tuple[str, ...] = ()
    errors: tuple[ApiError, ...] = ()
    bytes_received: int = 0
    stopped: str | None = None
    reason: str = ""

    @property
    def complete_ms(self) -> float | None:
        """When nextValidId and managedAccounts had both arrived."""
        if self.next_valid_id_ms is None or self.managed_accounts_ms is None:
            return None
        return max(self.next_valid_id_ms, self.managed_accounts_ms)


@dataclass(frozen=True, slots=True)
class Access:
    """What came when the gateway was asked for ids, as whoever means to trade must.

    A gateway in Read-Only mode refuses (error 321); one that has gone mute does not answer.
    """

    is_granted: bool = False
    refusal: ApiError | None = None
    reason: str = ""


class Position(NamedTuple):
    """A position as the gateway reports it. `quantity` is None where no number could be read.

    A tuple, for there may be tens of thousands.
    """

    account: str
    con_id: int
    symbol: str
    sec_type: str
    expiry: str
    strike: float
    right: str
    multiplier: str
    exchange: str
    currency: str
    local_symbol: str
    trading_class: str
    quantity: Decimal | None
    average_cost: float


@dataclass(frozen=True, slots=True)
class Positions:
    """The last row of each contract of each account.

    Complete once positionEnd was seen, unless the gateway was in `trouble` meanwhile: what it tells
    without its link to IBKR may be of yesterday.
    """

    rows: tuple[Position, ...] = ()
    has_ended: bool = False
    trouble: ApiError | None = None
    reason: str = ""

    @property
    def is_complete(self) -> bool:
        return self.has_ended and self.trouble is None

    def open_in(self, account: str) -> tuple[Position, ...]:
        """The account's rows that are not closed. A row without a readable quantity is none."""
        return tuple(row for row in self.rows if row.account == account and row.quantity)

    @property
    def unreadable(self) -> tuple[Position, ...]:
        """Rows whose quantity is no finite number: they are neither open nor closed."""
        return tuple(row for row in self.rows if row.quantity is None)


class AccountValue(NamedTuple):
    """A line of the account summary, as text as the gateway tells it: `NetLiquidation`, USD."""

    account: str
    tag: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """The account summary of all accounts, once accountSummaryEnd was seen."""

    rows: tuple[AccountValue, ...] = ()
    has_ended: bool = False
    reason: str = ""

    def of(self, account: str) -> tuple[AccountValue, ...]:
        return tuple(row for row in self.rows if row.account == account)
