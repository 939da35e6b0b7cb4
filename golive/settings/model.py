"""secrets.json: one configuration for everything.

`IBKRCredentials` holds the nine keys of the written procedure; `GoLive` is optional, and so is each
of its keys. Other sections belong to other programs and are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

from golive.kit import accounts


def _pattern(text: str) -> str:
    """A regular expression. Raises ValueError."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return text


def _with_a_count(text: str) -> str:
    """Raises ValueError for a pattern that does not tell how many."""
    if "count" not in re.compile(text).groupindex:
        raise ValueError("must have a group (?P<count>...)")
    return text


def _loopback(text: str) -> str:
    """An address that only this machine can reach. Raises ValueError."""
    if text != "localhost" and not ip_address(text).is_loopback:
        raise ValueError("must be a loopback address: what is served there is for this machine")
    return text


_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")
MOST_OF_A_NAME = 253


def _host(text: str) -> str:
    """The name or address of a machine, and no more than that. Raises ValueError."""
    if text != text.strip():
        raise ValueError("begins or ends with a blank; remove it")
    if "://" in text or "/" in text:
        raise ValueError('must be a name or an address alone, "127.0.0.1", without http:// or path')
    if text.startswith("["):
        raise ValueError('must be without brackets, "::1"')
    name, _, port = text.rpartition(":")
    if ":" not in name and port.isdecimal() and name:
        raise ValueError("must be without the port; that belongs into Port")
    if ":" in text or _is_numeric(text):
        return _address(text)
    labels = text.removesuffix(".").split(".")
    if len(text) > MOST_OF_A_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError('is neither the name nor the address of a machine, such as "127.0.0.1"')
    return text


def _is_numeric(text: str) -> bool:
    """Whether its last part is a number, which that of no name is."""
    return text.rpartition(".")[2].isdecimal()


def _address(text: str) -> str:
    try:
        ip_address(text)
    except ValueError:
        raise ValueError('is not the address of a machine, such as "127.0.0.1"') from None
    return text


def _account(text: str) -> str:
    """Raises ValueError."""
    if text != text.strip():
        raise ValueError("begins or ends with a blank; remove it")
    return text


def _path(text: str) -> str:
    """A path, or a word of a command. Raises ValueError where it holds a control character.

    JSON reads `"C:\\tws\\bin"` with single backslashes as a tab and a backspace.
    """
    if any(each in text for each in "\b\t\n\f\r"):
        raise ValueError(
            "has a backslash that JSON reads as a control character; write each backslash twice:"
            " C:\\\\Jts"
        )
    return text


