"""What is said over one connection: requests sent, and what comes decoded, in its order.

Requests are encoded and answers decoded by the unmodified official client (`official_client`); the
socket is ours (`transport`). There is no thread: whoever waits for an answer reads it.
"""

from __future__ import annotations

from collections.abc import Callable

from ibapi import comm
from ibapi.client import EClient
from ibapi.common import PROTOBUF_MSG_ID
from ibapi.server_versions import MIN_SERVER_VER_PROTOBUF

from golive.client.official_client import Heard, Outlet, id_and_body, joined
from golive.client.position_answer import TooManyRows
from golive.client.transport import (
    MOST_READS,
    Closing,
    NoAnswer,
    PeerClosed,
    ProtocolError,
    Transport,
)
from golive.kit.clock import Clock, coarsely

CLOSING_SECONDS = 1.0
"""How long a gateway is given to close its side after we have closed ours."""

Request = Callable[[EClient], None]
"""Has the official client send something."""

Tell = Callable[[float], None]
"""Hears, once a second and not before the first is over, how many seconds of a wait are left."""


def silently(seconds_left: float) -> None:
    """To nobody."""


class Conversation:
    """Nothing is said before it has a transport, nothing decoded before the server's version."""

    def __init__(self, heard: Heard, clock: Clock) -> None:
        self.heard, self._clock = heard, clock
        self.transport: Transport | None = None
        self.own_address = ""
        """The one we connected from."""
        self.client: EClient | None = None
        self._outlet: Outlet
        self._raw_ids = False
        self.received_by_then = 0
        """Bytes, when the server version was known."""
        self.closing: Closing | None = None
        self.garbled = ""
        """Why what came at the close could not be understood."""

    @property
    def received(self) -> int:
        """Bytes, so far."""
        return self.transport.received if self.transport else 0

    def fileno(self) -> int:
        """What a selector waits for; -1 where there is no connection."""
        return self.transport.fileno() if self.transport else -1

    def use(self, transport: Transport) -> None:
        """It is connected."""
        self.transport, self.own_address = transport, transport.own_address

    def join(self, transport: Transport, version: int, client_id: int) -> None:
        """From here on the official client encodes and decodes."""
        self.received_by_then = transport.received
        self._raw_ids = version >= MIN_SERVER_VER_PROTOBUF
        self._outlet = Outlet(transport, self._raw_ids)
        self.client = joined(self.heard, self._outlet, version, client_id)

    def start_api(self, deadline: float) -> None:
        assert self.client is not None
        self._outlet.deadline = deadline
        self.client.startApi()

    def ask(
        self,
        request: Request,
        until: Callable[[], bool],
        seconds: float,
        tell: Tell = silently,
    ) -> str:
        """Sends a request and hears what comes, until it is answered: "", or why it was not."""
        if self.client is None or self.transport is None or self.closing is not None:
            return "there is no connection"
        deadline = self._outlet.deadline = self._clock.monotonic() + seconds
        self.transport.tell = coarsely(tell)
        try:
            self.catch_up()
            if self.heard.said.obstacle:
                return str(self.heard.said.obstacle)
            self.heard.said.ask()
            self.heard.ids_given = 0  # of what is asked for now, not of what came before
            if self.transport.is_open:
                request(self.client)
            self.pump(until, deadline)  # which says how it ended, where it has
            self.catch_up()
        except NoAnswer:
            return f"no answer within {seconds:g} s"
        except (PeerClosed, ProtocolError, TooManyRows) as error:
            return str(error)
        return ""

    def send(self, request: Request, seconds: float) -> None:
        """Sends a request, and waits for nothing but its leaving. Raises PeerClosed or NoAnswer."""
        assert self.client is not None
        assert self.transport is not None
        self._outlet.deadline = self._clock.monotonic() + seconds
        if self.transport.is_open:
            request(self.client)
        if self._outlet.is_stuck:
            raise NoAnswer("the gateway does not read")
        if ended := self.transport.ended_by_peer:
            raise PeerClosed(ended)

    def hear(self, reads: int = MOST_READS) -> None:
        """Decodes what has come, without waiting. Then raises PeerClosed or ProtocolError.

        With fewer `reads` it is heard in smaller parts, where a gateway never stops talking.
        """
        assert self.transport is not None
        self.catch_up(reads)
        if ended := self.transport.ended_by_peer:
            raise PeerClosed(ended)

    def pump(self, until: Callable[[], bool], deadline: float) -> None:
        """Reads and decodes until something has happened. Raises what Transport.payload raises."""
        assert self.transport is not None
        while not until():
            self._decode(self.transport.payload(deadline))

    def catch_up(self, reads: int = MOST_READS) -> None:
        """Hears what has come already. Raises ProtocolError."""
        if self.client is not None and self.transport is not None and self.transport.is_open:
            for payload in self.transport.received_so_far(reads):
                self._decode(payload)

    def close(self) -> Closing:
        """Closes the connection, if there is one. The FIN leaves at once."""
        if self.closing is None:
            transport = self.transport
            if transport:
                transport.tell = silently
            self.closing = transport.close(CLOSING_SECONDS) if transport else Closing("nobody")
            self._hear_the_rest()
        return self.closing

    def _hear_the_rest(self) -> None:
        """What came up to the close counts as well."""
        if self.client is None or self.transport is None:
            return
        try:
            for payload in self.transport.received_at_last():
                self._decode(payload)
            self.garbled = self.transport.unheard
        except (ProtocolError, TooManyRows) as error:
            self.garbled = str(error)

    def _decode(self, payload: bytes) -> None:
        """One message to its callback, by the official decoder."""
        assert self.client is not None
        self.heard.is_decoding = True
        try:
            number, body = id_and_body(payload, self._raw_ids)
            if number > PROTOBUF_MSG_ID:
                self.client.decoder.processProtoBuf(body, number - PROTOBUF_MSG_ID)
            else:
                self.client.decoder.interpret(comm.read_fields(body), number)
        except (OSError, TooManyRows):
            raise  # of whoever listens to the events, and of who counts the rows
        except Exception as error:
            kind = type(error).__name__
            raise ProtocolError(f"a message cannot be decoded ({kind})") from error
        finally:
            self.heard.is_decoding = False
