"""A gateway that gives the answers of a recorded session to any client that asks the same.

What was recorded is said as it was, but for the request ids, which are those of the client that
asks. Orders are refused as ever; where a fault changes the accounts or the settings, what the fake
can answer itself is answered from the accounts and positions of the recording.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from fake_ib_gateway.answering.actions import Burst
from fake_ib_gateway.answering.answers import ANSWERS
from fake_ib_gateway.answering.gateway import Gateway, Session
from fake_ib_gateway.answering.login import ApiSettings
from fake_ib_gateway.answering.pacing import Pacing
from fake_ib_gateway.protocol import errors, wire
from fake_ib_gateway.protocol.messages import NEWEST, Speech
from fake_ib_gateway.protocol.requests import CHANGES, Request
from fake_ib_gateway.protocol.wire import Hello
from fake_ib_gateway.replay import books
from fake_ib_gateway.replay.conversation import Answer, asked, understood
from fake_ib_gateway.replay.playing import played
from fake_ib_gateway.replay.recording import Recording
from fake_ib_gateway.world.book import Book

NOT_RECORDED = errors.NOT_VALID.about("bL", "The recording does not hold {}.")


@dataclass(slots=True)
class Replay(Gateway):
    """A gateway that has nothing to say but what was recorded."""

    greeting: Answer = field(kw_only=True)
    recorded: dict[Hashable, list[Answer]] = field(kw_only=True)
    """What came of each request, each time it was made."""
    is_silent: bool = False
    """Whether the recorded gateway never answered a hello."""
    _own: tuple[tuple[Book, ...], ApiSettings] = field(init=False)

    def __post_init__(self) -> None:
        self._own = self.books, self.settings

    @property
    def is_changed(self) -> bool:
        """Whether a fault has changed the accounts or the settings."""
        return (self.books, self.settings) != self._own

    def session(self) -> Session:
        return ReplayedSession(self, Speech(self.version), Pacing(self.messages_per_second))


@dataclass(slots=True)
class ReplayedSession(Session):
    """One client's conversation with a recording."""

    gateway: Replay
    _times: Counter[Hashable] = field(default_factory=Counter)
    """How often each thing was asked."""

    def hello(self, hello: Hello, connected: str) -> Burst:
        """Raises wire.WireError for a client that does not speak the recording's version."""
        version, gateway = self.gateway.version, self.gateway
        if not gateway.is_silent and not hello.lowest <= version <= hello.highest:
            offered = f"v{hello.lowest}..{hello.highest}"
            raise wire.WireError(f"the recording has server version {version}, not {offered}")
        self.is_paced = "PACEAPI" in hello.options
        return list(played(gateway.greeting, version))

    def _answer(self, request: Request, now: float) -> Burst:
        if request.name == "START_API":
            return self._start_api(request, now)
        is_own = request.name in CHANGES or (self.gateway.is_changed and request.name in ANSWERS)
        if self.client_id is None or is_own:
            return Session._answer(self, request, now)  # no super() in a dataclass with slots
        return self._recorded(request, now)

    def _start_api(self, request: Request, now: float) -> Burst:
        had_started = self.client_id is not None
        burst = Session._start_api(self, request, now)
        is_refused = had_started or self.client_id is None
        return burst if is_refused or self.gateway.is_changed else self._recorded(request, now)

    def _recorded(self, request: Request, now: float) -> Burst:
        """The answer of that time, or the last there was; cancels that nobody recorded get none."""
        key = asked(request, self.speech.version)
        answers = self.gateway.recorded.get(key)
        if answers is None:
            if request.name.startswith("CANCEL_"):
                return []
            return [self.error(NOT_RECORDED.about(request.name), now, request.request_id)]
        answer = answers[min(self._times[key], len(answers) - 1)]
        self._times[key] += 1
        return list(played(answer, self.speech.version, request.request_id))


def replayed(recording: Recording, **options: Any) -> Replay:
    """The gateway of a recording; options are those of a Gateway. Raises RecordingError."""
    conversation = understood(recording)
    greeting, *rest = conversation.answers
    recorded: dict[Hashable, list[Answer]] = defaultdict(list)
    for answer in rest:
        recorded[answer.key].append(answer)
    for times in recorded.values():
        while len(times) > 1 and not times[-1].replies and times[-1].hung_up is None:
            times.pop()  # the session was over before it was answered
    said = [reply for answer in conversation.answers for reply in answer.replies]
    return Replay(
        books=books.books(said),
        version=conversation.version or NEWEST,
        next_order_id=books.next_order_id(said),
        greeting=greeting,
        recorded=dict(recorded),
        is_silent=not conversation.version,
        **options,
    )
