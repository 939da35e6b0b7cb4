"""A TCP connection with a deadline on everything, whole frames in order, and a prompt, clean end.

It stands where the official client has its own socket and reader thread, whose traps
(a connect that never returns, bytes lost at 4096, frames split or joined, quadratic buffers, a FIN
held back) all lie in that part. It knows frames, not messages.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from golive.kit.clock import SYSTEM, Clock

MAX_FRAME = 0xFFFFFF
"""The longest payload the official client accepts."""

CHUNK = 256 * 1024
SLICE_SECONDS = 0.25
"""The longest uninterrupted wait for an answer: on Windows a Ctrl-C arrives only between waits."""

FIRST_BYTES = 16
"""So many are kept: they tell which other protocol it is, where it is one."""

MOST_READS = 16
"""How much is taken without waiting, from a peer that may never stop talking."""


MOST_AT_LAST = 4 * 1024 * 1024
"""How much of what comes while it is closed is heard."""


class ConnectFailed(Exception):
    """No TCP connection came about. Says why."""


TIMEOUT = "timeout"
OUT_OF_REACH = {errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH}


class PeerClosed(Exception):
    """The connection has ended: `how` is FIN or RST where the peer closed it.

    It is TIMEOUT where nobody did: the system gave it up, for nothing reached the peer any more.
    """

    def __init__(self, how: str) -> None:
        given_up = "the gateway cannot be reached: the system gave up the connection"
        closed = f"the gateway closed the connection ({how})"
        super().__init__(given_up if how == TIMEOUT else closed)
        self.how = how


class NoAnswer(Exception):
    """Nothing came before the deadline."""


class ProtocolError(Exception):
    """What came is not the gateway's protocol."""


@dataclass(frozen=True, slots=True)
class Closing:
    """How the connection ended. Milliseconds count from the moment we closed.

    `by` is who closed first: `us`, `gateway`, or `nobody` where there was no connection.
    `gateway_closed_ms` is when its side was seen to close; None: not while we waited for it.
    """

    by: str
    gateway_closed_ms: float | None = None
    was_reset: bool = False

    @property
    def is_clean(self) -> bool:
        """We closed a living connection in order."""
        return self.by == "us" and not self.was_reset


