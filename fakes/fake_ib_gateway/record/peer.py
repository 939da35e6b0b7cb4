"""The client or the gateway: one end of a connection, which may go at any time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

READ_BYTES = 65536
GRACE_SECONDS = 2.0
"""For each side to close its end, when the other has."""


@dataclass(slots=True)
class Peer:
    """One end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read(self) -> bytes:
        """Nothing once it has closed, however."""
        with suppress(OSError):
            return await self.reader.read(READ_BYTES)
        return b""

    def send(self, data: bytes) -> None:
        """To one that has gone, nothing."""
        if not self.writer.is_closing():
            self.writer.write(data)

    async def taken(self) -> None:
        """Waits until it has taken most of what was sent, or has gone."""
        with suppress(OSError):
            await self.writer.drain()

    def finish(self) -> None:
        """Says that nothing more will come."""
        with suppress(OSError):
            self.writer.write_eof()

    async def leave(self, seconds: float = GRACE_SECONDS) -> None:
        """Closes once the peer has, or after so long; what it still says is lost."""
        self.finish()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await self.read():
                    pass
        self.writer.transport.abort()
