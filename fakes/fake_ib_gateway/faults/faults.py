"""The ways a gateway misbehaves, one small thing each. They compose: a gateway may have several.

A fault overrides one or two of the hooks of `Fault`. To add one, write the class, here or in the
module of its kind (`start_faults.py`, `position_faults.py`, `flood_faults.py`), and name it in
`named_faults.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from fake_ib_gateway.answering.actions import Burst, HangUp, Meanwhile, Pause, Raw
from fake_ib_gateway.answering.bursts import before_each, name_of
from fake_ib_gateway.answering.gateway import ApiSettings, Gateway, Session
from fake_ib_gateway.faults.fault import Books, Fault
from fake_ib_gateway.protocol import errors
from fake_ib_gateway.protocol.messages import Message
from fake_ib_gateway.protocol.orders import Order
from fake_ib_gateway.world.book import Book, Position, stock


@dataclass(frozen=True)
class Down(Fault):
    """Nothing listens; the port stays reserved, so that nobody else does."""

    listens = False


@dataclass(frozen=True)
class Silent(Fault):
    """Accepts, and never sends a byte."""

    def takes_note(self, gateway: Gateway) -> bool:
        return False

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
    """Answers the version and ignores START_API; its log hears nothing of it."""

    def takes_note(self, gateway: Gateway) -> bool:
        return False

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return [action for action in burst if name_of(action) == "serverVersion"]


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
        if event not in ("hello", "START_API"):
            return burst
        return before_each("nextValidId", [Pause(self.seconds)], burst)


@dataclass(frozen=True)
class Without(Fault):
    """One kind of message never arrives."""

    message: str

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return [action for action in burst if name_of(action) != self.message]


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
        return [session.speech.error(errors.CLIENT_ID_IN_USE), HangUp()]


@dataclass(frozen=True)
class ConnectivityLost(Fault):
    """Loses its link to IBKR, says error 1100, and answers from what it remembers."""

    after_seconds: float = 0.0

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event != "START_API":
            return burst
        lost = session.speech.error(errors.LOST)
        later = Meanwhile((Pause(self.after_seconds), lost))
        return [*burst, later if self.after_seconds else lost]


@dataclass(frozen=True)
class DropsLate(Fault):
    """Closes without a word so long after START_API, having answered all until then."""

    after_seconds: float = 1.0

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event != "START_API":
            return burst
        return [*burst, Meanwhile((Pause(self.after_seconds), HangUp()))]


@dataclass(frozen=True)
class WrongAccount(Fault):
    """Is logged in to another account."""

    account: str = "U99999999"

    def books(self, books: Books) -> Books:
        return (replace(books[0], account=self.account), *books[1:])


@dataclass(frozen=True)
class MissingPositions(Fault):
    """The last positions are gone."""

    missing: int = 1

    def books(self, books: Books) -> Books:
        held = books[0].positions
        return (replace(books[0], positions=held[: max(0, len(held) - self.missing)]), *books[1:])


@dataclass(frozen=True)
class ClosedPositions(Fault):
    """Zero-quantity rows stand between the open ones."""

    every: int = 3

    def books(self, books: Books) -> Books:
        return tuple(replace(book, positions=tuple(self._rows(book))) for book in books)

    def _rows(self, book: Book) -> Iterator[Position]:
        for number, row in enumerate(book.positions):
            if number % self.every == 0:
                other = replace(row.contract, con_id=row.contract.con_id + 1)
                yield replace(row.closed(), contract=other)
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

    rank = -1

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event == "hello":
            accounts = session.speech.managed_accounts(session.gateway.accounts)
            return [*burst, accounts, session.speech.next_valid_id(session.gateway.next_order_id)]
        said = ("managedAccounts", "nextValidId") if event == "START_API" else ()
        return [action for action in burst if name_of(action) not in said]


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


@dataclass(frozen=True)
class Starting(Silent):
    """Silent until it has been up for its initialization time."""

    seconds: float = 90.0

    def takes_note(self, gateway: Gateway) -> bool:
        return gateway.up_seconds >= self.seconds

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return burst if self.takes_note(session.gateway) else []


@dataclass(frozen=True)
class AuthenticationFailed(Silent):
    """Silent, since nobody is logged in; its log says so."""

    login: ClassVar[str] = "rejected"


@dataclass(frozen=True)
class WithoutListener(Fault):
    """Runs, and does not listen: its log says how far its login has come."""

    listens = False
    waits = True


@dataclass(frozen=True)
class SecondFactor(WithoutListener):
    """Waits for the second factor."""

    login: ClassVar[str] = "second-factor"


@dataclass(frozen=True)
class SecondFactorExpired(WithoutListener):
    """The second factor was not given in time."""

    login: ClassVar[str] = "second-factor-expired"


@dataclass(frozen=True)
class Throttled(WithoutListener):
    """Pauses logins, after several that failed."""

    login: ClassVar[str] = "throttled"


@dataclass(frozen=True)
class WrongPassword(WithoutListener):
    """The password is wrong."""

    login: ClassVar[str] = "rejected"


@dataclass(frozen=True)
class SessionTaken(WithoutListener):
    """Another session of the same user took its login."""

    login: ClassVar[str] = "session-taken"


@dataclass(frozen=True)
class LoginUnanswered(WithoutListener):
    """IBKR does not answer its login."""

    login: ClassVar[str] = "unanswered"


@dataclass(frozen=True)
class NotLoggedIn(WithoutListener):
    """Nobody has begun to log in."""

    login: ClassVar[str] = "not-begun"


@dataclass(frozen=True)
class Dialog(Fault):
    """A dialog asks whether to accept the connection, and a person does so after a while."""

    seconds: float = 3.0

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event != "hello":
            return burst
        said = [each for each in burst if isinstance(each, Message | Pause | HangUp)]
        return [Meanwhile((Pause(self.seconds), *said))]


@dataclass(frozen=True)
class OtherProtocol(Fault):
    """Another program has the port: it answers the hello in its own protocol, and closes."""

    HTTP: ClassVar = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
    TLS_ALERT: ClassVar = bytes.fromhex("15 0303 0002 02 0a")
    """Fatal, unexpected message: what comes where no ClientHello did."""
    data: bytes = HTTP

    def takes_note(self, gateway: Gateway) -> bool:
        return False

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return [Raw(self.data), HangUp()] if event == "hello" else []


@dataclass(frozen=True)
class Mute(Fault):
    """Stops answering after the handshake, or so long after it; the socket stays open."""

    after_seconds: float = 0.0

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        is_handshake = event in ("connect", "hello", "START_API")
        return burst if is_handshake or session.up_seconds < self.after_seconds else []


@dataclass(frozen=True)
class WrongPort(Down):
    """Listens, but on another of the four ports."""

    elsewhere: ClassVar[tuple[int, ...]] = (4002, 7497, 7496, 4001)


@dataclass(frozen=True)
class WrongAddress(Down):
    """Listens on its port, but at another address of this machine, whatever that has."""

    addresses: ClassVar[tuple[str, ...]] = ("::1", "127.0.0.2", "127.0.0.1")


@dataclass(frozen=True)
class Busy(Fault):
    """Another program is connected already."""

    others: int = 1


@dataclass(frozen=True)
class LateZombies(Zombies):
    """CLOSE_WAIT sockets appear while it runs."""

    zombies: int = 3
    zombies_after: float = 1.0


@dataclass(frozen=True)
class ReadOnly(Fault):
    """The Read-Only API is on: whatever might write is answered with error 321."""

    def settings(self, settings: ApiSettings) -> ApiSettings:
        return replace(settings, read_only=True)


@dataclass(frozen=True)
class OtherMaster(Fault):
    """Its master client id is another one than the client's."""

    client_id: int = 99

    def settings(self, settings: ApiSettings) -> ApiSettings:
        return replace(settings, master_client_id=self.client_id)


