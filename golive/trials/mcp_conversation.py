"""What is asked of an MCP server, by the official SDK's client over a transport of our own.

Importing this imports the SDK, which takes a second: best while a program is starting.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import mcp_types as types
from anyio import fail_after
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.session import ClientSession
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from golive import __version__
from golive.kit import masking
from golive.kit.text import shortened
from golive.trials import mcp_lines
from golive.trials.lines_heard import Inbox
from golive.trials.mcp_lines import BrokenReply
from golive.trials.program import Program

MOST_PAGES = 20
"""Of tools, which a server may tell in parts."""
SHOWN = 200
LOOK_SECONDS = 0.1

Result = TypeVar("Result")


@dataclass
class Conversation:
    """What came of it, as far as it went. `reason` is why it went no further."""

    server: str = ""
    protocol: str = ""
    tools: list[str] = field(default_factory=list)
    answer: Any = None
    """What the tool answered with, as plain data."""
    text: Any = None
    """What it told as JSON in text beside that, if it did."""
    reason: str = ""
    milliseconds: dict[str, float] = field(default_factory=dict)
    """How long each answer took."""


class Broken(Exception):
    """The conversation goes no further. Its text is why, in words."""


@dataclass
class Client:
    """One conversation with a server that has been started. `look` is called while it lasts."""

    program: Program
    inbox: Inbox
    seconds: float
    """How long each answer may take."""
    secrets: tuple[str, ...] = ()
    look: Callable[[], object] = lambda: None
    _asked: set[int | str] = field(default_factory=set)

    def converse(self, tool: str) -> Conversation:
        """Initialises, lists the tools and calls this one, without arguments."""
        found = Conversation()
        try:
            asyncio.run(self._converse(tool, found))
        except* (Broken, BrokenReply) as group:
            found.reason = str(_first(group))
        return found

    async def _converse(self, tool: str, found: Conversation) -> None:
        to_us, heard = anyio.create_memory_object_stream[SessionMessage | Exception](16)
        said, from_us = anyio.create_memory_object_stream[SessionMessage](16)
        async with to_us, heard, said, from_us, anyio.create_task_group() as tasks:
            tasks.start_soon(self._read, to_us)
            tasks.start_soon(self._write, from_us)
            tasks.start_soon(self._keep_looking)
            us = types.Implementation(name="golive", version=__version__)
            async with ClientSession(heard, said, client_info=us) as session:
                await self._talk(session, tool, found)
            tasks.cancel_scope.cancel()

    async def _talk(self, session: ClientSession, tool: str, found: Conversation) -> None:
        begun = await self._ask(found, "initialize", session.initialize)
        server = f"{begun.server_info.name} {begun.server_info.version}"
        found.server, found.protocol = self._shown(server), str(begun.protocol_version)
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = partial(session.list_tools, params=types.PaginatedRequestParams(cursor=cursor))
            listed = await self._ask(found, "tools/list", page)
            found.tools += [self._shown(each.name) for each in listed.tools]
            cursor = listed.next_cursor
            if cursor is None:
                break
        if tool not in found.tools:
            others = shortened(", ".join(found.tools), SHOWN) or "none"
            raise Broken(f"it has no tool {tool} (GoLive.Mcp.Tool); its tools: {others}")
        result = await self._ask(found, tool, lambda: session.call_tool(tool, {}))
        found.answer = self._data(tool, result)
        found.text = None if result.structured_content is None else _told(_texts(result))

    async def _ask(
        self, found: Conversation, what: str, call: Callable[[], Awaitable[Result]]
    ) -> Result:
        began = time.perf_counter()
        try:
            with fail_after(self.seconds):
                result = await call()
        except TimeoutError:
            silent = f"; {why}" if (why := self.program.output.silence) else ""
            raise Broken(
                f"it did not answer {what} within {self.seconds:g} s{silent}{self._last_words()}"
            ) from None
        except MCPError as error:
            raise Broken(
                f"it answered {what} with error {error.code}: {self._shown(error.message)}"
            ) from None
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise Broken(
                f"its answer to {what} does not follow MCP: {self._shown(where)}:"
                f" {self._shown(first['msg'])}"
            ) from None
        except (RuntimeError, ValueError) as error:  # of the SDK's own checks
            raise Broken(f"its answer to {what}: {self._shown(str(error))}") from None
        found.milliseconds[what] = round((time.perf_counter() - began) * 1000, 3)
        return result

    def _data(self, tool: str, result: types.CallToolResult) -> Any:
        """What it answered with; of text, what it says as JSON."""
        texts = _texts(result)
        if result.is_error:
            raise Broken(f"{tool} answered with an error: {self._shown(' '.join(texts))}")
        if result.structured_content is not None:
            return result.structured_content
        if not texts:
            raise Broken(f"{tool} answered with neither structured content nor text")
        if (told := _told(texts)) is None:
            raise Broken(f"{tool} answered with text that is not JSON: {self._shown(texts[0])}")
        return told

    # the transport: a line each, in either direction

    async def _read(self, to_us: MemoryObjectSendStream[SessionMessage | Exception]) -> None:
        while (line := await self.inbox.next(self.program.output)) is not None:
            if self.program.output.cut:
                raise Broken("it printed a line that is too long for an answer")
            found = mcp_lines.message(line, self._asked, self.secrets)
            if found is None:
                continue
            if "method" not in found:
                self._asked.discard(found["id"])
            try:
                message = types.jsonrpc_message_adapter.validate_python(found, by_name=False)
            except ValidationError:
                raise Broken(f"it printed no message of JSON-RPC: {self._shown(line)}") from None
            if isinstance(message, types.JSONRPCNotification):
                continue  # nobody here listens to them
            try:
                await to_us.send(SessionMessage(message))
            except anyio.BrokenResourceError:
                return  # all has been asked: it talks on to nobody
        raise Broken(await anyio.to_thread.run_sync(self._how_it_ended))

    async def _write(self, from_us: MemoryObjectReceiveStream[SessionMessage]) -> None:
        async for each in from_us:
            if isinstance(each.message, types.JSONRPCRequest):
                self._asked.add(each.message.id)
            line = each.message.model_dump_json(by_alias=True, exclude_unset=True)
            with suppress(OSError, ValueError):  # that it has ended, its output tells
                await anyio.to_thread.run_sync(
                    self.program.tell, line.encode() + b"\n", abandon_on_cancel=True
                )

    async def _keep_looking(self) -> None:
        while True:
            await anyio.to_thread.run_sync(self.look)
            await anyio.sleep(LOOK_SECONDS)

    def _how_it_ended(self) -> str:
        if self.program.output.is_flood:
            return f"it printed {self.program.output.bytes // 2**20} MiB instead of answering"
        code = self.program.wait(1)
        self.program.errors.join(1)
        how = "it closed its output" if code is None else f"it ended by itself, exit code {code}"
        return how + (self._last_words() or ", and printed nothing")

    def _last_words(self) -> str:
        last = self.program.errors.last_lines(1)
        return f"; its last line on standard error: {self._shown(last[0])}" if last else ""

    def _shown(self, text: str) -> str:
        return shortened(masking.without(self.secrets, text), SHOWN)


def _texts(result: types.CallToolResult) -> list[str]:
    return [each.text for each in result.content if isinstance(each, types.TextContent)]


def _told(texts: Sequence[str]) -> Any:
    """What is told as JSON, be it a row a text; None where nothing is, or some of it is none."""
    try:
        answers = [json.loads(each) for each in texts]
    except (ValueError, RecursionError):
        return None
    return answers[0] if len(answers) == 1 else answers or None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
