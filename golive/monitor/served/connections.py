"""Limits on clients and their time, so that a slow or hostile one harms only itself."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 64
"""Connections at a time; one more, and the oldest that is not being answered makes room."""
PATIENCE = 5
"""Seconds for a request to be there in full, or for the next one."""
ANSWER_PATIENCE = 60
"""Seconds for an answer to be made and taken; the slowest that anybody waits for takes 30."""
LARGEST_HEAD = 16_384
"""Bytes of a request's line and headers."""


class Bounded(H11Protocol):
    """A connection that is ended when it asks nothing, and makes room for newer ones.

    uvicorn by itself waits without end for a request that arrives a byte at a time, or whose body
    never does, and for whoever does not read its answer; above `limit_concurrency` it turns the new
    client away, not the one that does nothing.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._quiet_since = self.loop.time()
        self._look_again = self.loop.call_later(PATIENCE, self._end_if_quiet)
        others = [each for each in self._others if not each.transport.is_closing()]
        if len(others) >= MOST:
            min(others, key=lambda each: (each.is_answered, each._quiet_since)).transport.abort()

    @property
    def _others(self) -> list[Bounded]:
        return [each for each in self.connections if isinstance(each, Bounded) and each is not self]

    @property
    def is_answered(self) -> bool:
        """Whether a request is there in full, and its answer is not."""
        cycle = self.cycle
        return cycle is not None and not cycle.more_body and not cycle.response_complete

    def on_response_complete(self) -> None:
        self._quiet_since = self.loop.time()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._look_again.cancel()
        super().connection_lost(exc)

    def _end_if_quiet(self) -> None:
        quiet = self.loop.time() - self._quiet_since
        if quiet >= (ANSWER_PATIENCE if self.is_answered else PATIENCE):
            self.transport.abort()
        else:
            again = PATIENCE - quiet if quiet < PATIENCE else PATIENCE
            self._look_again = self.loop.call_later(again, self._end_if_quiet)
