"""A recorded session, understood: each message of the gateway with the request it answers."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from fake_ib_gateway.protocol import wire
from fake_ib_gateway.protocol.requests import REQUESTS, VERSION, Request, number_of, read_request
from fake_ib_gateway.replay.recording import Record, Recording, opened
from fake_ib_gateway.replay.replies import ASKED_BY, ENDED_BY, ERROR, GOES_ON, NONE, request_id_in

HELLO = "hello"
GREETING = 0
"""As a number of the one reply that has none, the answer to the hello."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the gateway said, in seconds after the request it answers."""

    seconds: float
    payload: bytes
    number: int
    is_asked_for: bool
    """Or it came unasked, and the request is only the last one before it."""
    has_id: bool = False
    """Whether it carries the id of the request."""


@dataclass(slots=True, eq=False)
class Answer:
    """A request, when it was made (seconds), what it asks, and all that came of it."""

    request: Request
    at: float
    key: Hashable
    replies: list[Reply] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)
    is_over: bool = False
    hung_up: float | None = None
    """After how many seconds the gateway closed the connection, where nothing more was asked."""

    def waits_for(self, number: int) -> bool:
        """Whether what such a message ends has not yet come."""
        return ENDED_BY.get(number, number) not in self.numbers


@dataclass(slots=True)
class Conversation:
    """Understood record by record. Raises wire.WireError for what is no session."""

    answers: list[Answer] = field(default_factory=list)
    """To the hello, then to each request."""
    version: int = 0
    """Agreed; 0: the gateway never said."""
    _by_id: dict[int, Answer] = field(default_factory=dict)
    _by_error_id: dict[int, Answer] = field(default_factory=dict)
    """Cancels too: they can be wrong, and have no other answer."""
    _by_name: dict[str, list[Answer]] = field(default_factory=dict)
    """Those that are not over, and the last one."""

    def hear(self, record: Record) -> None:
        """What comes next."""
        if not self.answers:
            self.answers.append(_hello(record))
        elif record.source == "client":
            self._ask(record)
        elif not self.version:
            self.version = _version(record.payload)
            self._add(self.answers[0], record, GREETING)
        else:
            self._reply(record)

    def _ask(self, record: Record) -> None:
        request = read_request(record.payload, self.version)
        answer = Answer(request, record.seconds, asked(request, self.version))
        self.answers.append(answer)
        if request.request_id != NONE:
            self._by_error_id[request.request_id] = answer
            if not request.name.startswith("CANCEL_"):
                self._by_id[request.request_id] = answer
        if request.name != "REQ_ACCT_DATA" or request["subscribe"] == "1":
            same = self._by_name.get(request.name, [])
            self._by_name[request.name] = [*(it for it in same if not it.is_over), answer]

    def _reply(self, record: Record) -> None:
        number = opened(record.payload)[0]
        by_id = self._by_error_id if number == ERROR else self._by_id
        if answer := by_id.get(request_id_in(record.payload, self.version)):
            self._add(answer, record, number, has_id=True)
        elif answer := self._asking(number):
            self._add(answer, record, number)
        else:
            self._add(self.answers[-1], record, number, is_asked_for=False)

    def _asking(self, number: int) -> Answer | None:
        """What such a message answers: the first that waits for it, and of those that ask the same
        the last; where none waits and it goes on coming, the last of all."""
        family = [it for name in ASKED_BY.get(number, ()) for it in self._by_name.get(name, ())]
        waiting = sorted((it for it in family if it.waits_for(number)), key=lambda it: it.at)
        if waiting:
            return [it for it in waiting if it.key == waiting[0].key][-1]
        return family[-1] if family and number in GOES_ON else None

    def _add(
        self,
        answer: Answer,
        record: Record,
        number: int,
        *,
        is_asked_for: bool = True,
        has_id: bool = False,
    ) -> None:
        seconds = record.seconds - answer.at
        answer.replies.append(Reply(seconds, record.payload, number, is_asked_for, has_id))
        if is_asked_for:
            answer.numbers.add(number)
            answer.is_over = answer.is_over or not answer.waits_for(number)


def understood(recording: Recording) -> Conversation:
    """Raises RecordingError."""
    conversation = Conversation()
    for number, record in enumerate(recording.records, 1):
        try:
            conversation.hear(record)
        except wire.WireError as error:
            raise recording.wrong(number, str(error)) from None
    if not conversation.answers:
        raise recording.wrong(1, "nothing was recorded")
    if recording.ended == "gateway":
        last = conversation.answers[-1]
        last.hung_up = recording.seconds - last.at
    return conversation


def asked(request: Request, version: int) -> Hashable:
    """What is asked, whoever asks: without the request id, the client id, the message's version."""
    kind = REQUESTS.get(request.number)
    if request.name == "START_API":
        return request.name
    if kind is None or not request.is_readable:
        return request.payload
    _, body, is_protobuf = opened(request.payload)
    if is_protobuf:
        return request.name, _without_ids(kind.protobuf.FromString(body))
    layout = (VERSION, *kind.layout) if version < kind.versioned_before else kind.layout
    named = zip_longest(layout, wire.split_fields(body))
    ours = (VERSION, "request_id", "client_id")
    return request.name, tuple(text for name, text in named if name not in ours)


def _without_ids(message: Any) -> bytes:
    """Its bytes; of fields that this project does not know, too."""
    for descriptor, value in message.ListFields():
        if descriptor.name in ("request_id", "client_id"):
            message.ClearField(descriptor.name)
        elif descriptor.message_type is not None:
            _without_ids(value)
    return bytes(message.SerializeToString(deterministic=True))


def _version(payload: bytes) -> int:
    version = number_of("".join(wire.split_fields(payload, 1)), 0)
    if version <= 0:
        raise wire.WireError("the gateway's first message does not say its version")
    return version


def _hello(record: Record) -> Answer:
    if record.source != "client":
        raise wire.WireError("the gateway speaks before the client's hello")
    wire.read_hello(record.payload)
    return Answer(Request(HELLO, payload=record.payload), record.seconds, HELLO)
