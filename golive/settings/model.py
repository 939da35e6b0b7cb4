"""secrets.json: one configuration for everything.

`IBKRCredentials` holds the nine keys of the written procedure; `GoLive` is optional, and so is each
of its keys. Other sections belong to other programs and are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr
from pydantic.alias_generators import to_pascal

from golive.kit import accounts


def _pattern(text: str) -> str:
    """A regular expression. Raises ValueError."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return text


def _with_a_count(text: str) -> str:
    """Raises ValueError for a pattern that does not tell how many."""
    if "count" not in re.compile(text).groupindex:
        raise ValueError("must have a group (?P<count>...)")
    return text


def _loopback(text: str) -> str:
    """An address that only this machine can reach. Raises ValueError."""
    if text != "localhost" and not ip_address(text).is_loopback:
        raise ValueError("must be a loopback address, such as 127.0.0.1: only this machine may ask")
    return text


_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")
MOST_OF_A_NAME = 253


def _host(text: str) -> str:
    """The name or address of a machine, and no more than that. Raises ValueError."""
    if text != text.strip():
        raise ValueError("starts or ends with a space; remove it")
    if "://" in text or "/" in text:
        raise ValueError(
            'must be only a name or an address, such as "127.0.0.1", without http:// or a path'
        )
    if text.startswith("["):
        raise ValueError('must not have brackets: write "::1"')
    name, _, port = text.rpartition(":")
    if ":" not in name and port.isdecimal() and name:
        raise ValueError("must not include the port; put that into Port")
    if ":" in text or _is_numeric(text):
        return _address(text)
    labels = text.removesuffix(".").split(".")
    if len(text) > MOST_OF_A_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError('is not the name or the address of a machine, such as "127.0.0.1"')
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
        raise ValueError("starts or ends with a space; remove it")
    return text


_OF_A_DRIVE = r"(?:[A-Za-z_-]+=)?[A-Za-z]:[\\/\x08\t\n\f\r]"
"""How a Windows path begins, alone or behind an option; a script in a command may hold a tab."""


def _word(text: str) -> str:
    """A word of a command. Raises ValueError for a Windows path with single backslashes."""
    return _path(text) if re.match(_OF_A_DRIVE, text) else text


