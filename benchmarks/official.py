"""The official client (ibapi) used plainly: its own socket, reader thread and message loop."""

from __future__ import annotations

import threading

from ibapi.client import EClient
from ibapi.wrapper import EWrapper

from benchmarks.client import ANSWER_SECONDS, CONNECT_SECONDS, Lost
from benchmarks.fake import HOST
from benchmarks.measure import Sample, Stopwatch

LEAVE_SECONDS = 2.0
"""Its reader sees the end of its own connection up to 1 s after disconnect(), so does the peer."""


class Official:
    """An application in the shape of its documentation's: waits for events its callbacks set."""

    _client: EClient | None = None

    def connect(self, port: int, client_id: int) -> Sample:
        watch = Stopwatch()
        self._heard = _Heard()
        self._client = EClient(self._heard)
        self._client.connect(HOST, port, client_id)
        self._loop = threading.Thread(target=self._client.run, daemon=True)
        self._loop.start()
        self._wait_for(self._heard.ready, CONNECT_SECONDS)
        return watch.read()

    def positions(self) -> Sample:
        assert self._client is not None
        watch = Stopwatch()
        self._client.reqPositions()
        self._wait_for(self._heard.position_end, ANSWER_SECONDS)
        return watch.read()

    def close(self) -> None:
        """Waits until its threads have gone, so as not to disturb the next client."""
        if self._client is None:
            return
        reader = self._client.reader
        self._client.disconnect()
        for thread in (self._loop, reader):
            if thread is not None and thread.is_alive():
                thread.join(LEAVE_SECONDS)

    @staticmethod
    def _wait_for(event: threading.Event, seconds: float) -> None:
        if not event.wait(seconds):
            raise Lost(f"nothing more within {seconds:g} s")


class _Heard(EWrapper):  # type: ignore[misc]
    """The official client's callbacks, as few as are needed."""

    def __init__(self) -> None:
        super().__init__()
        self.ready, self.position_end = threading.Event(), threading.Event()

    def nextValidId(self, orderId: int) -> None:  # noqa: N802, N803
        self.ready.set()

    def positionEnd(self) -> None:  # noqa: N802
        self.position_end.set()

    def error(self, *what: object) -> None:
        """The notices of the farms are not printed."""