Host = Annotated[str, Field(min_length=1), AfterValidator(_host)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
PositiveSeconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
ClientId = Annotated[int, Field(ge=0, le=2**31 - 1)]
Text = Annotated[str, Field(min_length=1)]
Pattern = Annotated[Text, AfterValidator(_pattern)]
PositionsPattern = Annotated[Pattern, AfterValidator(_with_a_count)]
Loopback = Annotated[Text, AfterValidator(_loopback)]
Account = Annotated[
    Text, AfterValidator(_account), Field(json_schema_extra={"pattern": r"^(?!\s)(?![\s\S]*\s$)"})
]
_NO_CONTROLS: dict[str, Any] = {"pattern": r"^(?![\s\S]*[\x08\t\n\f\r])"}
FilePath = Annotated[str, AfterValidator(_path), Field(json_schema_extra=_NO_CONTROLS)]
Word = Annotated[Text, AfterValidator(_path), Field(json_schema_extra=_NO_CONTROLS)]

EXPECTED = ("ExpectedAccount", "ExpectedPositions")
"""Keys of `GoLive` that have no default: nobody's account is that of another."""
NO_ACCOUNT, NO_COUNT = "", -1
"""What stands for them where nobody needs them. They are equal to nothing that a gateway tells."""

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

    host: Host = Field(description="where the gateway runs")
    port: Port = Field(
        description="the gateway's API port: "
        + ", ".join(f"{n} {what}" for n, what in PORTS.items())
    )
    client_id: ClientId = Field(description="the client id to connect with; it never changes")
    gateway_path: FilePath = Field(
        default="", repr=False, description="the gateway's program; empty: not known"
    )
    username: str = Field(
        default="", repr=False, description="the gateway's login; it is shown nowhere"
    )
    is_paper_trading: bool = Field(description="whether the port is that of a paper account")
    auto_launch: bool = Field(
        default=False,
        description="whether the Monitor starts GatewayPath where nothing listens",
    )
    auto_reconnect: bool = Field(
        default=False,
        description="whether the Monitor connects again, by the rules, when it lost the gateway",
    )
    reconnect_delay_seconds: Seconds = Field(
        default=5,
        description="least time before it does; after a failure RetryCooldownSeconds holds as well",
    )

    @property
    def kind(self) -> str:
        """What listens there: one of the four of the port reference, or a custom port."""
        custom = f"custom port ({'paper' if self.is_paper_trading else 'live'})"
        return PORTS.get(self.port, custom)


class Fallback(Section):
    """The endpoint to fall back to: TWS paper. What is null is taken from the live one."""

    port: Port = Field(default=7497, description="the API port of TWS paper")
    is_paper_trading: Literal[True] = Field(
        default=True, description="the fallback is a paper account, always"
    )
    expected_account: Account | None = Field(
        default=None,
        repr=False,
        description="the account whose positions must arrive there; null: the same",
    )
    expected_positions: Count | None = Field(
        default=None, description="how many of them are open there; null: as many"
    )


class Monitor(Section):
    """The production Monitor to try; a null command stands for this project's own."""

    command: list[Word] | None = Field(
        default=None,
        min_length=1,
        repr=False,
        description="the Monitor's program and its words; null: this project's own; {secrets},"
        " {host}, {port} and {client_id} are filled in",
    )
    connected_pattern: Pattern = Field(
        default="Connected successfully",
        description="what its output says once it is connected, as a regular expression",
    )
    positions_pattern: PositionsPattern = Field(
        default=r"Retrieved (?P<count>\d+) positions for account (?P<account>\S+)",
        description="what it says of the positions; the group count is how many, account whose",
    )
    ready_timeout_seconds: PositiveSeconds = Field(
        default=30, description="how long it may take until it has said both"
    )
    keep_running: bool = Field(
        default=False, description="whether the run leaves it running where all has passed"
    )
    health_address: Loopback = Field(
        default="127.0.0.1",
        description="loopback address at which this project's own answers over HTTP",
    )
    health_port: Annotated[int, Field(ge=0, le=65535)] | None = Field(
        default=None, description="on which port, 0: any free one; null: nowhere"
    )


class Mcp(Section):
    """The MCP server to try; a null command stands for this project's own."""

    command: list[Word] | None = Field(
        default=None,
        min_length=1,
        repr=False,
        description="the server's program and its words; null: this project's own; filled in as"
        " the Monitor's",
    )
    tool: Text = Field(
        default="get-positions", description="the tool that must answer with the positions"
    )
    ready_timeout_seconds: PositiveSeconds = Field(
        default=30, description="how long each of its answers may take"
    )


class GoLive(Section):
    """`GoLive`: what this suite expects. Times are in seconds unless their name says otherwise."""

    expected_account: Account = Field(
        default=NO_ACCOUNT, description="the account whose positions must arrive"
    )
    expected_positions: Count = Field(default=NO_COUNT, description="how many of them are open")
    pinned_client_id: ClientId = Field(default=10, description="the client id that never changes")
    api_version: Text = Field(default="10.37.02", description="the one ibapi")
    handshake_budget_seconds: PositiveSeconds = Field(
        default=1.0, description="a slower handshake is NO-GO"
    )
    handshake_timeout_seconds: PositiveSeconds = Field(
        default=10, description="then nothing more is waited for"
    )
    initialization_seconds: Seconds = Field(
        default=90, description="least time between the gateway's start or login and the attempt"
    )
    retry_cooldown_seconds: Seconds = Field(
        default=90, description="least time between a failed attempt and the next"
    )
    soak_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        default=60, description="how long the soak holds the connection"
    )
    heartbeat_seconds: Annotated[float, Field(ge=1.1, le=3600, allow_inf_nan=False)] = Field(
        default=5,
        description="how often Monitor and soak ask for the time; more often than every 1.1 s a"
        " gateway does not answer",
    )
    stale_processes: list[Text] = Field(
        default=["dotnet"], description="client programs that must not be running"
    )
    allow_unobserved_sockets: bool = Field(
        default=False, description="may be GO where the gateway's sockets are out of sight"
    )
    auto_fallback: bool = Field(
        default=False, description="after the gateway's failure, goes on once on the fallback"
    )
    fallback: Fallback = Field(
        default=Fallback(), description="Port, ExpectedAccount, ExpectedPositions of TWS paper"
    )
    monitor: Monitor | None = Field(default=Monitor(), description="the Monitor to try; null: none")
    mcp: Mcp | None = Field(default=Mcp(), description="the MCP server to try; null: none")
    keep_runs: Annotated[int, Field(ge=1)] = Field(
        default=90,
        description="how many rehearsals are kept in reports/runs; other runs are never deleted",
    )
    gateway_folder: Word | None = Field(
        default=None,
        repr=False,
        description="where the gateway keeps its settings and logs; null: where it usually does",
    )

    @property
    def expects_account(self) -> bool:
        """Whether the settings say whose positions must arrive, as all but a few commands need."""
        return self.expected_account != NO_ACCOUNT


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

    def of_another_kind(self, told: Iterable[str]) -> list[str]:
        """Which of these accounts are paper where live is configured, or live where paper is."""
        paper = self.credentials.is_paper_trading
        return [account for account in told if accounts.is_paper(account) is not paper]

    @property
    def shown(self) -> dict[str, Any]:
        """Every key that may be shown, by its full name; what may not is marked `repr=False`."""
        return dict(_shown(self, ""))

    @property
    def secret_words(self) -> tuple[str, ...]:
        """What a command line or a log line that is shown must not show."""
        expected = (self.golive.expected_account, self.golive.fallback.expected_account or "")
        return (self.credentials.username, *expected)

    @property
    def disagreements(self) -> list[str]:
        """Where port, IsPaperTrading and the expected account contradict each other.

        Which accounts are paper: `kit.accounts`. A port outside the port reference is told from the
        flag alone.
        """
        port, paper = self.credentials.port, self.credentials.is_paper_trading
        found = []
        if port in PORTS and ("paper" in PORTS[port]) is not paper:
            found.append(f"port {port} is {PORTS[port]}, but IsPaperTrading is {_json(paper)}")
        expected = [self.golive.expected_account] if self.golive.expects_account else []
        if self.of_another_kind(expected):
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
