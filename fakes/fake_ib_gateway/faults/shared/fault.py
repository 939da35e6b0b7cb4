"""What a fault can change about a gateway, hook by hook. The server knows no more about faults."""

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
    """The hooks of a healthy gateway; a fault overrides what it changes."""

    rank: ClassVar[int] = 0
    """Faults that add output come first (-1), those that suppress it next (0), and those that
    count bytes last (1)."""
    listens = True
    """Whether anything listens on the port."""
    other_ports: ClassVar[tuple[int, ...]] = ()
    """Other ports: it listens on the first free one instead of its own."""
    other_addresses: ClassVar[tuple[str, ...]] = ()
    """Other addresses: it listens on the first available one instead, at the same port."""
    accepts = True
    """Whether connections are taken from the accept queue."""
    closes = True
    """Whether the gateway closes its side once the client has closed its own."""
    zombies = 0
    """How many CLOSE_WAIT sockets appear on the port."""
    zombies_after = 0.0
    """Seconds after it starts to listen; 0: before anybody can connect."""
    queued = 0
    """Connections left waiting in the accept queue."""
    other_clients = 0
    """Clients of another program that are connected before anybody else."""
    login: ClassVar[str] = "succeeds"
    """How the login to IBKR goes: a name of `logins.LOGINS`."""
    waits = False
    """Whether the gateway's process runs although nothing listens, as before its login."""

    @property
    def is_logged_in(self) -> bool:
        return self.login == "succeeds"

    def books(self, books: Books) -> Books:
        """The accounts it reports."""
        return books

    def settings(self, settings: ApiSettings) -> ApiSettings:
        """Its API settings."""
        return settings

    def takes_note(self, gateway: Gateway) -> bool:
        """Whether the gateway writes connections to its own log on disk."""
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
    """In the order in which they are applied, however they were given."""
    return sorted(faults, key=lambda fault: fault.rank)
