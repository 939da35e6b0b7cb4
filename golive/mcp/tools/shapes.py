"""The shapes of the tools' answers, from which their output schemas are made.

A gateway's texts are as it sent them. Times are UTC, ages are in seconds.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Endpoint(Part):
    """The gateway that is held, and by which client id."""

    host: str
    port: int
    kind: str = Field(description="IB Gateway or TWS, live or paper, known from the port")
    client_id: int


class Problem(Part):
    """Why there is no answer, and what to do about it."""

    code: str = Field(description="code of the diagnosis, such as half-open or gateway-not-running")
    cause: str
    next_steps: list[str]
    not_before: datetime | None = Field(
        default=None, description="no further attempt may be made before this time"
    )
    endpoint: Endpoint | None = None


class Told(Part):
    """What every answer says about itself."""

    endpoint: Endpoint
    as_of: datetime = Field(description="when the gateway's answer was complete")
    age_seconds: float = Field(description="age of the answer when this was sent")
    complete: bool = Field(
        description="whether all of it arrived, is readable, and no message makes it unreliable"
    )


class PositionRow(Part):
    """An open position."""

    account: str
    con_id: int
    symbol: str = Field(description="of an option, that of its underlying")
    sec_type: str = Field(description="STK, OPT, FUT, FOP, CASH, BOND, ...")
    expiry: str = Field(description='YYYYMMDD; "" where it has none')
    strike: float | None
    right: str = Field(description="C or P of an option")
    multiplier: str
    exchange: str
    currency: str
    local_symbol: str
    quantity: str | None = Field(
        description="a decimal number, negative when short; null where it is not readable"
    )
    average_cost: float | None


class PositionRows(Told):
    """Positions that are open, of every account of the login."""

    count: int
    rows: list[PositionRow]


class SummaryRow(Part):
    """A value of an account, as text as the gateway tells it."""

    account: str
    tag: str = Field(description="NetLiquidation, BuyingPower, ...")
    value: str
    currency: str


class SummaryRows(Told):
    """The account summary, of every account of the login."""

    count: int
    rows: list[SummaryRow]


class Status(Part):
    """What the holder of the connection knows; the gateway is not asked."""

    endpoint: Endpoint
    condition: str = Field(
        description="starting, connected, half-open, connectivity-lost, disconnected, stopped"
    )
    ready: bool = Field(description="connected, fresh, positions complete, no zombies")
    problem: Problem | None = Field(description="why it is not ready; null if it is")
    since: datetime | None = Field(description="since when it is in this condition")
    as_of: datetime = Field(description="when this was known")
    age_seconds: float = Field(description="age of this state when it was sent")
    answer_age_seconds: float | None = Field(description="since the gateway's last answer")
    answer_ms: float | None = Field(description="how long the last heartbeat's answer took")
    heartbeat_seconds: float
    handshake_ms: float | None
    server_version: int | None
    smoke: str | None = Field(description="GO or NO-GO, the verdict of the last smoke test")
    positions: int | None = Field(description="open positions of the expected account")
    expected_positions: int
    positions_age_seconds: float | None
    zombies: int | None = Field(description="CLOSE_WAIT on the port; null: not observed")
    reconnects: int
    farms: dict[str, bool] = Field(description="IBKR's data farms: whether they are connected")
    notices: list[str] = Field(
        description="unusual messages of the gateway: the first and the last ones"
    )
    notices_left_out: int = Field(description="how many more there were")


class LastAttempt(Part):
    """The last connection that was begun at this endpoint, by any command of this project."""

    begun: datetime
    ended: datetime | None
    outcome: str
    client_id: int


class GatewayLook(Part):
    """What is seen of the gateway from outside; nothing was connected for it.

    Null stands for what this machine does not show.
    """

    endpoint: Endpoint
    as_of: datetime
    listening: bool | None
    process: str | None = Field(description="the name of the program that listens")
    pid: int | None
    up_seconds: float | None = Field(description="since that program was started")
    zombies: int | None = Field(description="CLOSE_WAIT on the port")
    accept_queue: int | None = Field(description="connections that wait to be accepted")
    other_clients: int | None = Field(description="connections that are not this server's")
    not_observable: list[str] = Field(description="what is not observed, and why")
    last_attempt: LastAttempt | None
    attempt_not_before: datetime | None = Field(
        description="the rules allow no attempt before this time; null: allowed now"
    )
    problem: Problem | None = Field(description="what prevents a connection, if anything")
