"""The ways a gateway misbehaves, one small thing each. They compose: a gateway may have several.

A fault overrides one or two of the hooks of `Fault`; `Fault()` itself changes nothing. To add one,
write the class and put it into `FAULTS` under the name the command line knows it by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from fakes.gateway import gateway
from fakes.gateway.book import Book, Position
from fakes.gateway.gateway import Burst, HangUp, Pause, Raw, Session
from fakes.gateway.messages import Message


@dataclass(frozen=True)
class Fault:
    """A healthy gateway, hook by hook."""

    listens = True
    """Whether anything listens on the port."""
    accepts = True
    """Whether connections are taken from the accept queue."""
    closes = True
    """Whether the gateway closes its side once the client has closed its own."""
    zombies = 0
    """CLOSE_WAIT sockets on the port before anybody connects."""
    queued = 0
    """Connections left waiting in the accept queue."""

    def book(self, book: Book) -> Book:
        """The book it reports."""
        return book

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        """What it says on an event: `connect`, `hello`, or a request's name."""
        return burst

    def segments(self, data: bytes) -> Iterable[bytes | Pause]:
        """How bytes are cut into segments."""
        return (data,)


@dataclass(frozen=True)
class Down(Fault):
    """Nothing listens; the port stays reserved, so that nobody else does."""

    listens = False


@dataclass(frozen=True)
class Silent(Fault):
    """Accepts, and never sends a byte."""

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return []


@dataclass(frozen=True)
class Leaky(Silent):
    """Silent, and what its clients abandon stays in CLOSE_WAIT."""

    closes = False


@dataclass(frozen=True)
class Zombies(Fault):
    """CLOSE_WAIT sockets are there before the first attempt."""

    zombies: int = 3


@dataclass(frozen=True)
class Wedged(Fault):
    """Listens and never accepts: one connection already waits in the accept queue."""

    accepts = False
    queued: int = 1


@dataclass(frozen=True)
class NoClose(Fault):
    """Never closes its side after a client's clean close."""

    closes = False


@dataclass(frozen=True)
class NoStart(Fault):
    """Answers the version and ignores START_API."""

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return burst if event == "hello" else []


@dataclass(frozen=True)
class Refuses(Fault):
    """Closes right after accepting."""

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return [HangUp()]


@dataclass(frozen=True)
class Garbage(Fault):
    """Answers the hello with bytes that are no frame."""

    data: bytes = b"\x7f\xff\xff\xffHTTP/1.1 400 Bad Request\r\n\r\n"

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return [Raw(self.data)] if event == "hello" else []


@dataclass(frozen=True)
class Slow(Fault):
    """Takes its time before nextValidId."""

    seconds: float = 1.5

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event != "START_API":
            return burst
        return _before("nextValidId", [Pause(self.seconds)], burst)


@dataclass(frozen=True)
class Without(Fault):
    """One kind of message never arrives."""

    message: str

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return [action for action in burst if _name(action) != self.message]


@dataclass(frozen=True)
class Drops(Fault):
    """Closes without a word, having given a part of an answer."""

    event: str = "REQ_POSITIONS"
    part: float = 0.5
    after_seconds: float = 0.0

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event != self.event:
            return burst
        return [*burst[: int(len(burst) * self.part)], Pause(self.after_seconds), HangUp()]


@dataclass(frozen=True)
class ClientIdInUse(Fault):
    """Says error 326 to START_API and closes."""

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event != "START_API":
            return burst
        code, text = gateway.CLIENT_ID_IN_USE
        return [session.speech.error(gateway.NO_REQUEST, code, text), HangUp()]


@dataclass(frozen=True)
class ConnectivityLost(Fault):
    """Has lost its link to IBKR, says error 1100, and answers from what it remembers."""

    text: str = "Connectivity between IBKR and Trader Workstation has been lost."

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event != "START_API":
            return burst
        return [*burst, session.speech.error(gateway.NO_REQUEST, 1100, self.text)]


