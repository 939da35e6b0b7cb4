"""The error messages and notices of a gateway, from the first to the close, within limits."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from golive.client import messages
from golive.client.messages import CONNECTIVITY_LOST, RESTORED, ApiError, Kind
from golive.kit.text import shortened

FIRST, LAST, LONGEST = 40, 20, 300
"""How many messages are kept from the start and from the end, and the longest text."""

MOST_FARMS = 100


@dataclass(frozen=True, slots=True)
class Remark:
    """A message, when it came (milliseconds since the TCP connect began), and how often."""

    error: ApiError
    after_ms: float
    times: int = 1


class GatewayMessages:
    """Keeps each message that `add` gets. It stays small, however much a gateway sends."""

    def __init__(self) -> None:
        self._first: dict[ApiError, Remark] = {}
        self._last: deque[Remark] = deque(maxlen=LAST)
        self.count = 0
        self.obstacle: ApiError | None = None
        """The first that stands in the way. A lost link to IBKR does not count: it may return."""
        self.link_lost: ApiError | None = None
        """The notice that the gateway lost its link to IBKR; None once the link is back."""
        self.last_of_link: ApiError | None = None
        """The last message about that link, good or bad."""
        self.link_restored: ApiError | None = None
        """The notice that the link is back, if it came after the positions were requested. Then
        they must be requested again."""
        self.refusal: ApiError | None = None
        """The first message since `ask` was called that refuses what is asked for."""
        self.config_refusal: ApiError | None = None
        """The first that came instead of the gateway's own settings. It refuses nothing else."""
        self.ends_waiting = False
        """Whether waiting is useless. Only a lost link may come back."""
        self._broken: dict[str, ApiError] = {}

    def ask(self) -> None:
        """A request is sent now; a message that refuses it counts from here on."""
        self.refusal = None
        self.ends_waiting = self.obstacle is not None

    def add(self, error: ApiError, after_ms: float) -> None:
        """Hears a message."""
        if len(error.text) > LONGEST or not error.text.isprintable():
            error = replace(error, text=shortened(error.text, LONGEST))
        self.count += 1
        self._keep(error, after_ms)
        self._follow_the_farm(error)
        is_asked = error.request_id == messages.CONFIG_REQUEST
        if messages.kind(error) is Kind.ORDINARY and not is_asked:
            return  # most are: a handshake has three, and its time is short
        self._follow_the_link(error)
        if is_asked:
            self.config_refusal = self.config_refusal or error
        elif messages.kind(error) is Kind.REFUSED:
            self.refusal = self.refusal or error
        is_lasting = messages.is_obstacle(error) and error.code not in CONNECTIVITY_LOST
        if is_lasting and self.obstacle is None:
            self.obstacle = error
        self.ends_waiting = bool(self.obstacle or self.refusal)

    @property
    def against(self) -> ApiError | None:
        """What stands in the way at this moment."""
        return self.obstacle or self.link_lost

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """The first and the last of them; what was said again stands where it came first."""
        return (*self._first.values(), *self._last)

    @property
    def errors(self) -> tuple[ApiError, ...]:
        return tuple(each.error for each in self.remarks)

    @property
    def standing(self) -> tuple[ApiError, ...]:
        """What of it lasts: farms that are broken, and the last word about the link."""
        return (*self._broken.values(), *filter(None, [self.last_of_link]))

    def noted(self) -> Iterator[str]:
        """A line for each message that is no obstacle but must be read."""
        for name, error in self._broken.items():
            yield _about_a_farm(name, error)
        farms = (Kind.ORDINARY, Kind.FARM_BROKEN)
        others = (each for each in self.errors if messages.kind(each) not in farms)
        for error in dict.fromkeys(others):
            yield f"the gateway said {error}"
        if left_out := self.count - sum(each.times for each in self.remarks):
            yield f"the gateway sent {self.count:,} messages; {left_out:,} of them were left out"

    def _keep(self, error: ApiError, after_ms: float) -> None:
        if earlier := self._first.get(error):
            self._first[error] = replace(earlier, times=earlier.times + 1)
        elif len(self._first) < FIRST:
            self._first[error] = Remark(error, after_ms)
        else:
            self._last.append(Remark(error, after_ms))

    def _follow_the_link(self, error: ApiError) -> None:
        if error.code in CONNECTIVITY_LOST:
            self.link_lost = self.last_of_link = error
        elif error.code in RESTORED:
            self.link_lost, self.link_restored, self.last_of_link = None, error, error

    def _follow_the_farm(self, error: ApiError) -> None:
        if told := messages.farm(error):
            name, is_connected = told
            if is_connected:
                self._broken.pop(name, None)
            elif name in self._broken or len(self._broken) < MOST_FARMS:
                self._broken[name] = error


def _about_a_farm(name: str, error: ApiError) -> str:
    """`market data farm usfarm is broken (2103)`."""
    said = messages.CODES[error.code].meaning.removeprefix("a ").removeprefix("the ")
    return f"{said.replace(' farm ', f' farm {name} ')} ({error.code})"
