"""Accounts, what they hold and what they are worth, as a gateway would report them.

Nothing here knows the wire format.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

ACCOUNT = "U21146542"
OPEN_POSITIONS = 24


@dataclass(frozen=True, slots=True)
class Contract:
    """What can be held; absent parts are empty, an absent strike is 0."""

    con_id: int
    symbol: str
    sec_type: str
    expiry: str = ""
    strike: float = 0.0
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    currency: str = "USD"
    local_symbol: str = ""
    trading_class: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """One row: a contract, how many of it (decimal text, no `.0`), and the average cost.

    The average cost of an option includes its multiplier, and is not rounded. The price is that
    of one share or one option's underlying unit; without one, it is as on the day it was bought.
    """

    contract: Contract
    quantity: str = "0"
    average_cost: float = 0.0
    price: float | None = None

    @property
    def is_open(self) -> bool:
        return self.quantity != "0"

    @property
    def market_price(self) -> float:
        return self.average_cost / self._units if self.price is None else self.price

    @property
    def market_value(self) -> float:
        return float(self.quantity) * self._units * self.market_price

    @property
    def unrealized(self) -> float:
        """Profit or loss so far."""
        return self.market_value - float(self.quantity) * self.average_cost

    def closed(self) -> Position:
        """The row that a gateway keeps sending for a position closed today."""
        return replace(self, quantity="0", average_cost=0.0)

    @property
    def _units(self) -> float:
        return float(self.contract.multiplier or 1)


@dataclass(frozen=True, slots=True)
class Value:
    """One line of the account window: `NetLiquidation`, `203411.27`, `USD`."""

    key: str
    value: str
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """One account: its positions, and its cash in USD."""

    account: str
    positions: tuple[Position, ...]
    cash: float = 50_000.0

    @property
    def values(self) -> tuple[Value, ...]:
        """The account window, line by line."""
        gross = sum(abs(row.market_value) for row in self.positions)
        unrealized = sum(row.unrealized for row in self.positions)
        net = self.cash + sum(row.market_value for row in self.positions)
        dollars = {
            "NetLiquidation": net,
            "TotalCashValue": self.cash,
            "CashBalance": self.cash,
            "SettledCash": self.cash,
            "GrossPositionValue": gross,
            "UnrealizedPnL": unrealized,
            "RealizedPnL": 0.0,
            "InitMarginReq": gross / 2,
            "MaintMarginReq": gross / 4,
            "AvailableFunds": net - gross / 2,
            "ExcessLiquidity": net - gross / 4,
            "EquityWithLoanValue": net,
            "BuyingPower": max(0.0, net - gross / 2) * 2,
        }
        return (
            Value("AccountCode", self.account),
            Value("AccountReady", "true"),
            Value("AccountType", "INDIVIDUAL"),
            Value("Currency", "USD", "USD"),
            *(Value(key, f"{Decimal(value):.2f}", "USD") for key, value in dollars.items()),
        )

    def holding(self, symbol: str, quantity: str) -> Book:
        """With this quantity in the first row of this symbol, or as a new stock."""
        rows = list(self.positions)
        for number, row in enumerate(rows):
            if row.contract.symbol == symbol:
                rows[number] = replace(row, quantity=quantity) if quantity != "0" else row.closed()
                break
        else:
            con_id = 1 + max((row.contract.con_id for row in rows), default=0)
            rows.append(stock(con_id, symbol, "NYSE", quantity, 100.0))
        return replace(self, positions=tuple(rows))


def stock(con_id: int, symbol: str, exchange: str, quantity: str, cost: float) -> Position:
    """Shares, at their listing exchange."""
    trading_class = "NMS" if exchange == "NASDAQ" else symbol
    contract = Contract(
        con_id, symbol, "STK",
        exchange=exchange, local_symbol=symbol, trading_class=trading_class,
    )  # fmt: skip
    return Position(contract, quantity, cost)


def option(
    con_id: int, symbol: str, expiry: str, right: str, strike: float, quantity: str, premium: float
) -> Position:
    """An equity option; its local symbol is the 21-character OSI one, its exchange is empty."""
    osi = f"{symbol:<6}{expiry[2:]}{right}{round(strike * 1000):08d}"
    contract = Contract(
        con_id, symbol, "OPT", expiry, strike, right, "100",
        local_symbol=osi, trading_class=symbol,
    )  # fmt: skip
    return Position(contract, quantity, premium * 100)


def _third_friday(year: int, month: int) -> str:
    first = datetime.date(year, month, 1)
    return f"{first + datetime.timedelta(days=(4 - first.weekday()) % 7 + 14):%Y%m%d}"


def _spreads() -> Iterator[Position]:
    """Short put verticals and covered calls, month after month, endless; always the same."""
    names = (("SPY", 670.0), ("QQQ", 600.0), ("IWM", 245.0), ("AAPL", 255.0), ("NVDA", 185.0))
    con_ids = itertools.count(715_000_101, 37)
    for month in itertools.count(0):
        expiry = _third_friday(2027 + month // 12, 1 + month % 12)
        for number, (symbol, price) in enumerate(names):
            low, step = price - 25 - 5 * (month % 4), 5.0 + 2.5 * (number % 2)
            premium = 1.0375 + 0.2131 * number + 0.0977 * (month % 7)
            yield option(next(con_ids), symbol, expiry, "P", low, "-3", premium + 0.6412)
            yield option(next(con_ids), symbol, expiry, "P", low - step, "3", premium)
            yield option(next(con_ids), symbol, expiry, "C", price + 20, "-1", premium + 0.2509)


def options_book(account: str = ACCOUNT, count: int = OPEN_POSITIONS) -> Book:
    """A plausible options account with this many open positions; the same ones every time."""
    stocks = (
        stock(265598, "AAPL", "NASDAQ", "100", 187.4437012),
        stock(4815747, "NVDA", "NASDAQ", "100", 121.0950833),
        stock(756733, "SPY", "ARCA", "200", 566.1204476),
    )
    rows = itertools.chain(stocks, _spreads())
    return Book(account, tuple(itertools.islice(rows, count)))