class Transport:
    """One connected socket. Made by `connect`, ended by `close`."""

    def __init__(self, connected: socket.socket, clock: Clock = SYSTEM) -> None:
        self._socket, self._clock = connected, clock
        self._buffer = bytearray()
        self._payloads: deque[bytes] = deque()
        self._ended_by_peer: str | None = None
        self.received = 0
        """Bytes received so far."""
        self.has_overflowed = False
        """Whether more came while it was closed than is heard."""
        self.first = b""
        """The first of them."""
        self.tell: Callable[[float], None] = lambda seconds_left: None
        """Hears, while something is waited for, how many seconds are left; often, so be quick."""

    @classmethod
    def connect(cls, address: tuple[str, int], seconds: float, clock: Clock = SYSTEM) -> Transport:
        """One TCP connection to one address. Raises ConnectFailed."""
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        connected = socket.socket(family, socket.SOCK_STREAM)
        try:
            connected.settimeout(seconds)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.connect(address)
            if _is_to_itself(connected):
                raise ConnectionRefusedError
        except OSError as error:
            connected.close()
            raise ConnectFailed(_reason(error)) from None
        except BaseException:
            connected.close()
            raise
        return cls(connected, clock)

    @property
    def own_address(self) -> str:
        """The address we connected from; "" where the socket tells none any more."""
        try:
            return str(self._socket.getsockname()[0])
        except OSError:
            return ""

    @property
    def is_open(self) -> bool:
        """Whether neither side has closed, as far as has been read."""
        return self._socket.fileno() != -1 and self._ended_by_peer is None

    @property
    def ended_by_peer(self) -> str | None:
        """How, as `PeerClosed.how`, as far as has been read."""
        return self._ended_by_peer

    def fileno(self) -> int:
        """What a selector waits for; -1 once it is closed."""
        return self._socket.fileno()

    def send(self, data: bytes, deadline: float) -> None:
        """All of it, or PeerClosed or NoAnswer. `deadline` is on the clock's monotonic time."""
        self._socket.settimeout(max(0.001, deadline - self._clock.monotonic()))
        try:
            self._socket.sendall(data)
        except OSError as error:
            if _is_only_late(error):
                raise NoAnswer("the gateway does not read") from None
            raise self._ended(error) from None

    def payload(self, deadline: float) -> bytes:
        """The next frame's payload. Raises NoAnswer, PeerClosed or ProtocolError.

        The deadline holds against a peer that never stops talking, too.
        """
        while True:
            if self._clock.monotonic() >= deadline:
                raise NoAnswer("nothing more may come")
            if self._payloads:
                return self._payloads.popleft()
            self._buffer += self._read(deadline)
            self._split()

    def received_so_far(self, reads: int = MOST_READS) -> list[bytes]:
        """The payloads that are here already, without waiting. Raises ProtocolError."""
        self._buffer += b"".join(self._waiting(reads))
        return self.received_at_last()

    def received_at_last(self) -> list[bytes]:
        """The payloads that were there, or came, when it was closed. Raises ProtocolError."""
        self._split()
        found = list(self._payloads)
        self._payloads.clear()
        return found

    @property
    def unheard(self) -> str:
        """Why not all was heard that came up to the close; "" where it was."""
        if self.has_overflowed:
            return f"more than {MOST_AT_LAST:,} bytes arrived while the connection was being closed"
        return "the last message cannot be decoded: it was cut off" if self._buffer else ""

    def close(self, patience: float) -> Closing:
        """Sends the FIN at once, then reads what is still coming until the peer closes too.

        Reading on makes it an orderly end: a socket closed with bytes unread sends RST instead.
        """
        if self._socket.fileno() == -1:
            return Closing("nobody")
        self._buffer += b"".join(self._waiting())  # the peer's end may be here, unread
        by = "us" if self._ended_by_peer is None else "gateway"
        begin = self._clock.monotonic()
        try:
            self._socket.shutdown(socket.SHUT_WR)
            self._drain(begin + patience)
        except OSError:
            self._ended_by_peer = "RST"  # gone already: there is nobody to take leave of
        finally:
            self._socket.close()
        if self._ended_by_peer is None:
            return Closing(by)
        after = round((self._clock.monotonic() - begin) * 1000, 3)
        return Closing(by, after, self._ended_by_peer == "RST")

    def _drain(self, deadline: float) -> None:
        """Reads until the peer closes; of one that never stops talking, so much is kept."""
        try:
            while True:
                data = self._read(deadline)
                if len(self._buffer) < MOST_AT_LAST:
                    self._buffer += data
                else:
                    self.has_overflowed = True
        except (NoAnswer, PeerClosed):
            return

    def _read(self, deadline: float) -> bytes:
        """What has come, at least one byte. Raises NoAnswer or PeerClosed."""
        while (left := deadline - self._clock.monotonic()) > 0:
            self.tell(left)
            if data := self._receive(min(left, SLICE_SECONDS)):
                return data
        raise NoAnswer("nothing came")

    def _waiting(self, reads: int = MOST_READS) -> Iterator[bytes]:
        """What is here already, up to a bound; no more where the peer has ended."""
        for _ in range(reads):
            try:
                data = self._receive(0)
            except PeerClosed:
                return
            if not data:
                return
            yield data

    def _receive(self, seconds: float) -> bytes:
        """What comes within so long; nothing, where nothing does. Raises PeerClosed."""
        if self._ended_by_peer:
            raise PeerClosed(self._ended_by_peer)
        self._socket.settimeout(seconds)
        try:
            data = self._socket.recv(CHUNK)
        except OSError as error:
            if _is_only_late(error):
                return b""
            raise self._ended(error) from None
        if not data:
            raise self._closed("FIN")
        self.received += len(data)
        self.first += data[: FIRST_BYTES - len(self.first)]
        return data

    def _ended(self, error: OSError) -> PeerClosed:
        return self._closed(TIMEOUT if error.errno in OUT_OF_REACH else "RST")

    def _closed(self, how: str) -> PeerClosed:
        self._ended_by_peer = how
        return PeerClosed(how)

    def _split(self) -> None:
        """Moves the complete frames out of the buffer, each byte once."""
        buffer, start, end = self._buffer, 0, len(self._buffer)
        while end - start >= 4:
            (length,) = struct.unpack_from("!I", buffer, start)
            if length > MAX_FRAME:
                raise ProtocolError(
                    f"a frame of {length} bytes is announced, the limit is {MAX_FRAME}"
                )
            if end - start - 4 < length:
                break
            if length:
                self._payloads.append(bytes(buffer[start + 4 : start + 4 + length]))
            start += 4 + length
        del buffer[:start]


def _is_only_late(error: OSError) -> bool:
    """Whether our own wait is over. The system's, for the peer, is a TimeoutError to Python, too:
    the last word about a connection, whose socket from then on looks as if the peer had closed it.
    """
    is_ours = isinstance(error, TimeoutError) and error.errno != errno.ETIMEDOUT
    return is_ours or isinstance(error, BlockingIOError)


def _is_to_itself(connected: socket.socket) -> bool:
    """Where nothing listens on an ephemeral port, the kernel may connect the socket to itself."""
    try:
        return bool(connected.getsockname() == connected.getpeername())
    except OSError:
        return False


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no TCP connection within the timeout"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused: nothing listens there"
    return error.strerror or str(error)
