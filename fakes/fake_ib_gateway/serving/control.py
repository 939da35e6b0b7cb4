"""Changes a running gateway from outside: one command a line, answered by one line.

Served on loopback by `--control PORT`, so that anything that can open a socket can use it.
The answer is the state as JSON, or `error: ` and what is wrong. After an error the connection is
closed, so that a web page cannot hide commands behind the headers of an HTTP request.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fake_ib_gateway.faults.shared.named import UnknownFault, named
from fake_ib_gateway.protocol import errors
from fake_ib_gateway.serving.server import Server

MOST = 1000
"""The most seconds or zombies a command may ask for."""

LONGEST_LINE = 4096
LINE_SECONDS, QUIET_SECONDS = 5.0, 600.0
"""How long a command may take from its first byte to its end, and an answer to be read; and how
long a client may be silent between two commands."""

QUANTITY = re.compile(r"-?(0|[1-9]\d{0,8})(\.\d{0,4}[1-9])?")
"""As a gateway writes it: no `.0`."""

NOTICES = {
    str(error.code): error
    for error in (
        errors.LOST,
        errors.RESTORED_LOST,
        errors.RESTORED,
        errors.BROKEN,
        errors.FARM_IS_BROKEN.about("usfarm"),
        errors.FARM_IS_OK.about("usfarm"),
        errors.HISTORY_FARM_IS_BROKEN.about("ushmds"),
        errors.HISTORY_FARM_IS_OK.about("ushmds"),
        errors.FARM_CONNECTS.about("usfarm"),
        errors.DEFINITION_FARM_IS_BROKEN.about("secdefnj"),
        errors.DEFINITION_FARM_IS_OK.about("secdefnj"),
        errors.PORT_CHANGED.about(4002),
        errors.NOT_AVAILABLE_YET,
        errors.DISCLAIMER,
        errors.ACCOUNTS_NOT_AVAILABLE,
        errors.UNKNOWN,
    )
}
"""What `say` can send unasked, by code; the text may name the account."""


class NotUnderstood(ValueError):
    """The text is one line that says what is allowed."""


Words = list[str]
Does = Callable[[Server, Words], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Command:
    """What a command takes, and what it does."""

    takes: str
    does: Does


async def _become(server: Server, words: Words) -> None:
    if not words:
        raise NotUnderstood("become takes FAULT..., or `healthy` for none")
    try:
        await server.become(*(named(word) for word in words))
    except UnknownFault as error:
        raise NotUnderstood(str(error)) from None


async def _drop(server: Server, words: Words) -> None:
    server.drop()


async def _zombies(server: Server, words: Words) -> None:
    await server.add_zombies(int(_number(words, 3, int)))


async def _stop_accepting(server: Server, words: Words) -> None:
    await server.accept(False)


async def _accept(server: Server, words: Words) -> None:
    await server.accept(True)


async def _restart(server: Server, words: Words) -> None:
    await server.restart(_number(words, 0, float))


async def _reset(server: Server, words: Words) -> None:
    await server.reset()


async def _say(server: Server, words: Words) -> None:
    notice = NOTICES.get(" ".join(words))
    if notice is None:
        raise NotUnderstood(f"say takes one of {', '.join(NOTICES)}, not {' '.join(words)!r}")
    await server.say(notice.about(server.gateway.books[0].account))


async def _hold(server: Server, words: Words) -> None:
    if len(words) != 2 or not QUANTITY.fullmatch(words[1]):
        raise NotUnderstood(f"hold takes a symbol and a quantity, not {' '.join(words)!r}")
    await server.hold(*words)


async def _nothing(server: Server, words: Words) -> None:
    """For `state`."""


COMMANDS = {
    "become": Command("FAULT...", _become),
    "drop": Command("", _drop),
    "zombies": Command("[COUNT]", _zombies),
    "stop-accepting": Command("", _stop_accepting),
    "accept": Command("", _accept),
    "restart": Command("[SECONDS]", _restart),
    "say": Command("CODE", _say),
    "hold": Command("SYMBOL QUANTITY", _hold),
    "reset": Command("", _reset),
    "state": Command("", _nothing),
}
"""`fakes/README.md` explains each."""


async def perform(server: Server, line: str) -> dict[str, Any]:
    """Performs a command once the one before it is done, and returns the state after it.

    Raises NotUnderstood, OSError.
    """
    name, *words = line.split() or [""]
    command = COMMANDS.get(name)
    if command is None:
        raise NotUnderstood(f"no command {name!r}; the commands are: {', '.join(COMMANDS)}")
    if words and not command.takes:
        raise NotUnderstood(f"{name} takes nothing, not {words}")
    if command.does is not _nothing:
        async with server.changing:
            await command.does(server, words)
    return state(server)


def state(server: Server) -> dict[str, Any]:
    """`port`, `connections`, `client_ids`, `zombies`, `orders_received`, `up_seconds`."""
    gateway = server.gateway
    return {
        "port": server.port,
        "connections": len(server.connections),
        "client_ids": sorted(gateway.client_ids),
        "zombies": len(server.others.zombies),
        "orders_received": gateway.orders_received,
        "up_seconds": round(server.up_seconds, 3),
    }


async def serve(server: Server, port: int) -> asyncio.Server:
    """Takes commands on loopback. Raises OSError if the port is taken."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await _line(reader):
                answer = await _answer(server, line.decode("utf-8", "replace"))
                writer.write(answer.encode("utf-8") + b"\n")
                async with asyncio.timeout(LINE_SECONDS):
                    await writer.drain()
                if answer.startswith("error"):
                    break  # it may be a browser: what follows could be commands in its request
        except TimeoutError:
            writer.transport.abort()
        except (OSError, ValueError, asyncio.CancelledError):
            pass  # the client has left, or sends a line without an end
        finally:
            writer.close()

    try:
        return await asyncio.start_server(converse, "127.0.0.1", port, limit=LONGEST_LINE)
    except OSError as error:
        code = error.errno or 0
        raise OSError(code, os.strerror(code), f"control port {port}") from None


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line; empty at the end. Raises TimeoutError, and ValueError if it is too long."""
    async with asyncio.timeout(QUIET_SECONDS):
        first = await reader.read(1)
    if first in (b"", b"\n"):
        return first
    async with asyncio.timeout(LINE_SECONDS):
        return first + await reader.readline()


async def _answer(server: Server, line: str) -> str:
    try:
        return json.dumps(await perform(server, line))
    except NotUnderstood as error:
        return f"error: {error}"
    except OSError as error:
        return f"error: impossible: {error}"


def _number(words: Words, default: int, kind: type[int] | type[float]) -> float:
    try:
        number = kind(words[0]) if words else default
    except ValueError:
        number = -1
    if not 0 <= number <= MOST or len(words) > 1:
        raise NotUnderstood(f"expected a number from 0 to {MOST}, not {' '.join(words)!r}")
    return number
