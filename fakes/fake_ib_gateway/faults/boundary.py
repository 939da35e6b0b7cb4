"""Most clients see nothing; one that reads 4096 bytes at a time waits and loses what it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.gateway import Session
from fake_ib_gateway.faults.shared.declared import Argument, Declared, Group
from fake_ib_gateway.faults.shared.fault import Fault
from fake_ib_gateway.protocol import errors
from fake_ib_gateway.protocol.messages import Message


@dataclass(frozen=True)
class Boundary(Fault):
    """Every burst is a multiple of 4096 bytes long, filled up with farm notices; then quiet.

    A client that reads 4096 bytes at a time waits for more, and may lose what it has.
    """

    rank = 1
    LONG: ClassVar = 400
    """Of a notice's text: less than half of what is not cut, so that steps of it miss nothing."""
    size: int = 4096

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event in ("connect", "hello") or not burst:
            return burst
        length = sum(len(action.frame) for action in burst if isinstance(action, Message))
        return [*self._filling(length, session), *burst]

    def _filling(self, length: int, session: Session) -> Iterator[Message]:
        """Long notices, and a last one that makes the length a multiple."""
        while (last := self._last(length, session)) is None:
            long = self._notice(session, self.LONG)
            length += len(long.frame)
            yield long
        yield last

    def _last(self, length: int, session: Session) -> Message | None:
        """One that fits and is not too long; what tells a text's length may itself get longer."""
        fill = (-length - len(self._notice(session, 0).frame)) % self.size
        if fill > 2 * self.LONG:
            return None
        notices = (self._notice(session, fill - less) for less in range(min(fill, 4) + 1))
        return next((each for each in notices if (length + len(each.frame)) % self.size == 0), None)

    def _notice(self, session: Session, dots: int) -> Message:
        notice = errors.FARM_IS_OK.about("usfarm" + "." * dots)
        return session.speech.error(notice, milliseconds=1)


FAULT = Declared(
    Boundary,
    "pads every burst to a multiple of bytes (4096)",
    Group.WIRE,
    Argument("BYTES", int, lowest=1),
)
