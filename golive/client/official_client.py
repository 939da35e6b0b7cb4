"""The unmodified official client (`ibapi`), joined to a transport of ours.

Its requests leave through an `Outlet`, which lets only reading messages out; its callbacks arrive
in `Heard`. Its own socket, thread, queue and message loop are not used; its files are as installed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol

from ibapi import comm
from ibapi.client import EClient
from ibapi.common import PROTOBUF_MSG_ID
from ibapi.contract import Contract
from ibapi.decoder import Decoder
from ibapi.message import IN, OUT
from ibapi.server_versions import MAX_CLIENT_VER, MIN_CLIENT_VER
from ibapi.wrapper import EWrapper

from golive.client.answers import AccountValue, Position, contract_of
from golive.client.gateway_messages import GatewayMessages
from golive.client.messages import CONFIG_REQUEST, ApiError
from golive.client.position_answer import PositionAnswer
from golive.client.timeline import Timeline
from golive.client.transport import NoAnswer, Transport
from golive.machine.api_settings import ApiSettings

REQ_CONFIG, TELLS_CONFIG = 108, 219
"""The request for the gateway's settings, and the server version that first answers it. Older
clients have no name for either."""

READING = frozenset(
    {
        OUT.START_API,
        OUT.REQ_IDS,
        OUT.REQ_POSITIONS,
        OUT.CANCEL_POSITIONS,
        OUT.REQ_ACCOUNT_SUMMARY,
        OUT.CANCEL_ACCOUNT_SUMMARY,
        OUT.REQ_CURRENT_TIME,
        REQ_CONFIG,
    }
)
"""The only messages that may leave: they begin the session, read, or end the reading."""

UNSET = Decimal(2**127 - 1)
"""What the official client makes of an empty decimal."""

UNSET_INTEGER = 2**31 - 1
MOST_DIGITS = 30


class NotReading(Exception):
    """A message that does more than read was about to leave; it did not."""


Decoder(EWrapper(), 0)
"""Made once, it fills the table of callbacks that all decoders share; it takes a millisecond."""


class _Decoder(Decoder):  # type: ignore[misc]
    """The official decoder, without filling that table again for each connection.

    It passes over a message that has more fields than its callback, or fewer; this one does not.
    """

    def discoverParams(self) -> None:
        pass

    def interpretWithSignature(self, fields: Any, handleInfo: Any) -> None:
        wanted = handleInfo.wrapperParams
        if wanted is not None and len(fields) != len(wanted):
            raise ValueError(f"{len(fields)} fields instead of {len(wanted)}")
        super().interpretWithSignature(fields, handleInfo)


class Hearing(Protocol):
    """Who holds a connection, and is told what comes over it as it comes."""

    def position(self, contract: tuple[Any, ...], row: Position) -> None: ...

    def position_end(self) -> None: ...

    def current_time(self, seconds: int) -> None: ...

    def summary_line(self, request_id: int, line: AccountValue) -> None: ...

    def summary_end(self, request_id: int) -> None: ...

    def error(self, error: ApiError) -> None: ...

    def accounts(self, names: tuple[str, ...]) -> None: ...


class Heard(EWrapper):  # type: ignore[misc]
    """The official client's callbacks, kept as facts."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._timeline, self._happened = timeline, timeline.happened
        self.is_decoding = False
        """Whether what is called now comes of the gateway's bytes, and not of the client itself."""
        self.said = GatewayMessages()
        self.next_valid_id: int | None = None
        self.accounts: tuple[str, ...] = ()
        self.agreed: frozenset[str] | None = None
        """The accounts of the handshake, once that is over."""
        self.has_other_accounts = False
        """Whether others were named since, if only once."""
        self.answer = PositionAnswer()
        self.api_settings: ApiSettings | None = None
        self.ids_given = 0
        self.hearing: Hearing | None = None
        """Who is told from when on; what it is told is not kept here as well, but for messages."""

    @property
    def is_ready(self) -> bool:
        return self.next_valid_id is not None and bool(self.accounts)

    def connectAck(self) -> None:
        self._happened("connectAck")

    def nextValidId(self, orderId: int) -> None:
        if not 0 <= orderId < UNSET_INTEGER:
            return
        self.next_valid_id = orderId
        self.ids_given += 1
        self._happened("nextValidId", str(orderId))

    def managedAccounts(self, accountsList: str) -> None:
        self.accounts = tuple(filter(None, map(str.strip, accountsList.split(","))))
        if self.accounts:
            self._happened("managedAccounts", ",".join(self.accounts))
        else:
            self._timeline.forget("managedAccounts")  # taken back: the time counts from anew
        if self.agreed is not None:
            self.has_other_accounts |= self.agreed != set(self.accounts)
        if self.hearing:
            self.hearing.accounts(self.accounts)

    def error(
        self, reqId: int, errorTime: int, errorCode: int, errorString: str, json: str = ""
    ) -> None:
        if not self.is_decoding:
            return  # newer clients turn what they cannot send into a message of their own
        error = ApiError(reqId, errorCode, errorString)
        self.said.add(error, self._timeline.elapsed_ms)
        if self.hearing:
            self.hearing.error(error)
        self._happened("error", f"{errorCode} {errorString}")

    def position(self, account: str, contract: Contract, position: Decimal, avgCost: float) -> None:
        row = Position(
            account,
            contract.conId,
            contract.symbol,
            contract.secType,
            contract.lastTradeDateOrContractMonth,
            contract.strike,
            contract.right,
            contract.multiplier,
            contract.exchange,
            contract.currency,
            contract.localSymbol,
            contract.tradingClass,
            position if _is_quantity(position) else None,
            avgCost,
        )
        if self.hearing:
            self.hearing.position(contract_of(row), row)
        else:
            self.answer.add(row)

    def positionEnd(self) -> None:
        if self.hearing:
            self.hearing.position_end()
            return
        self.answer.has_ended = True
        self._happened("positionEnd", f"{len(self.answer.rows)} rows")

    def currentTime(self, time: int) -> None:
        if self.hearing:
            self.hearing.current_time(time)

    def accountSummary(self, reqId: int, account: str, tag: str, value: str, currency: str) -> None:
        if self.hearing:
            self.hearing.summary_line(reqId, AccountValue(account, tag, value, currency))

    def accountSummaryEnd(self, reqId: int) -> None:
        if self.hearing:
            self.hearing.summary_end(reqId)

    def configResponseProtoBuf(self, configResponseProto: Any) -> None:
        """What is left out was not told; but no master client id is a blank one."""
        told = configResponseProto.api.settings
        if configResponseProto.api.HasField("settings"):
            self.api_settings = ApiSettings(
                "the gateway's answer",
                told.readOnlyApi if told.HasField("readOnlyApi") else None,
                str(told.masterClientId) if _is_client_id(told) else "",
                tuple(told.trustedIPs) or None,
                told.allowLocalhostOnly if told.HasField("allowLocalhostOnly") else None,
            )
        else:
            self.api_settings = ApiSettings("the gateway's answer, which has none")


