"""The sockets of the fake: it listens, accepts, and can be changed while it runs.

What a client is told is decided by gateway and faults; a connection performs it.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import sys
import time
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from fake_ib_gateway.answering.gateway import Gateway
from fake_ib_gateway.answering.login import ApiSettings
from fake_ib_gateway.disk.log import Teller
from fake_ib_gateway.disk.settings_folder import SettingsDirectory
from fake_ib_gateway.faults.shared.fault import Books, Fault, in_order
from fake_ib_gateway.protocol import wire
from fake_ib_gateway.protocol.errors import Error
from fake_ib_gateway.protocol.messages import Speech
from fake_ib_gateway.serving import listening
from fake_ib_gateway.serving.connection import Connection, NotReading
from fake_ib_gateway.serving.other_connections import OtherConnections

BACKLOG, MOST_WAITING = 128, 4096
PATIENCE = 10.0
"""Seconds after which a client that takes nothing of what waits for it is dropped."""
AGAIN_SECONDS = 0.1
"""Until it tries to accept once more where the system would not let it."""


@dataclass(slots=True)
class Server:
    """One fake gateway on one port, from `start()` to `stop()`."""

    gateway: Gateway
    faults: Sequence[Fault] = ()
    host: str = "127.0.0.1"
    port: int = 0
    tellers: list[Teller] = field(default_factory=list)
    disk: SettingsDirectory | None = None
    patience: float = PATIENCE
    elsewhere: tuple[str, int] | None = None
    """Address and port it listens on where a fault makes it take others than its own."""
    connections: set[Connection] = field(default_factory=set)
    others: OtherConnections = field(default_factory=lambda: OtherConnections("", 0))
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by who changes it while it runs: a restart takes its time."""
    _first_faults: Sequence[Fault] = ()
    _first_books: Books = field(init=False)
    _books: Books = field(init=False)
    _settings: ApiSettings = field(init=False)
    _sockets: list[socket.socket] = field(default_factory=list)
    _kept: list[asyncio.StreamWriter] = field(default_factory=list)
    _listener: socket.socket | None = None
    _accepting: asyncio.Task[None] | None = None
    _clients: set[asyncio.Task[None]] = field(default_factory=set)
    _later: set[asyncio.Task[None]] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _up_since: float = 0.0

    def __post_init__(self) -> None:
        self._first_faults = self.faults = in_order(self.faults)
        self._first_books = self._books = self.gateway.books
        self._settings = self.gateway.settings
        self._apply_faults()

    @property
    def listens(self) -> bool:
        """Whether anything does on its own port, or the port is only reserved."""
        return all(fault.listens for fault in self.faults)

    @property
    def _where(self) -> tuple[object, ...]:
        """Where it listens, or why nowhere, as its faults have it."""
        others = [
            each for fault in self.faults for each in (fault.other_ports, fault.other_addresses)
        ]
        return self.listens, self._login, self._waits, *filter(None, others)

    async def start(self) -> None:
        """Binds the port, `self.port` tells which. Raises OSError where that is impossible."""
        self._apply_faults()
        own = listening.bound(self.host, self.port)
        self._sockets = [own]
        self.port = self.gateway.port = own.getsockname()[1]
        Speech(self.gateway.version).positions(self.gateway.books)  # kept for the first client
        self.tell(
            "started",
            host=self.host,
            port=self.port,
            authenticated=self._is_logged_in,
            login=self._login,
        )
        own_end = self.host, self.port
        instead = [(self.host, port) for fault in self.faults for port in fault.other_ports]
        instead += [(ip, self.port) for fault in self.faults for ip in fault.other_addresses]
        instead = [end for end in instead if end != own_end]
        if self.listens:
            await self._listen(own)
            return
        listening.reserve(own)
        if self._waits and self.disk is not None:
            await self.others.add_gateway(self.disk.path)
        if instead:
            other = listening.bound_to_first_free(instead)
            self._sockets.append(other)
            self.elsewhere = other.getsockname()[:2]
            await self._listen(other)

    async def stop(self) -> None:
        """Ends as a process does: the port and every connection are closed."""
        await self._end()
        self.tell("stopped", orders_received=self.gateway.orders_received)

    async def restart(self, seconds: float = 0.0) -> None:
        """Ends, and comes back on the same port after so many seconds."""
        await self._end()
        await asyncio.sleep(seconds)
        await self.start()

    async def become(self, *faults: Fault) -> None:
        """Has these faults from now on, and no others; none: it is healthy.

        Raises OSError where these need a port that cannot be had; it then is what it was.
        """
        before, where = self.faults, self._where
        self.faults = in_order(faults)
        await _ended(self._later)
        if self._where != where or not self._sockets:
            try:
                await self.restart()
            except OSError:
                self.faults = before
                await self.restart()
                raise
            return
        self._apply_faults()
        await asyncio.to_thread(self.others.leave, zombies=False)
        if self._listener is not None:
            await self.accept(all(fault.accepts for fault in faults))
            await self._add_others()

    async def reset(self) -> None:
        """Is what it was at its start: its first faults, nobody connected, nothing counted."""
        self._books = self._first_books
        self.faults, self.gateway.orders_received = self._first_faults, 0
        await self.restart()

    async def accept(self, does: bool = True) -> None:
        """Takes connections from the accept queue, or leaves them there."""
        if does and self._listener is None:
            raise OSError("nothing listens")
        if does and self._accepting is None and self._listener is not None:
            self._accepting = asyncio.create_task(self._accept(self._listener))
        elif not does and self._accepting is not None:
            await _ended({self._accepting})
            self._accepting = None

    async def add_zombies(self, count: int) -> None:
        """CLOSE_WAIT sockets on the port, which stay until a restart."""
        await self.others.add_zombies(count, accepted=self._accepting is not None)

    async def say(self, error: Error) -> None:
        """An error or a notice to every client whose session has started."""
        started = [each for each in self.connections if each.session.client_id is not None]
        await asyncio.gather(*(connection.notify(error) for connection in started))

    async def hold(self, symbol: str, quantity: str) -> None:
        """Has so many of a symbol in its first account from now on; who follows that is told."""
        before = self.gateway.books
        self._books = (self._books[0].holding(symbol, quantity), *self._books[1:])
        self._apply_faults()
        await asyncio.gather(
            *(each.tell_unasked(each.session.changed(before)) for each in self.connections)
        )

    def drop(self) -> None:
        """Closes every connection without a word."""
        for connection in list(self.connections):
            connection.drop()

    def tell(self, event: str, **what: Any) -> None:
        """Lets everybody who listens know; one that cannot write any more is told no more."""
        hearing = list(self.tellers)
        if self.disk is not None and self._is_noted(event, what):
            hearing.append(self.disk)
        for teller in hearing:
            try:
                teller(event, **what)
            except OSError as error:
                print(f"fake-ib-gateway: a log of it ends here: {error}", file=sys.stderr)
                self.tellers = [each for each in self.tellers if each is not teller]
                self.disk = None if teller is self.disk else self.disk

    @property
    def up_seconds(self) -> float:
        """Since it began to listen; 0 while it does not."""
        return time.monotonic() - self._up_since if self._listener is not None else 0.0

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self.tellers) or self.disk is not None

    @property
    def _is_logged_in(self) -> bool:
        return all(fault.is_logged_in for fault in self.faults)

    @property
    def _login(self) -> str:
        """How it goes: the first of its faults that says otherwise decides."""
        return next((each.login for each in self.faults if not each.is_logged_in), Fault.login)

    @property
    def _waits(self) -> bool:
        return any(fault.waits for fault in self.faults)

    def _is_noted(self, event: str, what: dict[str, Any]) -> bool:
        """Whether the gateway itself would write it down."""
        if "connection" in what:
            self.gateway.up_seconds = self.up_seconds
            return all(fault.takes_note(self.gateway) for fault in self.faults)
        return event != "listening" or self._is_logged_in

    def _apply_faults(self) -> None:
        self.gateway.books = reduce(
            lambda books, fault: fault.books(books), self.faults, self._books
        )
        self.gateway.settings = reduce(
            lambda settings, fault: fault.settings(settings), self.faults, self._settings
        )

    async def _listen(self, listener: socket.socket) -> None:
        waiting = sum(fault.queued + fault.zombies for fault in self.faults)
        listener.listen(max(BACKLOG, self.gateway.max_clients or MOST_WAITING, 2 * waiting))
        self._listener, port = listener, listener.getsockname()[1]
        self._up_since = time.monotonic()
        self.others = OtherConnections(self.host, port)
        read_only = self.gateway.settings.read_only
        self.tell("listening", host=self.host, port=port, read_only=read_only)
        await self.accept(all(fault.accepts for fault in self.faults))
        await self._add_others()

    async def _add_others(self) -> None:
        for fault in self.faults:
            await self.others.add_to_queue(fault.queued)
            if fault.zombies and fault.zombies_after:
                _begin(self._zombies_later(fault.zombies, fault.zombies_after), self._later)
            else:
                await self.add_zombies(fault.zombies)
            for _ in range(fault.other_clients):
                await self.others.add_program(self.gateway.someone_else)

    async def _zombies_later(self, count: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.add_zombies(count)

    async def _end(self) -> None:
        await self.accept(False)
        self.drop()
        await _ended(self._clients | self._later)
        for listener in self._sockets:
            listener.close()
        for writer in self._kept:
            writer.close()
        self._sockets, self._kept, self._listener, self.elsewhere = [], [], None, None
        await asyncio.to_thread(self.others.leave)

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                accepted, peer = await asyncio.get_running_loop().sock_accept(listener)
            except OSError:  # too many open files, as a rule
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            if not self.others.takes(accepted, peer):
                self._welcome(accepted, f"{peer[0]}:{peer[1]}")

    def _welcome(self, accepted: socket.socket, peer: str) -> None:
        number, most = next(self._numbers), self.gateway.max_clients
        self.tell("connected", connection=number, peer=peer)
        if most and len(self._clients) >= most:
            self.tell("refused", connection=number, reason=f"{most} clients are connected already")
            self.tell("closed", connection=number, by="gateway")
            accepted.close()
        else:
            _begin(self._serve(accepted, number), self._clients)

    async def _serve(self, accepted: socket.socket, number: int) -> None:
        reader, writer = await asyncio.open_connection(sock=accepted)
        connection = Connection(self, self.gateway.session(), number, reader, writer)
        self.connections.add(connection)
        closed_by = "gateway"
        try:
            closed_by = await connection.run()
        except wire.WireError as error:
            self.tell("refused", connection=number, reason=str(error))
        except NotReading as error:
            self.tell("refused", connection=number, reason=str(error))
            connection.drop()
        except OSError as error:
            closed_by = f"client ({type(error).__name__})"
        except Exception as error:  # whatever a client sends, the gateway goes on
            self.tell("failed", connection=number, reason=repr(error))
        finally:
            connection.session.end()
            self.connections.discard(connection)
            self.tell("closed", connection=number, by=closed_by)
            if all(fault.closes for fault in self.faults):
                await connection.ended()
            else:
                self._kept.append(writer)


def _begin(work: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]) -> None:
    """Does it in the background, and keeps the task among the others while it lasts."""
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def _ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancels them, and waits until they are gone."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
