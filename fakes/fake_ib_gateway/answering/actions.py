"""What a gateway does on an event: the actions of a burst, performed in order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from fake_ib_gateway.protocol.messages import Block, Message


@dataclass(frozen=True, slots=True)
class Pause:
    """Say nothing for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the connection."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes that need not be a message."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Stream:
    """Messages that are made as the client takes them, for so long at most; they may never end."""

    messages: Callable[[], Iterator[Message]]
    seconds: float = math.inf


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """Do all that in its own time; what is asked meanwhile need not wait for it."""

    burst: tuple[Message | Pause | HangUp | Stream, ...]


Action = Message | Block | Pause | HangUp | Raw | Stream | Meanwhile
Burst = list[Action]


def one_by_one(burst: Iterable[Action]) -> Iterator[Action]:
    """The burst with each message of a block on its own, so that a fault can come between."""
    for action in burst:
        if isinstance(action, Block):
            yield from action.messages
        else:
            yield action
