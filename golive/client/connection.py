"""The one connection to a gateway: opened once, asked for what it holds, closed cleanly.

Requests are encoded and answers decoded by the unmodified official client
(`official_client`); the socket is ours (`transport`). There is no thread: whoever waits for an
answer reads it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from ibapi import comm
from ibapi.client import EClient
from ibapi.common import PROTOBUF_MSG_ID
from ibapi.server_versions import MAX_CLIENT_VER, MIN_CLIENT_VER, MIN_SERVER_VER_PROTOBUF

from golive.client import other_protocols
from golive.client.answers import Access, Behind, Event, Handshake, Positions
from golive.client.messages import CLIENT_ID_IN_USE, ApiError
from golive.client.official_client import (
    TELLS_CONFIG,
    Heard,
    Hearing,
    Outlet,
    ask_for_config,
    hear_early,
    id_and_body,
    joined,
)
from golive.client.position_answer import PositionAnswer, TooManyRows
from golive.client.said import Said
from golive.client.transport import (
    MOST_READS,
    Closing,
    ConnectFailed,
    NoAnswer,
    PeerClosed,
    ProtocolError,
    Transport,
)
from golive.kit.clock import SYSTEM, Clock, coarsely
from golive.machine import sockets
from golive.machine.api_settings import ApiSettings

CLOSING_SECONDS = 1.0
"""How long a gateway is given to close its side after we have closed ours."""

MOST_FRAMES_BEFORE_THE_VERSION = 16

TIMES = 2
"""How often ids are asked for."""

TIMES_AGAIN = 2
"""How often the positions are requested again at most, if the link to IBKR comes back meanwhile."""

MOST_EVENTS = 50
"""Events of one name that are shown: a gateway may repeat itself without end."""

Request = Callable[[EClient], None]
"""Has the official client send something."""

Tell = Callable[[float], None]
"""Hears, once a second and not before the first is over, how many seconds of a wait are left."""


def _silently(seconds_left: float) -> None:
    """To nobody."""


class Begun(Protocol):
    """An attempt that was begun."""

    @property
    def address(self) -> str | None:
        """Where the gateway is seen to listen; None: that is not seen."""
        ...


class Attempts(Protocol):
    """Who lets an attempt be made: once, or not at all."""

    def begin(self, host: str, port: int, client_id: int) -> Begun:
        """Raises where the attempt may not be made; nothing is connected then."""
        ...


class Connection:
    """One attempt at one endpoint. Open it, ask, close it; nothing makes it try again."""

    def __init__(
        self,
        host: str,
        port: int,
        client_id: int,
        attempts: Attempts,
        clock: Clock = SYSTEM,
        listen: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self._host, self._port, self._client_id = host, port, client_id
        self._attempts, self._clock, self._listen = attempts, clock, listen
        self._heard = Heard(self._happened)
        self._heard.now = self._elapsed_ms
        self._told: Counter[str] = Counter()
        self._client: EClient | None = None
        self._outlet: Outlet
        self._raw_ids = False
        self._received_by_then = 0
        self._transport: Transport | None = None
        self._begin = 0.0
        self._address: str | None = None
        self.own_address = ""
        """The address we connected from."""
        self.handshake = Handshake()
        self.closing: Closing | None = None
        self._garbled = ""
        """Why what came at the close could not be understood."""

    def open(self, seconds: float, tell: Tell = _silently) -> Handshake:
        """Connects, says hello, starts the API and waits for nextValidId and managedAccounts.

        Never raises for what a gateway does: the handshake says how far it came, after `seconds`
        at most. Raises what `attempts` raises, before anything is connected.
        """
        self._address = self._attempts.begin(self._host, self._port, self._client_id).address
        logging.getLogger("ibapi").setLevel(logging.CRITICAL)  # it would log accounts, slowly
        self._begin = self._clock.monotonic()
        stopped: str | None = "interrupted"
        reason = "the run was interrupted"
        try:
            stopped, reason = self._shake_hands(self._begin + seconds, tell)
        finally:
            if stopped:
                self.close()
            self.handshake = self._handshake(stopped, reason)
            self._heard.agreed = frozenset(self.handshake.accounts)
        return self.handshake

    def access(self, seconds: float, tell: Tell = _silently) -> Access:
        """Asks for ids: it places no order, and a gateway in Read-Only mode refuses it.

        Twice, since an id that was on its way unasked would look like an answer.
        """
        reason, refusal = self._ids(seconds, tell), self._heard.said.refusal
        is_granted = self._heard.ids_given >= TIMES and not refusal and not reason
        return Access(is_granted, refusal, reason or (refusal.text if refusal else ""))

    def api_settings(self, seconds: float, tell: Tell = _silently) -> ApiSettings:
        """Asks for the gateway's own settings, which it tells from server version 219 on.

        Where it does not tell them, `source` says why, and all else is None.
        """
        version, heard = self.handshake.server_version or 0, self._heard
        said = heard.said
        if version < TELLS_CONFIG:
            return ApiSettings(f"server version {version} does not tell them")
        heard.api_settings = None
        reason = self._ask(
            ask_for_config,
            lambda: bool(heard.api_settings or said.config_refusal) or said.ends_waiting,
            seconds,
            tell,
        )
        if not heard.api_settings and (refusal := said.config_refusal or said.refusal):
            reason = str(refusal)
        return heard.api_settings or ApiSettings(f"the gateway does not tell them: {reason}")

    def positions(self, seconds: float, tell: Tell = _silently) -> Positions:
        """Asks for the positions of all accounts, and waits for their end."""
        answer, said = PositionAnswer(self._received), self._heard.said
        self._heard.answer, said.link_restored = answer, None
        reason = self._ask(
            lambda client: client.reqPositions(),
            lambda: answer.has_ended or said.ends_waiting,
            seconds,
            tell,
        )
        against = self.against
        return Positions(
            tuple(answer.rows.values()),
            answer.has_ended and not reason,
            against,
            reason or (str(against) if against else ""),
            tuple(answer.contradictions),
            answer.is_flood,
        )

    def settled(
        self, found: Positions, seconds: float, tell: Tell = _silently
    ) -> tuple[Positions, Behind]:
        """The positions, and what came after their end, up to the answer to a request for ids.

        Where the link to IBKR came back in the meantime, what was answered before is asked again;
        all that within `seconds`.
        """
        said, deadline = self._heard.said, self._clock.monotonic() + seconds

        def left() -> float:
            return max(0.0, round(deadline - self._clock.monotonic(), 3))

        for _ in range(TIMES_AGAIN):
            reason = self._ids(left(), tell) if found.has_ended else ""
            if said.link_lost or not said.link_restored:
                return found, self.behind(reason)
            found = self.positions(left(), tell)
        return found, self.behind(self._ids(left(), tell))

    def behind(self, reason: str = "") -> Behind:
        """What has come after the positions' end by now.

        A link that came back after it stands in the way until they are asked for again.
        """
        heard = self._heard
        is_judged_here = heard.answer.has_ended and not heard.hearing
        restored = heard.said.link_restored if is_judged_here else None
        is_other = heard.has_other_accounts
        if heard.hearing:  # whoever holds it judges what was so for a time
            is_other = frozenset(heard.accounts) != heard.agreed
        changed = "the gateway names other accounts than before" if is_other else ""
        rows = tuple(heard.answer.behind.values())
        why = reason or changed or self._garbled
        overflowed = self._transport is not None and self._transport.has_overflowed
        is_flood = heard.answer.is_flood or overflowed
        return Behind(rows, self.against or restored, why, is_other, is_flood)

    def _ids(self, seconds: float, tell: Tell) -> str:
        """Asks for ids: what the gateway had queued comes before. "", or why none came."""
        heard = self._heard
        return self._ask(
            _ask_for_ids,
            lambda: heard.ids_given >= TIMES or heard.said.ends_waiting,
            seconds,
            tell,
        )

    @property
    def said(self) -> Said:
        """What the gateway has said, as messages of type error."""
        return self._heard.said

    @property
    def against(self) -> ApiError | None:
        """What it said that stands in the way, at this moment.

        Of a connection that is held, only its link: whoever holds it judges the rest.
        """
        said = self._heard.said
        return said.link_lost if self._heard.hearing else said.against

    def _received(self) -> int:
        """Bytes, so far."""
        return self._transport.received if self._transport else 0

    def hold(self, hearing: Hearing) -> None:
        """From here on it is told what comes, as it comes, by `hear`; first, what errors came,
        and what accounts were named last.
        """
        said = self._heard.said
        for error in (*said.errors, *said.standing):
            hearing.error(error)
        hearing.accounts(self._heard.accounts)
        self._heard.hearing = hearing

    def release(self) -> None:
        """What comes is kept here again, as before it was held."""
        self._heard.hearing = None

    def fileno(self) -> int:
        """What a selector waits for; -1 where there is no connection."""
        return self._transport.fileno() if self._transport else -1

    def send(self, request: Request, seconds: float) -> None:
        """Sends a request, and waits for nothing but its leaving. Raises PeerClosed or NoAnswer."""
        assert self._client is not None
        assert self._transport is not None
        self._outlet.deadline = self._clock.monotonic() + seconds
        if self._transport.is_open:
            request(self._client)
        if self._outlet.is_stuck:
            raise NoAnswer("the gateway does not read")
        if ended := self._transport.ended_by_peer:
            raise PeerClosed(ended)

    def hear(self, reads: int = MOST_READS) -> None:
        """Decodes what has come, without waiting. Then raises PeerClosed or ProtocolError.

        With fewer `reads` it is heard in smaller parts, where a gateway never stops talking.
        """
        assert self._transport is not None
        self._catch_up(reads)
        if ended := self._transport.ended_by_peer:
            raise PeerClosed(ended)

    def close(self) -> Closing:
        """Closes the connection, if there is one. The FIN leaves at once."""
        if self.closing is None:
            transport = self._transport
            if transport:
                transport.tell = _silently
            self.closing = transport.close(CLOSING_SECONDS) if transport else Closing("nobody")
            self._hear_the_rest()
        return self.closing

    def _hear_the_rest(self) -> None:
        """What came up to the close counts as well."""
        if self._client is None or self._transport is None:
            return
        try:
            for payload in self._transport.received_at_last():
                self._decode(payload)
            self._garbled = self._transport.unheard
        except (ProtocolError, TooManyRows) as error:
            self._garbled = str(error)

    def _ask(
        self,
        request: Request,
        until: Callable[[], bool],
        seconds: float,
        tell: Tell,
    ) -> str:
        """Sends a request and hears what comes, until it is answered: "", or why it was not."""
        if self._client is None or self._transport is None or self.closing is not None:
            return "there is no connection"
        deadline = self._outlet.deadline = self._clock.monotonic() + seconds
        self._transport.tell = coarsely(tell)
        try:
            self._catch_up()
            if self._heard.said.obstacle:
                return str(self._heard.said.obstacle)
            self._heard.said.ask()
            self._heard.ids_given = 0  # of what is asked for now, not of what came before
            if self._transport.is_open:
                request(self._client)
            self._pump(until, deadline)  # which says how it ended, where it has
            self._catch_up()
        except NoAnswer:
            return f"no answer within {seconds:g} s"
        except (PeerClosed, ProtocolError, TooManyRows) as error:
            return str(error)
        return ""

    def _shake_hands(self, deadline: float, tell: Tell) -> tuple[str | None, str]:
        """The stage at which it stopped, and why; (None, "") where it is complete."""
        heard = self._heard
        try:
            transport = self._transport = self._connect(deadline)
            transport.tell = coarsely(tell)
            self._say_hello(transport, deadline)
            self._start_api(deadline)
            self._pump(lambda: heard.is_ready or heard.said.ends_waiting, deadline)
            self._catch_up()  # a refusal may come right behind
        except ConnectFailed as error:
            return "refused", str(error)
        except NoAnswer:
            return self._stage(), f"no answer within {deadline - self._begin:g} s"
        except ProtocolError as error:
            return "protocol-error", str(error)
        except PeerClosed as error:
            if not self.against:
                return "closed-after-start" if transport.received else "closed-at-once", str(error)
        return self._said_instead()

    def _said_instead(self) -> tuple[str | None, str]:
        """Where something stands in the way of an answer, or of one that is complete already."""
        against = self.against
        if against and against.code == CLIENT_ID_IN_USE:
            return "client-id-in-use", str(against)
        if against and not self._heard.is_ready:
            return self._stage(), str(against)
        return None, ""

    def _connect(self, deadline: float) -> Transport:
        ips = (self._address,) if self._address else sockets.addresses(self._host)
        if not ips:
            raise ConnectFailed(f"the name {self._host} cannot be resolved")
        left = deadline - self._clock.monotonic()
        self._happened("connecting", f"{self._host}:{self._port} clientId={self._client_id}")
        transport = Transport.connect((ips[0], self._port), left, self._clock)
        self._happened("connected")
        self.own_address = transport.own_address
        return transport

    def _say_hello(self, transport: Transport, deadline: float) -> None:
        """Sends what the client speaks, and learns the server version."""
        hello = comm.make_initial_msg(f"v{MIN_CLIENT_VER}..{MAX_CLIENT_VER}")
        transport.send(b"API\0" + hello, deadline)
        self._happened("hello sent", f"v{MIN_CLIENT_VER}..{MAX_CLIENT_VER}")
        for _ in range(MOST_FRAMES_BEFORE_THE_VERSION):
            payload = transport.payload(deadline)
            fields = comm.read_fields(payload)
            if len(fields) == 2:
                self._join(transport, _server_version(fields[0]))
                return
            self._hear_early(payload)
        raise ProtocolError("what came is no server version")

    def _hear_early(self, payload: bytes) -> None:
        """A message of type error; the official client, too, passes over whatever else is early."""
        try:
            hear_early(self._heard, payload)
        except Exception as error:
            raise ProtocolError("what came before the server version is no message") from error

    def _join(self, transport: Transport, version: int) -> None:
        """From here on the official client encodes and decodes."""
        self._happened("server version", str(version))
        self._received_by_then = transport.received
        self._raw_ids = version >= MIN_SERVER_VER_PROTOBUF
        self._outlet = Outlet(transport, self._raw_ids)
        self._client = joined(self._heard, self._outlet, version, self._client_id)

    def _start_api(self, deadline: float) -> None:
        assert self._client is not None
        self._outlet.deadline = deadline
        self._client.startApi()
        self._happened("start api")
        self._heard.connectAck()

    def _pump(self, until: Callable[[], bool], deadline: float) -> None:
        """Reads and decodes until something has happened. Raises what Transport.payload raises."""
        assert self._transport is not None
        while not until():
            self._decode(self._transport.payload(deadline))

    def _catch_up(self, reads: int = MOST_READS) -> None:
        """Hears what has come already. Raises ProtocolError."""
        if self._client is not None and self._transport is not None and self._transport.is_open:
            for payload in self._transport.received_so_far(reads):
                self._decode(payload)

    def _decode(self, payload: bytes) -> None:
        """One message to its callback, by the official decoder."""
        assert self._client is not None
        self._heard.is_decoding = True
        try:
            number, body = id_and_body(payload, self._raw_ids)
            if number > PROTOBUF_MSG_ID:
                self._client.decoder.processProtoBuf(body, number - PROTOBUF_MSG_ID)
            else:
                self._client.decoder.interpret(comm.read_fields(body), number)
        except (OSError, TooManyRows):
            raise  # of whoever listens to the events, and of who counts the rows
        except Exception as error:
            kind = type(error).__name__
            raise ProtocolError(f"a message cannot be decoded ({kind})") from error
        finally:
            self._heard.is_decoding = False

    def _stage(self) -> str:
        """Where a gateway that says nothing more has stopped."""
        heard = self._heard
        if self._transport is None:
            return "refused"
        if "server version" not in heard.times:
            return "no-byte" if self._transport.received == 0 else "protocol-error"
        if heard.next_valid_id is None:
            return "no-next-valid-id" if heard.accounts else "version-only"
        return "no-managed-accounts"

    def _happened(self, name: str, detail: str = "") -> None:
        elapsed = self._elapsed_ms()
        self._heard.times.setdefault(name, elapsed)
        self._told[name] += 1
        if self._told[name] == MOST_EVENTS:
            detail = "so many of these came that the rest are not shown"
        if self._told[name] <= MOST_EVENTS:
            self._listen(Event(name, detail, self._clock.now(), elapsed))

    def _elapsed_ms(self) -> float:
        return round((self._clock.monotonic() - self._begin) * 1000, 3)

    def _handshake(self, stopped: str | None, reason: str) -> Handshake:
        heard = self._heard
        received = self._transport.received if self._transport else 0
        return Handshake(
            tcp_ms=heard.times.get("connected"),
            server_version_ms=heard.times.get("server version"),
            start_api_ms=heard.times.get("start api"),
            managed_accounts_ms=heard.times.get("managedAccounts"),
            next_valid_id_ms=heard.times.get("nextValidId"),
            server_version=self._client.serverVersion() if self._client else None,
            connect_ack="connectAck" in heard.times,
            next_valid_id=heard.next_valid_id,
            accounts=heard.accounts,
            errors=heard.said.errors,
            bytes_received=received,
            talked=bool(heard.said.count) or received > self._received_by_then > 0,
            spoken=other_protocols.spoken(self._transport.first) if self._transport else "",
            stopped=stopped,
            reason=reason,
        )


def _ask_for_ids(client: EClient) -> None:
    for _ in range(TIMES):
        client.reqIds(-1)


def _server_version(field: bytes) -> int:
    text = field.decode("ascii", "replace")
    is_number = text.isdigit() and len(text) <= 3
    if not is_number or not MIN_CLIENT_VER <= int(text) <= MAX_CLIENT_VER:
        raise ProtocolError(f"server version {text[:20]!r} is none this client speaks")
    return int(text)
