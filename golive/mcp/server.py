"""The MCP server: tools that read over the one held connection, on the SDK's transports.

No tool places, changes or cancels an order. None could: the connection behind them refuses to send
such a message (`golive.client.official_client.READING`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from mcp.server import Server, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.routing import Route

from golive import __version__
from golive.kit.clock import SYSTEM, Clock
from golive.kit.text import shortened
from golive.mcp.tools.asking import Asking, NoAnswer
from golive.mcp.tools.listed import TOOLS
from golive.mcp.tools.looking import MONITOR, Looking
from golive.mcp.tools.shapes import GatewayLook, Problem
from golive.monitor.holding.requests import Source
from golive.settings.secrets_json import SettingsFile

NAME, PATH = "golive", "/mcp"
ABOUT = (
    "Reads an Interactive Brokers gateway over its one connection: positions, account summary,"
    " and the state of the connection and the gateway. Nothing here can place, change or cancel an"
    " order. Each answer says how old it is. An error says what is wrong and what to do. After an"
    " error, do not call again at once: first do what its next_steps say."
)
HOSTS = ("127.0.0.1", "localhost", "[::1]")
LARGEST_REQUEST = 65_536
HELD = ("connected", "half-open", "connectivity-lost")
"""The conditions in which the connection is open."""


Call = Callable[[str, dict[str, Any]], Awaitable[CallToolResult]]
"""Answers a call of one of TOOLS, given its name and arguments."""


class Answering:
    """Answers calls from a source; check-gateway also looks at the gateway in the settings."""

    def __init__(
        self,
        source: Source,
        file: SettingsFile,
        own: Iterable[int] = (),
        clock: Clock = SYSTEM,
        again: str = MONITOR,
    ) -> None:
        asking, self._source = Asking(source, clock), source
        self._looking = Looking(file, own, clock, again)
        self._look_under_way: asyncio.Task[GatewayLook] | None = None
        self._answers: dict[str, Callable[..., Awaitable[BaseModel]]] = {
            "get-positions": asking.positions,
            "get-option-positions": asking.option_positions,
            "get-account-summary": asking.account_summary,
            "get-connection-status": asking.status,
            "check-gateway": self._look,
        }

    async def __call__(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        takes = next(tool.takes for tool in TOOLS if tool.name == name)
        try:
            given = takes.model_validate(arguments)
        except ValidationError as error:
            return refused(_mistaken(error, takes))
        try:
            return answered(await self._answers[name](**given.model_dump()))
        except NoAnswer as error:
            return refused(error.problem)

    async def _look(self) -> GatewayLook:
        """Calls at the same time share a look, because it goes through every process."""
        if self._look_under_way is None or self._look_under_way.done():
            is_held = self._source.state.condition in HELD
            look = asyncio.to_thread(self._looking.look, is_held=is_held)
            self._look_under_way = asyncio.ensure_future(look)
        return await asyncio.shield(self._look_under_way)


def answered(answer: BaseModel) -> CallToolResult:
    """As data, and the same as text for a client that does not read data."""
    data = answer.model_dump(mode="json")
    text = TextContent(type="text", text=answer.model_dump_json())
    return CallToolResult(content=[text], structured_content=data)


def refused(problem: Problem) -> CallToolResult:
    """An error: as data, and in words."""
    steps = [f"{n}. {step}" for n, step in enumerate(problem.next_steps, start=1)]
    text = "\n".join([f"{problem.code}: {problem.cause}", *steps])
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=problem.model_dump(mode="json"),
        is_error=True,
    )


def server(call: Call) -> Server[Any]:
    """A server with these tools only, for any transport."""

    async def list_tools(
        _: ServerRequestContext[Any], __: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=[tool.listed() for tool in TOOLS])

    async def call_tool(
        _: ServerRequestContext[Any], asked: CallToolRequestParams
    ) -> CallToolResult:
        if asked.name not in {tool.name for tool in TOOLS}:
            raise MCPError(INVALID_PARAMS, f"no such tool: {shortened(asked.name, 100)}")
        return await call(asked.name, asked.arguments or {})

    return Server(
        NAME,
        version=__version__,
        title="Go-live checks for IBKR gateways",
        instructions=ABOUT,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def http_app(source: Source, file: SettingsFile, clock: Clock = SYSTEM) -> Starlette:
    """The same over streamable HTTP at /mcp: POST only, each request on its own.

    To mount its routes, enter its lifespan too (`router.lifespan_context`). A request from a web
    page is refused because of its Host or Origin, without a line on our terminal.
    """
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # no traceback for a client that hangs up
    monitor = file.settings.golive.monitor
    hosts = {*HOSTS, monitor.health_address if monitor else HOSTS[0]}
    manager = StreamableHTTPSessionManager(
        server(Answering(source, file, clock=clock)),
        json_response=True,
        stateless=True,
        max_request_body_size=LARGEST_REQUEST,
        security_settings=TransportSecuritySettings(
            allowed_hosts=[f"{host}{port}" for host in hosts for port in ("", ":*")],
            allowed_origins=[f"http://{host}{port}" for host in hosts for port in ("", ":*")],
        ),
    )
    route = Route(PATH, StreamableHTTPASGIApp(manager), methods=["POST"])
    return Starlette(routes=[route], lifespan=lambda _: manager.run())


def _mistaken(error: ValidationError, takes: type[BaseModel]) -> Problem:
    """What is wrong with the arguments, without repeating them."""
    found = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(each) for each in found["loc"])
    wanted = ", ".join(takes.model_fields) or "none"
    return Problem(
        code="invalid-arguments",
        cause=shortened(f"{where}: {found['msg']}", 300),
        next_steps=[f"Call it again; its arguments are: {wanted}."],
    )
