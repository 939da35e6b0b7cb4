"""What a gateway answered: the handshake and the positions, as frozen facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from golive.client.messages import ApiError
from golive.kit.accounts import is_as_written


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: a stage of the handshake, or a callback of the official client."""

    name: str
    detail: str
    at: datetime
    elapsed_ms: float
    """Milliseconds since the TCP connect was begun."""


BY_HAND_MS = 1000


@dataclass(frozen=True, slots=True)
class Handshake:
    """How far the handshake came. Milliseconds count from the begin of the TCP connect.

    `stopped` is None for a complete one, else the stage at which it ended: refused, closed-at-once,
    no-byte, protocol-error, version-only, no-next-valid-id, no-managed-accounts, client-id-in-use,
    closed-after-start, interrupted. `reason` says it in words. `spoken` is the other protocol that
    the first bytes are of: HTTP, TLS, SSH; "" where they are of none that is known.
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
    talked: bool = False
    """Whether more than the server version came."""
    spoken: str = ""
    stopped: str | None = None
    reason: str = ""

    @property
    def silence_ms(self) -> float:
        """Time from the TCP connect to the version, the gateway's first answer."""
        if self.tcp_ms is None or self.server_version_ms is None:
            return 0.0
        return self.server_version_ms - self.tcp_ms

    @property
    def was_accepted_late(self) -> bool:
        """Whether nearly all of the time went by before the first answer.

        As where a person accepts the gateway's dialog: that takes a second at the least, and then
        all else comes at once.
        """
        whole = self.complete_ms
        return whole is not None and self.silence_ms >= max(BY_HAND_MS, 0.8 * whole)

    @property
    def late_in_words(self) -> str:
        seconds = f"{self.silence_ms / 1000:.1f} s"
        return f"the gateway was silent for {seconds} first: it may have asked a person to accept"

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


Contract = tuple[Any, ...]
"""What identifies an account's contract: its id, or without one all its fields."""


def contract_of(row: Position) -> Contract:
    return (row.account, row.con_id) if row.con_id else row[:-2]


MOST_ROWS = 100_000
"""More rows than any book has. Who sends more is not believed, and no longer listened to."""


@dataclass(frozen=True, slots=True)
class Positions:
    """The rows of an answer, one for each contract of each account.

    Complete once positionEnd was seen, unless the gateway said something `against` it meanwhile:
    what it tells without its link to IBKR may be of yesterday. `contradictions` are pairs of rows
    about one contract that differ. `is_flood`: there were more than MOST_ROWS; a few are kept.
    """

    rows: tuple[Position, ...] = ()
    has_ended: bool = False
    against: ApiError | None = None
    reason: str = ""
    contradictions: tuple[tuple[Position, Position], ...] = ()
    is_flood: bool = False

    @property
    def is_complete(self) -> bool:
        return (
            self.has_ended
            and self.against is None
            and not self.contradictions
            and not self.is_flood
        )

    def open_in(self, account: str) -> tuple[Position, ...]:
        """The account's rows that are not closed. A row without a readable quantity is none."""
        return tuple(row for row in self.rows if row.account == account and row.quantity)

    @property
    def unreadable(self) -> tuple[Position, ...]:
        """Rows whose quantity is no finite number: they are neither open nor closed.

        So are those of which nobody can tell whose they are.
        """
        nobodys = {each for each in {row.account for row in self.rows} if not is_as_written(each)}
        return tuple(row for row in self.rows if row.quantity is None or row.account in nobodys)


MOST_CHANGES = 100
"""So many of them are told."""


@dataclass(frozen=True, slots=True)
class Behind:
    """What came after the end of the positions. None of it is part of that answer.

    `rows` are those that differ from the answer's. `reason` is why nobody can tell that nothing
    more was on its way: no answer, or other accounts. `is_flood`: there was more than is heard.
    """

    rows: tuple[Position, ...] = ()
    against: ApiError | None = None
    reason: str = ""
    has_other_accounts: bool = False
    is_flood: bool = False

    def is_quiet(self, account: str, positions: Positions) -> bool:
        """Whether none of it speaks against the positions of this account."""
        return self.against is None and not self.reason and not self.changes(account, positions)

    def changes(self, account: str, positions: Positions) -> tuple[Position, ...]:
        """The first rows by which the account holds more or less than the answer said."""
        held = {contract_of(row): row.quantity for row in positions.open_in(account)}
        changed = (
            row
            for row in self.rows
            if not is_as_written(row.account)
            or (
                row.account == account
                and (row.quantity is None or row.quantity != held.get(contract_of(row), 0))
            )
        )
        return tuple(islice(changed, MOST_CHANGES))


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
