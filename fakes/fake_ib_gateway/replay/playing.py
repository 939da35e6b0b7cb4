"""What was recorded, as what a gateway does: the answer to a request, with its pauses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fake_ib_gateway.answering.actions import Action, HangUp, Meanwhile, Pause
from fake_ib_gateway.protocol import messages, wire
from fake_ib_gateway.protocol.messages import Message
from fake_ib_gateway.replay.conversation import GREETING, Answer, Reply
from fake_ib_gateway.replay.recording import opened
from fake_ib_gateway.replay.replies import ERROR, NONE, error_code, with_request_id

INSTANT = 0.001
"""Seconds: what comes within is said at once."""
SOON = 0.05
"""Seconds behind an answer within which what comes unasked is said before anything else."""

Timed = tuple[float, Message | HangUp]
"""When, in seconds after the request, and what."""

NAMES = {
    form.number: form.name for form in vars(messages).values() if isinstance(form, messages.Form)
}


def played(answer: Answer, version: int, request_id: int = NONE) -> Iterator[Action]:
    """What came of a request, as the answer to one with this id; news come in their own time."""
    until = _complete(answer.replies) + SOON
    timed = list(_timed(answer, version, request_id))
    told = [each for each in timed if each[0] <= until]
    yield from _paced(told)
    if news := timed[len(told) :]:
        yield Meanwhile(tuple(_paced(news, told[-1][0] if told else 0.0)))


def _paced(timed: Iterable[Timed], said: float = 0.0) -> Iterator[Message | Pause | HangUp]:
    """With the pauses between them, the first since when something was last said."""
    for seconds, action in timed:
        if seconds - said >= INSTANT:
            yield Pause(seconds - said)
            said = seconds
        yield action


def _timed(answer: Answer, version: int, request_id: int) -> Iterator[Timed]:
    for reply in answer.replies:
        yield reply.seconds, _message(reply, version, request_id)
    if answer.hung_up is not None:
        yield answer.hung_up, HangUp()


def _complete(replies: Iterable[Reply]) -> float:
    """When each kind of what was asked for had come, in seconds after the request."""
    first: dict[int, float] = {}
    for reply in replies:
        if reply.is_asked_for:
            first.setdefault(reply.number, reply.seconds)
    return max(first.values(), default=0.0)


def _message(reply: Reply, version: int, request_id: int) -> Message:
    payload = reply.payload
    if reply.has_id and request_id != NONE:
        payload = with_request_id(payload, version, request_id)
    if reply.number == GREETING:
        return Message("serverVersion", payload, (version, *wire.split_fields(payload)[1:]))
    number, body, is_protobuf = opened(payload)
    name = NAMES.get(number, f"message {number}")
    if number == ERROR:
        name = f"{name} {error_code(payload, version)}"
    fields = () if is_protobuf else wire.split_fields(body)
    return Message(name, payload, (number, *fields))
