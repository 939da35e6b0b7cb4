"""What a fault can change about a gateway, hook by hook: all that the server knows of faults."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from fake_ib_gateway.answering.actions import Burst, Pause
from fake_ib_gateway.answering.gateway import Gateway, Session
from fake_ib_gateway.answering.login import ApiSettings
from fake_ib_gateway.world.book import Book

Books = tuple[Book, ...]


@dataclass(frozen=True)
class Fault:
    """A healthy gateway, hook by hook."""

    rank: ClassVar[int] = 0
    """Who says more is applied first (-1), then who says less; who counts the bytes last (1)."""
    listens = True
    """Whether anything listens on the port."""
    other_ports: ClassVar[tuple[int, ...]] = ()
    """Ports of which the first free one is listened on instead."""
    other_addresses: ClassVar[tuple[str, ...]] = ()
    """Addresses of which the first that can be had is listened on instead, at the same port."""
    accepts = True
    """Whether connections are taken from the accept queue."""
    closes = True
    """Whether the gateway closes its side once the client has closed its own."""
    zombies = 0
    """How many CLOSE_WAIT sockets appear on the port."""
    zombies_after = 0.0
    """When: so many seconds after it began to listen; 0: before anybody can connect."""
    queued = 0
    """Connections left waiting in the accept queue."""
    other_clients = 0
    """Clients of another program that are connected before anybody else can be."""
    login: ClassVar[str] = "succeeds"
    """How the login to IBKR goes, by the names of `logins.LOGINS`."""
    waits = False
    """Whether a process of the gateway runs although nothing listens: it is not logged in yet."""

    @property
    def is_logged_in(self) -> bool:
        return self.login == "succeeds"

    def books(self, books: Books) -> Books:
        """The accounts it reports."""
        return books

    def settings(self, settings: ApiSettings) -> ApiSettings:
        """What is set for the API."""
        return settings

    def takes_note(self, gateway: Gateway) -> bool:
        """Whether the gateway's own log, on its disk, hears of connections."""
        return True

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        """What it says on an event: `connect`, `hello`, or a request's name."""
        return burst

    def segments(self, data: bytes) -> Iterable[bytes | Pause]:
        """How bytes are cut into segments."""
        return (data,)


@dataclass(frozen=True)
class Answering(Fault):
    """Changes the answer to one request, where there is one."""

    request: ClassVar[str]

    def burst(self, event: str, burst: Burst, session: Session) -> Burst:
        return self.answer(burst, session) if event == self.request and burst else burst

    def answer(self, answer: Burst, session: Session) -> Burst:
        """What it says instead."""
        raise NotImplementedError


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """As they are applied, in whatever order they were given."""
    return sorted(faults, key=lambda fault: fault.rank)