@dataclass(frozen=True)
class OtherTrusted(Fault):
    """Trusts this address alone. Whoever connects from another was let in by hand."""

    address: str = "192.0.2.7"
    """Of a network that is for examples."""

    def settings(self, settings: ApiSettings) -> ApiSettings:
        return replace(settings, trusted_ips=(self.address,))


@dataclass(frozen=True)
class OrdersFirst(Fault):
    """Orders of this client id, and nextValidId, arrive unasked before managedAccounts."""

    rank = -1

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event != "START_API" or session.client_id is None or not burst:
            return burst
        say = session.speech
        order = Order(order_id=1, client_id=session.client_id)
        told: Burst = [say.open_order(order), say.order_status(order), say.open_order_end()]
        rest = [action for action in burst if name_of(action) != "nextValidId"]
        return [say.next_valid_id(order.order_id + 1), *told, *rest]


@dataclass(frozen=True)
class Chatty(Fault):
    """Farms flap, and orders of another program are told of, between everything else."""

    rank = -1

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        if event in ("connect", "hello"):
            return burst
        noise = self.noise(session)
        return [each for action in burst for each in (*noise, action)] + [*noise]

    def noise(self, session: Session) -> tuple[Message, ...]:
        """What comes between."""
        say = session.speech
        order = Order(order_id=7, client_id=session.gateway.someone_else)
        return (
            say.error(errors.FARM_IS_BROKEN.about("usfarm")),
            say.error(errors.HISTORY_FARM_IS_BROKEN.about("ushmds")),
            say.error(errors.FARM_IS_OK.about("usfarm")),
            say.order_status(order),
        )


@dataclass(frozen=True)
class OtherOrders(Chatty):
    """What becomes of an order of another program is told, between everything else."""

    order_id: int = 7

    def noise(self, session: Session) -> tuple[Message, ...]:
        told = (errors.ORDER_CANCELLED, errors.ORDER_MESSAGE)
        return tuple(session.speech.error(each, request_id=self.order_id) for each in told)


@dataclass(frozen=True)
class Hostile(Fault):
    """Names are markup, control and bidirectional characters, or 10 kB long."""

    NAMES: ClassVar = (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "\x1b[2J\x1b[31mGO\x07",
        "\u202eOG-ON\u202c\u2066",
        "line\r\nbreak\ttab",
        "=1+1|cmd'!A1",
        "X" * 10_000,
    )

    def books(self, books: Books) -> Books:
        names = itertools.cycle(self.NAMES)
        rows = tuple(self._renamed(row, next(names)) for row in books[0].positions)
        stranger = Book(self.NAMES[0], (stock(1, self.NAMES[1], "NYSE", "1", 1.0),))
        return (replace(books[0], positions=rows), *books[1:], stranger)

    def _renamed(self, row: Position, name: str) -> Position:
        return replace(row, contract=replace(row.contract, symbol=name, local_symbol=name))