def _is_client_id(told: Any) -> bool:
    return bool(told.HasField("masterClientId") and 0 <= told.masterClientId < UNSET_INTEGER)


def _is_quantity(number: Decimal) -> bool:
    """A finite number of a size that anybody could hold, and not the official client's unset."""
    return number.is_finite() and number != UNSET and abs(number.adjusted()) <= MOST_DIGITS


class Outlet:
    """What the official client takes for its connection. Lets only reading messages out."""

    def __init__(self, transport: Transport, raw_ids: bool) -> None:
        self._transport, self._raw_ids = transport, raw_ids
        self.deadline = 0.0
        self.is_stuck = False
        """Whether a message could not leave in time; a newer client does not let that be raised."""

    def isConnected(self) -> bool:
        return self._transport.is_open

    def sendMsg(self, data: bytes) -> None:
        number, _ = id_and_body(data[4:], self._raw_ids)
        if number % PROTOBUF_MSG_ID not in READING:
            raise NotReading(f"message {number} does more than read, so it was not sent")
        try:
            self._transport.send(data, self.deadline)
        except NoAnswer:
            self.is_stuck = True
            raise


def joined(heard: Heard, outlet: Outlet, server_version: int, client_id: int) -> EClient:
    """An EClient in the state its own connect() leaves behind, without its thread and its queue."""
    client = EClient(heard)
    client.conn = outlet
    client.clientId = client_id
    client.serverVersion_ = server_version
    client.decoder = _Decoder(heard, server_version)
    client.setConnState(EClient.CONNECTED)
    return client


def ask_for_config(client: EClient) -> None:
    """Only of a gateway that tells it: a client that speaks its version has the request."""
    from ibapi.protobuf.ConfigRequest_pb2 import ConfigRequest

    client.reqConfigProtoBuf(ConfigRequest(reqId=CONFIG_REQUEST))


def hear_early(heard: Heard, payload: bytes) -> None:
    """A message that came before the server version, where it is of type error.

    Which form it has is not agreed on yet: its number is a text, or four bytes.
    """
    is_raw = payload[:4] == IN.ERR_MSG.to_bytes(4, "big")
    if not is_raw and payload.partition(b"\0")[0] != str(IN.ERR_MSG).encode():
        return
    number, body = id_and_body(payload, is_raw)
    heard.is_decoding = True
    try:
        version = MAX_CLIENT_VER if is_raw else MIN_CLIENT_VER
        _Decoder(heard, version).interpret(comm.read_fields(body), number)
    finally:
        heard.is_decoding = False


def id_and_body(payload: bytes, raw_ids: bool) -> tuple[int, bytes]:
    if raw_ids:
        return int.from_bytes(payload[:4], "big"), payload[4:]
    head, _, body = payload.partition(b"\0")
    return int(head), body
