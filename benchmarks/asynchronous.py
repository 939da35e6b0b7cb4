"""ib_async: its low-level client to connect, its own request for the positions."""

from __future__ import annotations

import asyncio
from typing import Any

from ib_async import IB

from benchmarks.client import ANSWER_SECONDS, CONNECT_SECONDS, Lost
from benchmarks.fake import HOST
from benchmarks.measure import Sample, Stopwatch


class IbAsync:
    """Connects below IB.connectAsync, which would fetch positions and orders on its own."""

    _ib: IB | None = None

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._runner.get_loop()

    def connect(self, port: int, client_id: int) -> Sample:
        return self._runner.run(self._connect(port, client_id))

    def positions(self) -> Sample:
        return self._runner.run(self._positions())

    def close(self) -> None:
        self._runner.run(self._close())
        self._runner.close()

    async def _connect(self, port: int, client_id: int) -> Sample:
        watch = Stopwatch()
        ib = self._ib = IB()
        try:
            client: Any = ib.client  # it declares no types
            await client.connectAsync(HOST, port, client_id, CONNECT_SECONDS)
        except (TimeoutError, OSError) as error:
            raise Lost(str(error)) from None
        return watch.read()

    async def _positions(self) -> Sample:
        assert self._ib is not None
        watch = Stopwatch()
        request: Any = self._ib.reqPositionsAsync()
        done, _ = await asyncio.wait([request], timeout=ANSWER_SECONDS)
        sample = watch.read()
        if not done:
            raise Lost(f"nothing more within {ANSWER_SECONDS:g} s")
        return sample

    async def _close(self) -> None:
        if self._ib is not None:
            self._ib.disconnect()
        await asyncio.sleep(0)  # its socket is closed in the loop's next turn
