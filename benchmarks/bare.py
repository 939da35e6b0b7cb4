"""The least that asyncio needs to serve the same bytes: what the fake is compared with.

`python -m benchmarks.bare`, with the answers pickled on standard input: whatever a client sends is
a request, the first gets the first answer, and the last answer goes to all that follow. It ends
with its input.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
import threading
from typing import Any, cast

HOST = "127.0.0.1"
BACKLOG = 4096


class Bare(asyncio.Protocol):
    """One client. Nothing is read from what it asks."""

    _transport: asyncio.Transport

    def __init__(self, answers: list[bytes]) -> None:
        self._answers, self._asked = answers, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._answers[self._asked])
        self._asked = min(self._asked + 1, len(self._answers) - 1)


def loop_factory() -> Any:
    """That of uvloop where it can be imported, as for the fake."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(answers: list[bytes]) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    server = await loop.create_server(lambda: Bare(answers), HOST, 0, backlog=BACKLOG)

    def read_to_the_end() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=read_to_the_end, daemon=True).start()
    print(f"bare server listening on {HOST}:{server.sockets[0].getsockname()[1]}", flush=True)
    await ended.wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(pickle.load(sys.stdin.buffer)))
