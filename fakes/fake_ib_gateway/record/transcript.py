"""What is written down of a session, and when: not before the accounts in it are known."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fake_ib_gateway.record.identities import Identities
from fake_ib_gateway.replay.recording import Record, Source, Writer

HELD_BYTES = 1_000_000
"""What is held back at most while no managedAccounts has come."""


class NotWritten(Exception):
    """The file takes no more; the text says why."""


@dataclass(slots=True)
class Transcript:
    """One session in a file; without identities they are kept. Raises NotWritten."""

    writer: Writer
    identities: Identities | None = None
    records: dict[str, int] = field(default_factory=lambda: {"client": 0, "gateway": 0})
    """How many have been written, by source."""
    seconds: float = 0.0
    """How long it was, known at its end."""
    has_begun: bool = False
    _began: float = field(default_factory=time.monotonic)
    _held: list[Record] = field(default_factory=list)
    _held_bytes: int = 0
    _is_full: bool = False

    def begin(self) -> None:
        """Writes the first line, in place of whatever the file held."""
        self.has_begun, self._began = True, time.monotonic()
        with self._writing():
            self.writer.begin(replaced=self.identities is not None)

    @property
    def summary(self) -> str:
        """How much there is of it."""
        client, gateway = self.records.values()
        return (
            f"{client} messages of the client and {gateway} of the gateway in {self.seconds:.1f} s"
        )

    @property
    def now(self) -> float:
        """Seconds since the client said hello, to the microsecond."""
        return round(time.monotonic() - self._began, 6)

    def add(self, seconds: float, source: Source, payload: bytes, version: int) -> None:
        """What came at a time; the version is 0 as long as none is agreed."""
        self._held.append(Record(seconds, source, payload))
        if self.identities is not None and version:
            self.identities.learn(payload, version)
        self._held_bytes += len(payload)
        if self._is_known or self._held_bytes > HELD_BYTES:
            self._release()

    def end(self, by: str) -> None:
        """Writes what is held back, and the last line; nothing where the file takes no more."""
        self.seconds = self.now
        if self.has_begun and not self._is_full:
            self._release()
            with self._writing():
                self.writer.end(self.seconds, by)

    @property
    def _is_known(self) -> bool:
        return self.identities is None or self.identities.knows_accounts

    def _release(self) -> None:
        for record in self._held:
            payload = record.payload
            if self.identities is not None:
                payload = self.identities.replaced(payload)
            with self._writing():
                self.writer.write(Record(record.seconds, record.source, payload))
            self.records[record.source] += 1
        self._held.clear()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._is_full = True
            raise NotWritten(error.strerror or str(error)) from None
