"""Most clients see nothing; one that takes a segment for a message fails at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fake_ib_gateway.answering.actions import Pause
from fake_ib_gateway.faults.shared.declared import Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault


@dataclass(frozen=True)
class Fragmented(Fault):
    """Every byte in a segment of its own; the first so slowly that nothing joins them again."""

    slow_bytes: int = 40
    """More than the version frame has."""

    def segments(self, data: bytes) -> Iterator[bytes | Pause]:
        for number in range(len(data)):
            yield data[number : number + 1]
            yield Pause(0.002 if len(data) <= self.slow_bytes else 0)


FAULT = Declared(Fragmented, "sends every byte in a segment of its own", Group.WIRE)
