"""How many may ask at once, and for how long: whoever is slow or hostile pays for it alone."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 64
"""Connections at a time; one more, and the oldest that is not being answered makes room."""
PATIENCE = 5
"""Seconds for a request to be there in full, or for the next one."""
LARGEST_HEAD = 16_384
"""Bytes of a request's line and headers."""


class Bounded(H11Protocol):
    """A connection that is ended when it asks nothing, and makes room for newer ones.

    uvicorn by itself waits without end for a request that arrives a byte at a time, and above
    `limit_concurrency` it turns the new client away, not the one that does nothing.
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
        """Whether a request is under way."""
        return self.cycle is not None and not self.cycle.response_complete

    def on_response_complete(self) -> None:
        self._quiet_since = self.loop.time()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._look_again.cancel()
        super().connection_lost(exc)

    def _end_if_quiet(self) -> None:
        quiet = 0.0 if self.is_answered else self.loop.time() - self._quiet_since
        if quiet >= PATIENCE:
            self.transport.abort()
        else:
            self._look_again = self.loop.call_later(PATIENCE - quiet, self._end_if_quiet)
