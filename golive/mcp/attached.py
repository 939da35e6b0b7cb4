"""An MCP server beside a running Monitor: asks the Monitor, and opens no connection of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult
from mcp_types.version import LATEST_MODERN_VERSION

from golive.discipline.running_monitor import RunningMonitor
from golive.mcp.server import PATH, Answering, answered, refused
from golive.mcp.tools.looking import Looking
from golive.mcp.tools.shapes import Problem
from golive.monitor.holding.requests import Source
from golive.settings.secrets_json import SettingsFile

SECONDS = 30.0
"""The time for the whole answer to arrive."""
LARGEST_ANSWER = 64 * 2**20
"""Bytes; ten thousand positions take eight megabytes."""
AT_ONCE = 8
"""How many connections to open to the Monitor, which serves others too."""

WITHOUT_HTTP = Problem(
    code="monitor-without-http",
    cause="a Monitor holds the one connection to the gateway, but serves nothing over HTTP",
    next_steps=[
        "Set GoLive.Monitor.HealthPort in the settings, 0 for any free port.",
        "Restart that Monitor when the rules about attempts allow it.",
    ],
)
GONE = Problem(
    code="monitor-gone",
    cause="the Monitor that this server asked has ended; nothing holds the connection now",
    next_steps=[
        "Start the Monitor: golive monitor",
        "Or restart this MCP server. Without a Monitor it holds the connection itself.",
    ],
)


class Attached:
    """Asks the Monitor that is running when the call comes; if there is none, `own` answers.

    `own` is None for a server that found a Monitor when it started: it never connects. `source`
    belongs to `own`: while it has a connection, no other Monitor is looked for.
    """

    def __init__(
        self,
        find: Callable[[], RunningMonitor | None],
        file: SettingsFile,
        own: Answering | None = None,
        source: Source | None = None,
    ) -> None:
        self._find, self._file, self._own, self._source = find, file, own, source
        self._http: httpx2.AsyncClient | None = None

    async def __call__(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        monitor = None if self._holds else self._other()
        if monitor is None and self._own is not None:
            return await self._own(name, arguments)
        if monitor is not None and monitor.url is not None:
            try:
                return await self._asked(monitor.url, name, arguments)
            except Exception as error:  # of whatever kind, also in groups: it did not answer
                problem = _unreachable(monitor, error)
        else:
            problem = WITHOUT_HTTP if monitor else GONE
        return await self._from_outside(monitor) if name == "check-gateway" else refused(problem)

    @property
    def _holds(self) -> bool:
        """Whether our own connection is open, or may still be opened."""
        return self._source is not None and self._source.state.condition != "stopped"

    def _other(self) -> RunningMonitor | None:
        """A running Monitor; not this server's own, which is found until the last of its end."""
        found = self._find()
        is_own = self._own is not None and found is not None and found.pid == os.getpid()
        return None if is_own else found

    async def _asked(self, url: str, name: str, arguments: dict[str, Any]) -> CallToolResult:
        if self._http is None:  # no proxy is asked for what is on this machine
            self._http = httpx2.AsyncClient(trust_env=False, timeout=SECONDS, transport=_Bounded())
        transport = streamable_http_client(f"{url}{PATH}", http_client=self._http)
        async with (
            asyncio.timeout(SECONDS),
            Client(transport, mode=LATEST_MODERN_VERSION, cache=None) as client,
        ):
            return await client.call_tool(name, arguments, read_timeout_seconds=SECONDS)

    async def _from_outside(self, monitor: RunningMonitor | None) -> CallToolResult:
        looking = Looking(self._file, [monitor.pid] if monitor else ())
        return answered(await asyncio.to_thread(looking.look, is_held=monitor is not None))


class _Bounded(httpx2.AsyncHTTPTransport):
    """Reads no more than a Monitor would send."""

    def __init__(self) -> None:
        super().__init__(trust_env=False, limits=httpx2.Limits(max_connections=AT_ONCE))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Counted(response.stream)
        return response


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        count = 0
        async for part in self._stream:
            count += len(part)
            if count > LARGEST_ANSWER:
                raise httpx2.ReadError(f"more than {LARGEST_ANSWER // 2**20} MiB")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


def _unreachable(monitor: RunningMonitor, error: BaseException) -> Problem:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return Problem(
        code="monitor-unreachable",
        cause=f"the Monitor, pid {monitor.pid}, does not answer at {monitor.url}{PATH}:"
        f" {type(error).__name__}: {error}"[:300],
        next_steps=[
            "Ask it by hand: golive health",
            "If it does not serve MCP, update its golive and restart it.",
        ],
    )
