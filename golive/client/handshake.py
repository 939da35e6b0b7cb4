"""From the TCP connect to nextValidId: hello, the server's version, startApi, what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from ibapi import comm
from ibapi.server_versions import MAX_CLIENT_VER, MIN_CLIENT_VER

from golive.client import other_protocols
from golive.client.answers import Handshake
from golive.client.conversation import Conversation, Tell
from golive.client.messages import CLIENT_ID_IN_USE, ApiError
from golive.client.official_client import Heard, hear_early
from golive.client.timeline import Timeline
from golive.client.transport import (
    ConnectFailed,
    NoAnswer,
    PeerClosed,
    ProtocolError,
    Transport,
)
from golive.kit.clock import Clock, coarsely
from golive.machine import sockets

MOST_FRAMES_BEFORE_THE_VERSION = 16


@dataclass
class Opening:
    """One opening of a connection. `perform` it, then ask for its `result`."""

    host: str
    port: int
    client_id: int
    conversation: Conversation
    timeline: Timeline
    clock: Clock

    @property
    def _heard(self) -> Heard:
        return self.conversation.heard

    @property
    def _against(self) -> ApiError | None:
        return self._heard.said.against

    def perform(self, address: str | None, seconds: float, tell: Tell) -> tuple[str | None, str]:
        """The stage at which it stopped, and why; (None, "") where it is complete.

        `address` is where the gateway is seen to listen; None: that is not seen.
        """
        heard, deadline = self._heard, self.timeline.begin() + seconds
        try:
            transport = self._connect(address, deadline)
            transport.tell = coarsely(tell)
            self._say_hello(transport, deadline)
            self._start_api(deadline)
            self.conversation.pump(lambda: heard.is_ready or heard.said.ends_waiting, deadline)
            self.conversation.catch_up()  # a refusal may come right behind
        except ConnectFailed as error:
            return "refused", str(error)
        except NoAnswer:
            return self._stage(), f"no answer within {seconds:g} s"
        except ProtocolError as error:
            return "protocol-error", str(error)
        except PeerClosed as error:
            if not self._against:
                return "closed-after-start" if transport.received else "closed-at-once", str(error)
        return self._said_instead()

    def result(self, stopped: str | None, reason: str) -> Handshake:
        """How far it came."""
        heard, line, first = self._heard, self.conversation, self.timeline.first
        return Handshake(
            tcp_ms=first("connected"),
            server_version_ms=first("server version"),
            start_api_ms=first("start api"),
            managed_accounts_ms=first("managedAccounts"),
            next_valid_id_ms=first("nextValidId"),
            server_version=line.client.serverVersion() if line.client else None,
            connect_ack=first("connectAck") is not None,
            next_valid_id=heard.next_valid_id,
            accounts=heard.accounts,
            errors=heard.said.errors,
            bytes_received=line.received,
            talked=bool(heard.said.count) or line.received > line.received_by_then > 0,
            spoken=other_protocols.spoken(line.transport.first) if line.transport else "",
            stopped=stopped,
            reason=reason,
        )

    def _said_instead(self) -> tuple[str | None, str]:
        """Where something stands in the way of an answer, or of one that is complete already."""
        against = self._against
        if against and against.code == CLIENT_ID_IN_USE:
            return "client-id-in-use", str(against)
        if against and not self._heard.is_ready:
            return self._stage(), str(against)
        return None, ""

    def _connect(self, address: str | None, deadline: float) -> Transport:
        ips = (address,) if address else sockets.addresses(self.host)
        if not ips:
            raise ConnectFailed(f"the name {self.host} cannot be resolved")
        left = deadline - self.clock.monotonic()
        to = f"{self.host}:{self.port} clientId={self.client_id}"
        self.timeline.happened("connecting", to)
        transport = Transport.connect((ips[0], self.port), left, self.clock)
        self.timeline.happened("connected")
        self.conversation.use(transport)
        return transport

    def _say_hello(self, transport: Transport, deadline: float) -> None:
        """Sends what the client speaks, and learns the server version."""
        versions = f"v{MIN_CLIENT_VER}..{MAX_CLIENT_VER}"
        transport.send(b"API\0" + comm.make_initial_msg(versions), deadline)
        self.timeline.happened("hello sent", versions)
        for _ in range(MOST_FRAMES_BEFORE_THE_VERSION):
            payload = transport.payload(deadline)
            fields = comm.read_fields(payload)
            if len(fields) == 2:
                version = _server_version(fields[0])
                self.timeline.happened("server version", str(version))
                self.conversation.join(transport, version, self.client_id)
                return
            self._hear_early(payload)
        raise ProtocolError("the answer is not a server version")

    def _hear_early(self, payload: bytes) -> None:
        """A message of type error; the official client, too, passes over whatever else is early."""
        try:
            hear_early(self._heard, payload)
        except Exception as error:
            raise ProtocolError("what came before the server version is not a message") from error

    def _start_api(self, deadline: float) -> None:
        self.conversation.start_api(deadline)
        self.timeline.happened("start api")
        self._heard.connectAck()

    def _stage(self) -> str:
        """Where a gateway that says nothing more has stopped."""
        heard, received = self._heard, self.conversation.received
        if self.conversation.transport is None:
            return "refused"
        if self.timeline.first("server version") is None:
            return "no-byte" if received == 0 else "protocol-error"
        if heard.next_valid_id is None:
            return "no-next-valid-id" if heard.accounts else "version-only"
        return "no-managed-accounts"


def _server_version(field: bytes) -> int:
    text = field.decode("ascii", "replace")
    is_number = text.isdigit() and len(text) <= 3
    if not is_number or not MIN_CLIENT_VER <= int(text) <= MAX_CLIENT_VER:
        raise ProtocolError(f"server version {text[:20]!r} is not one that this client supports")
    return int(text)
