"""The connections to the gateway that are opened while a program is tried."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from golive.client.answers import Position
from golive.machine import sockets, tcp_info
from golive.machine.gateway import Gateway
from golive.machine.sockets import Port, Socket
from golive.trials.least_bytes import Received, least_bytes

End = tuple[str, int]
"""The client's address and port: one connection, from whichever side it is seen."""


@dataclass
class Connections:
    """Those that come after `before`, seen at each look; one that has ended stays visible a while.

    A look that shows nothing is an answer only where the gateway's sockets can be seen.
    """

    gateway: Gateway
    opened: dict[End, Socket] = field(default_factory=dict)
    _before: set[End] = field(default_factory=set)
    _had_clients: bool = False
    _unseen: sockets.NotObservable | None = None

    def begin(self) -> None:
        """What is there already is not theirs."""
        try:
            self._had_clients = bool(self.gateway.clients)  # raises where a forwarder hides them
            self._before = set(_ends(self.gateway.port))
        except sockets.NotObservable as error:
            self._unseen = error

    def look(self) -> None:
        if self._unseen is None:
            try:
                now = _ends(self.gateway.port)
            except sockets.NotObservable as error:
                self._unseen = error
            else:
                new = {end: each for end, each in now.items() if end not in self._before}
                self.opened = new | self.opened  # as it was when it was seen first, with its pid

    @property
    def has_been_none(self) -> bool:
        """Whether nobody had one from the beginning on; False where that cannot be told for sure.

        On macOS one that has ended is not shown any more.
        """
        is_shown = self._unseen is None and sys.platform != "darwin"
        return is_shown and not self.opened and not self._had_clients

    def found(self) -> list[Socket]:
        """Each connection that was opened. Raises sockets.NotObservable."""
        if self._unseen is not None:
            raise self._unseen
        return list(self.opened.values())

    def received(self, rows: Iterable[Position]) -> Received:
        """What the gateway has sent over them, beside the least that these rows take.

        It is not known of none, nor any more of one that has ended.
        """
        least = least_bytes(rows)
        try:
            found, counted = self.found(), tcp_info.delivered(self.gateway.number)
            each_has = [tcp_info.over(each, counted) for each in found]
        except sockets.NotObservable as error:
            return Received(None, least, str(error))
        return Received(sum(each_has), least) if found else Received(None, least, "no connection")


def _ends(port: Port) -> dict[End, Socket]:
    found: dict[End, Socket] = {}
    for each in port.connections:
        if each.remote_port == port.number and each.remote_port:
            found[each.local_ip, each.local_port] = each  # the client's own row has its pid
    for each in port.connections:
        if each.local_port == port.number and each.remote_port:
            found.setdefault((each.remote_ip, each.remote_port), each)
    return found