@dataclass(frozen=True)
class WrongAccount(Fault):
    """Is logged in to another account."""

    account: str = "U99999999"

    def book(self, book: Book) -> Book:
        return replace(book, account=self.account)


@dataclass(frozen=True)
class MissingPositions(Fault):
    """The last positions are gone."""

    missing: int = 1

    def book(self, book: Book) -> Book:
        return replace(book, positions=book.positions[: max(0, len(book.positions) - self.missing)])


@dataclass(frozen=True)
class ClosedPositions(Fault):
    """Zero-quantity rows stand between the open ones."""

    every: int = 3

    def book(self, book: Book) -> Book:
        return replace(book, positions=tuple(self._rows(book)))

    def _rows(self, book: Book) -> Iterator[Position]:
        for number, row in enumerate(book.positions):
            if number % self.every == 0:
                yield replace(row.closed(), con_id=row.con_id + 1)
            yield row


@dataclass(frozen=True)
class Fragmented(Fault):
    """Every byte in a segment of its own; the first so slowly that nothing joins them again."""

    slow_bytes: int = 40
    """More than the version frame has."""

    def segments(self, data: bytes) -> Iterator[bytes | Pause]:
        for number in range(len(data)):
            yield data[number : number + 1]
            yield Pause(0.002 if len(data) <= self.slow_bytes else 0)


@dataclass(frozen=True)
class Joined(Fault):
    """The session's start comes in one segment with the version, before START_API is sent."""

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event == "hello":
            accounts = session.speech.managed_accounts(session.gateway.book.account)
            return [*burst, accounts, session.speech.next_valid_id(session.gateway.next_order_id)]
        return [] if event == "START_API" else burst


@dataclass(frozen=True)
class Boundary(Fault):
    """Every burst is a multiple of 4096 bytes long, filled up with a farm notice; then quiet.

    A client that reads 4096 bytes at a time waits for more, and may lose what it has.
    """

    size: int = 4096

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event in ("connect", "hello") or not burst:
            return burst
        length = sum(len(action.frame) for action in burst if isinstance(action, Message))
        shortest = len(self._notice(session, "").frame)
        fill = (-length - shortest) % self.size
        return [self._notice(session, "." * fill), *burst]

    def _notice(self, session: Session, filling: str) -> Message:
        text = "Market data farm connection is OK:usfarm" + filling
        return session.speech.error(gateway.NO_REQUEST, 2104, text, milliseconds=1)


FAULTS: dict[str, Callable[..., Fault]] = {
    "healthy": Fault,
    "down": Down,
    "silent": Silent,
    "leaky": Leaky,
    "zombies": Zombies,
    "wedged": Wedged,
    "no-start": NoStart,
    "slow": Slow,
    "refuses": Refuses,
    "garbage": Garbage,
    "accounts-only": lambda: Without("nextValidId"),
    "drops-after-start": lambda: Drops("START_API", part=0, after_seconds=0.5),
    "no-close": NoClose,
    "fragmented": Fragmented,
    "boundary": Boundary,
    "client-id-in-use": ClientIdInUse,
    "connectivity-lost": ConnectivityLost,
    "wrong-account": WrongAccount,
    "missing-positions": MissingPositions,
    "closed-positions": ClosedPositions,
    "endless-positions": lambda: Without("positionEnd"),
    "drops": Drops,
    "drops-after-positions": lambda: Drops(part=1),
    "joined": Joined,
}
"""By the names of the command line."""


class UnknownFault(ValueError):
    """No fault has this name."""


def named(name: str) -> Fault:
    """The fault of a name. Raises UnknownFault, which says what there is."""
    if name not in FAULTS:
        raise UnknownFault(f"no fault {name!r}; there are: {', '.join(FAULTS)}")
    return FAULTS[name]()


def _name(action: object) -> str:
    return action.name if isinstance(action, Message) else ""


def _before(name: str, actions: Burst, burst: Burst) -> Burst:
    """The burst with more actions before each message of a name."""
    return [
        each
        for action in burst
        for each in ([*actions, action] if _name(action) == name else [action])
    ]
