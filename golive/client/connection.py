"""The one connection to a gateway: opened once, used for a few requests, closed cleanly."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from ibapi.client import EClient

from golive.client.answers import Access, Behind, Event, Handshake, Positions
from golive.client.conversation import Conversation, Request, Tell, silently
from golive.client.gateway_messages import GatewayMessages
from golive.client.handshake import Opening
from golive.client.messages import ApiError
from golive.client.official_client import TELLS_CONFIG, Heard, Hearing, ask_for_config
from golive.client.position_answer import PositionAnswer
from golive.client.timeline import Timeline
from golive.client.transport import MOST_READS, Closing
from golive.kit.clock import SYSTEM, Clock
from golive.machine.api_settings import ApiSettings

TIMES = 2
"""How often ids are asked for."""

TIMES_AGAIN = 2
"""How often the positions are requested again at most, if the link to IBKR comes back meanwhile."""


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
        self._attempts, self._clock = attempts, clock
        timeline = Timeline(clock, listen)
        self._heard = Heard(timeline)
        self._conversation = Conversation(self._heard, clock)
        self._opening = Opening(host, port, client_id, self._conversation, timeline, clock)
        self.handshake = Handshake()

    def open(self, seconds: float, tell: Tell = silently) -> Handshake:
        """Connects, says hello, starts the API and waits for nextValidId and managedAccounts.

        Never raises for what a gateway does: the handshake says how far it came, after `seconds`
        at most. Raises what `attempts` raises, before anything is connected.
        """
        opening = self._opening
        to = opening.host, opening.port, opening.client_id
        address = self._attempts.begin(*to).address
        logging.getLogger("ibapi").setLevel(logging.CRITICAL)  # it would log accounts, slowly
        stopped: str | None = "interrupted"
        reason = "the run was interrupted"
        try:
            stopped, reason = opening.perform(address, seconds, tell)
        finally:
            if stopped:
                self.close()
            self.handshake = opening.result(stopped, reason)
            self._heard.agreed = frozenset(self.handshake.accounts)
        return self.handshake

    def access(self, seconds: float, tell: Tell = silently) -> Access:
        """Asks for ids: it places no order, and a gateway in Read-Only mode refuses it.

        Twice, since an id that was on its way unasked would look like an answer.
        """
        reason, refusal = self._ids(seconds, tell), self._heard.said.refusal
        is_granted = self._heard.ids_given >= TIMES and not refusal and not reason
        return Access(is_granted, refusal, reason or (refusal.text if refusal else ""))

    def api_settings(self, seconds: float, tell: Tell = silently) -> ApiSettings:
        """Asks for the gateway's own settings, which it tells from server version 219 on.

        Where it does not tell them, `source` says why, and all else is None.
        """
        version, heard = self.handshake.server_version or 0, self._heard
        said = heard.said
        if version < TELLS_CONFIG:
            return ApiSettings(f"server version {version} does not report them")
        heard.api_settings = None
        reason = self._conversation.ask(
            ask_for_config,
            lambda: bool(heard.api_settings or said.config_refusal) or said.ends_waiting,
            seconds,
            tell,
        )
        if not heard.api_settings and (refusal := said.config_refusal or said.refusal):
            reason = str(refusal)
        return heard.api_settings or ApiSettings(f"the gateway did not report them: {reason}")

    def positions(self, seconds: float, tell: Tell = silently) -> Positions:
        """Asks for the positions of all accounts, and waits for their end."""
        answer, said = PositionAnswer(lambda: self._conversation.received), self._heard.said
        self._heard.answer, said.link_restored = answer, None
        reason = self._conversation.ask(
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
        self, found: Positions, seconds: float, tell: Tell = silently
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
        changed = "the gateway now names other accounts than before" if is_other else ""
        rows = tuple(heard.answer.behind.values())
        why = reason or changed or self._conversation.garbled
        transport = self._conversation.transport
        overflowed = transport is not None and transport.has_overflowed
        is_flood = heard.answer.is_flood or overflowed
        return Behind(rows, self.against or restored, why, is_other, is_flood)

    def _ids(self, seconds: float, tell: Tell) -> str:
        """Asks for ids: what the gateway had queued comes before. "", or why none came."""
        heard = self._heard
        return self._conversation.ask(
            _ask_for_ids,
            lambda: heard.ids_given >= TIMES or heard.said.ends_waiting,
            seconds,
            tell,
        )

    @property
    def own_address(self) -> str:
        """The address we connected from; "" before that."""
        return self._conversation.own_address

    @property
    def said(self) -> GatewayMessages:
        """What the gateway has said, as messages of type error."""
        return self._heard.said

    @property
    def against(self) -> ApiError | None:
        """What it said that stands in the way, at this moment.

        Of a connection that is held, only its link: whoever holds it judges the rest.
        """
        said = self._heard.said
        return said.link_lost if self._heard.hearing else said.against

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
        return self._conversation.fileno()

    def send(self, request: Request, seconds: float) -> None:
        """Sends a request, and waits for nothing but its leaving. Raises PeerClosed or NoAnswer."""
        self._conversation.send(request, seconds)

    def hear(self, reads: int = MOST_READS) -> None:
        """Decodes what has come, without waiting. Then raises PeerClosed or ProtocolError.

        With fewer `reads` it is heard in smaller parts, where a gateway never stops talking.
        """
        self._conversation.hear(reads)

    def close(self) -> Closing:
        """Closes the connection, if there is one. The FIN leaves at once."""
        return self._conversation.close()

    @property
    def closing(self) -> Closing | None:
        """How it was closed; None while it is not."""
        return self._conversation.closing


def _ask_for_ids(client: EClient) -> None:
    for _ in range(TIMES):
        client.reqIds(-1)