def _path(text: str) -> str:
    """A path. Raises ValueError where it holds a control character.

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
Folder = Annotated[Text, AfterValidator(_path), Field(json_schema_extra=_NO_CONTROLS)]
Word = Annotated[
    Text,
    AfterValidator(_word),
    Field(json_schema_extra={"pattern": rf"^(?!(?={_OF_A_DRIVE})[\s\S]*[\x08\t\n\f\r])"}),
]

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

    host: Host = Field(description="The machine on which the gateway runs: a name or an address.")
    port: Port = Field(
        description="The gateway's API port: "
        + ", ".join(f"{n} {what}" for n, what in PORTS.items())
        + "."
    )
    client_id: ClientId = Field(description="The client id to connect with. It never changes.")
    gateway_path: FilePath = Field(
        default="", repr=False, description="The gateway's program. Empty: not known."
    )
    username: str = Field(
        default="", repr=False, description="The gateway's login name. It is never shown."
    )
    is_paper_trading: bool = Field(
        description="Whether the gateway is logged in to a paper account."
    )
    auto_launch: bool = Field(
        default=False,
        description="Whether the Monitor starts GatewayPath if nothing listens on the port.",
    )
    auto_reconnect: bool = Field(
        default=False,
        description="Whether the Monitor reconnects, within the rules, after losing the gateway.",
    )
    reconnect_delay_seconds: Seconds = Field(
        default=5,
        description="Shortest wait before the Monitor reconnects. After a failed attempt"
        " RetryCooldownSeconds applies too.",
    )

    @property
    def kind(self) -> str:
        """What listens there: one of the four of the port reference, or a custom port."""
        custom = f"custom port ({'paper' if self.is_paper_trading else 'live'})"
        return PORTS.get(self.port, custom)


class Fallback(Section):
    """TWS paper, the endpoint to fall back to."""

    port: Port = Field(default=7497, description="The API port of TWS paper.")
    is_paper_trading: Literal[True] = Field(
        default=True, description="Always true: the fallback is a paper account."
    )
    expected_account: Account | None = Field(
        default=None,
        repr=False,
        description="The account whose positions must arrive there. Null: GoLive.ExpectedAccount.",
    )
    expected_positions: Count | None = Field(
        default=None,
        description="How many positions are open in it. Null: GoLive.ExpectedPositions.",
    )


class Monitor(Section):
    """The production Monitor to try."""

    command: list[Word] | None = Field(
        default=None,
        min_length=1,
        repr=False,
        description="The command that starts your Monitor, as a list. golive replaces {secrets},"
        " {host}, {port} and {client_id} in it. Null: golive's own Monitor.",
    )
    connected_pattern: Pattern = Field(
        default="Connected successfully",
        description="Regular expression for the line that it prints once it is connected.",
    )
    positions_pattern: PositionsPattern = Field(
        default=r"Retrieved (?P<count>\d+) positions for account (?P<account>\S+)",
        description="Regular expression for the line with its positions. The group count is"
        " their number; the group account, which is optional, is the account.",
    )
    ready_timeout_seconds: PositiveSeconds = Field(
        default=30, description="How long it may take to print both lines."
    )
    keep_running: bool = Field(
        default=False,
        description="Whether it keeps running after a run in which everything passed.",
    )
    health_address: Loopback = Field(
        default="127.0.0.1",
        description="Loopback address on which golive's own Monitor answers over HTTP.",
    )
    health_port: Annotated[int, Field(ge=0, le=65535)] | None = Field(
        default=None, description="The port for that. 0: any free port. Null: no HTTP."
    )


class Mcp(Section):
    """The MCP server to try."""

    command: list[Word] | None = Field(
        default=None,
        min_length=1,
        repr=False,
        description="The command that starts your MCP server, as a list. golive replaces the same"
        " words as in the Monitor's. Null: golive's own server.",
    )
    tool: Text = Field(
        default="get-positions", description="The tool that must return the positions."
    )
    ready_timeout_seconds: PositiveSeconds = Field(
        default=30, description="How long each of its answers may take."
    )


class GoLive(Section):
    """What golive expects. Times are in seconds unless their name says otherwise."""

    expected_account: Account = Field(
        default=NO_ACCOUNT, description="The account whose positions must arrive."
    )
    expected_positions: Count = Field(
        default=NO_COUNT, description="How many positions are open in it."
    )
    pinned_client_id: ClientId = Field(default=10, description="The value that ClientId must have.")
    api_version: Text = Field(
        default="10.37.02", description="The version of ibapi that must be installed."
    )
    handshake_budget_seconds: PositiveSeconds = Field(
        default=1.0, description="A slower handshake is NO-GO."
    )
    handshake_timeout_seconds: PositiveSeconds = Field(
        default=10, description="How long to wait for each answer of the gateway."
    )
    initialization_seconds: Seconds = Field(
        default=90, description="Shortest time between the gateway's start or login and an attempt."
    )
    retry_cooldown_seconds: Seconds = Field(
        default=90, description="Shortest time between a failed attempt and the next."
    )
    soak_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        default=60, description="How long the soak holds the connection."
    )
    heartbeat_seconds: Annotated[float, Field(ge=1.1, le=3600, allow_inf_nan=False)] = Field(
        default=5,
        description="How often the Monitor and the soak ask the gateway for its time. It"
        " answers at most once in 1.1 s.",
    )
    stale_processes: list[Text] = Field(
        default=["dotnet"], description="Client programs that must not be running."
    )
    allow_unobserved_sockets: bool = Field(
        default=False,
        description="Whether a run may be GO although the gateway's sockets cannot be seen.",
    )
    auto_fallback: bool = Field(
        default=False,
        description="Whether a run continues on the fallback, once, if the gateway failed.",
    )
    fallback: Fallback = Field(default=Fallback(), description="Where to fall back to: TWS paper.")
    monitor: Monitor | None = Field(
        default=Monitor(), description="The Monitor to try. Null: none."
    )
    mcp: Mcp | None = Field(default=Mcp(), description="The MCP server to try. Null: none.")
    keep_runs: Annotated[int, Field(ge=1)] = Field(
        default=90,
        description="How many rehearsals are kept in reports/runs. Other runs are never deleted.",
    )
    gateway_folder: Folder | None = Field(
        default=None,
        repr=False,
        description="The folder with the gateway's settings and logs. Null: the usual places.",
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
    _is_fallback: bool = PrivateAttr(default=False)

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
        aimed = Settings.model_construct(
            credentials=self.credentials.model_copy(update=credentials),
            golive=golive.model_copy(update=expected),
        )
        aimed._is_fallback = True
        return aimed

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
        flag alone. On the fallback they are named by the keys that the file has for it.
        """
        port, paper = self.credentials.port, self.credentials.is_paper_trading
        found = []
        if port in PORTS and ("paper" in PORTS[port]) is not paper:
            found.append(self._other_port(f"port {port} is {PORTS[port]}"))
        expected = [self.golive.expected_account] if self.golive.expects_account else []
        if self.of_another_kind(expected):
            found.append(self._other_account())
        return found

    def _other_port(self, what: str) -> str:
        if self._is_fallback:
            return f"GoLive.Fallback.{what[0].upper()}{what[1:]}, but the fallback is paper"
        return f"{what}, but IsPaperTrading is {_json(self.credentials.is_paper_trading)}"

    def _other_account(self) -> str:
        if not self._is_fallback:
            paper = self.credentials.is_paper_trading
            kind = "live" if paper else "paper"
            return f"IsPaperTrading is {_json(paper)}, but ExpectedAccount is a {kind} account"
        if self.golive.fallback.expected_account is None:
            return 'add "ExpectedAccount": "DU..." to GoLive.Fallback, your TWS paper account'
        return "GoLive.Fallback.ExpectedAccount is a live account, but the fallback is paper"


def _shown(section: BaseModel, before: str) -> Iterator[tuple[str, Any]]:
    for name, field in type(section).model_fields.items():
        value, key = getattr(section, name), f"{before}{field.alias}"
        if field.repr and isinstance(value, BaseModel):
            yield from _shown(value, f"{key}.")
        elif field.repr:
            yield key, value


def _json(value: bool) -> str:
    return "true" if value else "false"
