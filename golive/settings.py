"""secrets.json: one configuration for everything.

`IBKRCredentials` holds the nine keys of the written procedure; `GoLive` is optional, and so is each
of its keys. Other sections belong to other programs and are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
PositiveSeconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
ClientId = Annotated[int, Field(ge=0, le=2**31 - 1)]
Text = Annotated[str, Field(min_length=1)]

PORTS = {
    4001: "IB Gateway (live)",
    4002: "IB Gateway (paper)",
    7496: "TWS (live)",
    7497: "TWS (paper)",
}
"""The written procedure's port reference."""


class Section(BaseModel):
    """A section of the file: PascalCase keys, no unknown ones, nothing converted in silence."""

    model_config = ConfigDict(
        alias_generator=to_pascal,
        extra="forbid",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
    )


class Credentials(Section):
    """`IBKRCredentials`, exactly as in the written procedure."""

    host: Text
    port: Port
    client_id: ClientId
    gateway_path: str = Field(repr=False)
    username: str = Field(repr=False)
    is_paper_trading: bool
    auto_launch: bool
    auto_reconnect: bool
    reconnect_delay_seconds: Seconds

    @property
    def kind(self) -> str:
        """What listens there: one of the four of the port reference, or a custom port."""
        custom = f"custom port ({'paper' if self.is_paper_trading else 'live'})"
        return PORTS.get(self.port, custom)


class Fallback(Section):
    """The endpoint to fall back to: TWS paper. What is null is taken from the live one."""

    port: Port = 7497
    is_paper_trading: Literal[True] = True
    expected_account: Text | None = Field(default=None, repr=False)
    expected_positions: Count | None = None


class Monitor(Section):
    """The production Monitor to try; a null command stands for this project's own."""

    command: list[str] | None = Field(default=None, repr=False)
    ready_timeout_seconds: PositiveSeconds = 30


class Mcp(Section):
    """The MCP server to try; a null command stands for this project's own."""

    command: list[str] | None = Field(default=None, repr=False)
    tool: Text = "get-positions"


class GoLive(Section):
    """`GoLive`: what this suite expects. Times are in seconds unless their name says otherwise."""

    expected_account: Text = "U21146542"
    expected_positions: Count = 24
    pinned_client_id: ClientId = 10
    api_version: Text = "10.37.02"
    handshake_budget_seconds: PositiveSeconds = 1.0
    handshake_timeout_seconds: PositiveSeconds = 10
    initialization_seconds: Seconds = 90
    retry_cooldown_seconds: Seconds = 90
    soak_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 60
    stale_processes: list[Text] = ["dotnet"]
    allow_unobserved_sockets: bool = False
    auto_fallback: bool = False
    fallback: Fallback = Fallback()
    monitor: Monitor | None = Monitor()
    mcp: Mcp | None = Mcp()
    keep_runs: Annotated[int, Field(ge=1)] = 90
    gateway_folder: Text | None = Field(default=None, repr=False)
    """Where the gateway keeps its settings and logs; null: where it usually does."""


class Settings(BaseModel):
    """The whole file, as far as it concerns us."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, strict=True)

    credentials: Credentials = Field(alias="IBKRCredentials")
    golive: GoLive = Field(alias="GoLive", default_factory=GoLive)

    def on_fallback(self) -> Settings:
        """The same aimed at the fallback, with what is expected there."""
        golive, other = self.golive, self.golive.fallback
        credentials = {
            "port": other.port,
            "is_paper_trading": other.is_paper_trading,
            "gateway_path": "",
        }
        expected = {
            "expected_account": other.expected_account or golive.expected_account,
            "expected_positions": golive.expected_positions
            if other.expected_positions is None
            else other.expected_positions,
        }
        return Settings.model_construct(
            credentials=self.credentials.model_copy(update=credentials),
            golive=golive.model_copy(update=expected),
        )

    def of_another_kind(self, accounts: Iterable[str]) -> list[str]:
        """The accounts that are paper where live is configured, or live where paper is."""
        paper = self.credentials.is_paper_trading
        return [account for account in accounts if account.upper().startswith("D") is not paper]

    @property
    def shown(self) -> dict[str, Any]:
        """Every key that may be shown, by its full name; what may not is marked `repr=False`."""
        return dict(_shown(self, ""))

    @property
    def secret_words(self) -> tuple[str, ...]:
        """What a command line or a log line that is shown must not show."""
        accounts = (self.golive.expected_account, self.golive.fallback.expected_account or "")
        return (self.credentials.username, *accounts)

    @property
    def disagreements(self) -> list[str]:
        """Where port, IsPaperTrading and the expected account contradict each other.

        Paper accounts begin with D (DU, DF), live ones do not. A port outside the port reference
        is told from the flag alone.
        """
        port, paper = self.credentials.port, self.credentials.is_paper_trading
        found = []
        if port in PORTS and ("paper" in PORTS[port]) is not paper:
            found.append(f"port {port} is {PORTS[port]}, but IsPaperTrading is {_json(paper)}")
        if self.of_another_kind([self.golive.expected_account]):
            kind = "live" if paper else "paper"
            found.append(
                f"IsPaperTrading is {_json(paper)}, but ExpectedAccount is a {kind} account"
            )
        return found


def _shown(section: BaseModel, before: str) -> Iterator[tuple[str, Any]]:
    for name, field in type(section).model_fields.items():
        value, key = getattr(section, name), f"{before}{field.alias}"
        if field.repr and isinstance(value, BaseModel):
            yield from _shown(value, f"{key}.")
        elif field.repr:
            yield key, value


def _json(value: bool) -> str:
    return "true" if value else "false"
