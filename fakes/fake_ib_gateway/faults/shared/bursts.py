"""Where in a burst a fault finds what it changes, by the names of messages."""

from __future__ import annotations

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.protocol.messages import Message


def name_of(action: object) -> str:
    """The message's name; none, if it is no message."""
    return action.name if isinstance(action, Message) else ""


def before_each(name: str, actions: Burst, burst: Burst) -> Burst:
    """The burst with more actions before each message of a name."""
    return [
        each
        for action in burst
        for each in ([*actions, action] if name_of(action) == name else [action])
    ]


def before_first(names: tuple[str, ...], actions: Burst, burst: Burst) -> Burst:
    """The burst with more actions before the first message of these names, if there is one."""
    places = _places(names, burst)
    return [*burst[: places[0]], *actions, *burst[places[0] :]] if places else burst


def behind_last(names: tuple[str, ...], actions: Burst, burst: Burst) -> Burst:
    """The burst with more actions behind the last message of these names, if there is one."""
    told = up_to_last(names, burst)
    return [*told, *actions, *burst[len(told) :]] if told else burst


def up_to_last(names: tuple[str, ...], burst: Burst) -> Burst:
    """The burst up to the last message of these names; nothing, if there is none."""
    return burst[: max(_places(names, burst), default=-1) + 1]


def without(names: tuple[str, ...], burst: Burst) -> Burst:
    """The burst without the messages of these names."""
    return [action for action in burst if name_of(action) not in names]


def _places(names: tuple[str, ...], burst: Burst) -> list[int]:
    return [place for place, action in enumerate(burst) if name_of(action) in names]
