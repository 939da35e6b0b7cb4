"""Client programs that must not be running: those of the settings, and whoever is connected.

What performs this run is none of them by its name, nor is the gateway; neither is ever ended.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import psutil

from golive.kit.clock import SYSTEM, Clock
from golive.machine import ending, forwarders, hidden_processes, processes, sockets
from golive.machine.ending import Ending
from golive.machine.gateway import Gateway
from golive.machine.processes import Process, program
from golive.machine.sockets import Port, Socket
from golive.settings.model import PORTS, Settings

NAMED = "its name is in StaleProcesses"
CONNECTED = "it is connected to the gateway's port"

SPARED_KINDS: dict[forwarders.Kind, str] = {
    "gateway": "it may be a gateway",
    "forwarder": "it only forwards connections: close the program behind it",
    "unknown": "",
}

REHEARSED = "a rehearsal ends only programs connected to its fake"

SETTLE_SECONDS, LOOK_SECONDS = 2.0, 0.25
"""How long it is watched whether what was ended comes back."""


@dataclass(frozen=True, slots=True)
class StaleClient:
    """One process, and why it must not be there. `pid` is None where the system does not tell it.

    `connection` is "" where it has none to the gateway's port. `spared` is why this run does not
    end it; "" where it may.
    """

    pid: int | None
    name: str
    started: datetime | None
    why: str
    connection: str = ""
    spared: str = ""
    command: str = ""


def find(gateway: Gateway, settings: Settings) -> list[StaleClient]:
    """All of them, each once. Where the socket table cannot be read, those that have the names."""
    port = gateway.port_if_seen
    known = {each.pid: each for each in named(port, settings.golive.stale_processes)}
    connections = _connections(port) if port else {}
    spared = _spared(port)
    found = []
    for pid in sorted({*known, *connections}):
        client = known.get(pid) or processes.process(pid)
        if client is None and not psutil.pid_exists(pid):
            continue  # it has ended, and its connections with it
        why = NAMED if pid in known else CONNECTED
        words = settings.secret_words
        found.append(_told(pid, client, why, connections.get(pid, ""), spared, words))
    return found + (_connected_from_elsewhere(port) if port else [])


def none(gateway: Gateway, settings: Settings) -> list[StaleClient]:
    """Those that must not be there, none at best.

    Raises sockets.NotObservable where none is seen, but a program of StaleProcesses may be hidden.
    """
    found = find(gateway, settings)
    names = settings.golive.stale_processes
    if not found and names and (why := hidden_processes.hidden()):
        raise sockets.NotObservable(
            f"{why}, so {', '.join(names)} may be running without being seen; run this as a user"
            " who sees all processes, or set StaleProcesses to []"
        )
    return found


def connected(gateway: Gateway, settings: Settings) -> list[StaleClient]:
    """Those that are connected to the gateway's port."""
    return [each for each in find(gateway, settings) if each.connection]


def named(port: Port | None, names: Iterable[str]) -> list[Process]:
    """The processes of these names, but for what performs this run and for the gateway.

    Those are this process and the port's listeners, each with its parents and children as far as
    they are the same program: a launcher and what it launched.
    """
    ours = {os.getpid(), *_listeners(port)}
    found = processes.named(names)
    if not found:
        return []
    excused = {each for pid in ours for each in _family(pid)}
    return [each for each in found if each not in excused]


def cleared(
    gateway: Gateway,
    settings: Settings,
    end_them: bool,
    clock: Clock = SYSTEM,
    *,
    rehearsed: bool = False,
) -> tuple[list[StaleClient], list[Ending]]:
    """Those that are there; where they are to be ended, those that are left or come back.

    And how each that was to be ended did. A rehearsal ends nobody for a name: it does no harm.
    Raises sockets.NotObservable as `none` does.
    """
    found = none(gateway, settings)
    if not found or not end_them:
        return found, []
    at_first = {(each.pid, each.started) for each in found}
    # Only who is seen twice: of a pid seen once, the process may have changed behind the socket.
    sure = [each for each in find(gateway, settings) if (each.pid, each.started) in at_first]
    if rehearsed:
        sure = [each if each.connection else replace(each, spared=REHEARSED) for each in sure]
    endings = end(sure, clock)
    deadline = clock.monotonic() + SETTLE_SECONDS
    while not (left := find(gateway, settings)) and clock.monotonic() < deadline:
        clock.sleep(LOOK_SECONDS)
    return left or none(gateway, settings), endings


def end(found: Sequence[StaleClient], clock: Clock = SYSTEM) -> list[Ending]:
    """Ends those that are not spared, all at once."""
    spared = [
        Ending(each.pid, each.name, "not ended", each.spared) for each in found if each.spared
    ]
    doomed = [
        Process(each.pid, each.name, each.started)
        for each in found
        if not each.spared and each.pid and each.started
    ]
    return [*ending.end(doomed, clock=clock), *spared]


def _told(
    pid: int,
    found: Process | None,
    why: str,
    connection: str,
    spared: dict[int, str],
    secrets: Iterable[str],
) -> StaleClient:
    if found is None:
        return StaleClient(pid, "", None, why, connection, "this user may not see it")
    command = processes.command_line(found, secrets)
    kept = spared.get(pid) or SPARED_KINDS[forwarders.kind(found.name)]
    return StaleClient(pid, found.name, found.started, why, connection, kept, command)


def _connections(port: Port) -> dict[int, str]:
    """By pid: the clients' own ends of connections to the port, half closed ones as well."""
    ends: dict[int, list[Socket]] = defaultdict(list)
    for each in (*port.clients, *port.close_wait):
        if each.remote_port == port.number and each.pid and each.pid not in _listeners(port):
            ends[each.pid].append(each)
    return {pid: _in_words(rows) for pid, rows in ends.items()}


def _in_words(ends: Sequence[Socket]) -> str:
    first, more = ends[0], len(ends) - 1
    also = f" and {more} more" if more else ""
    return f"{first.state} from {first.local_ip}:{first.local_port}{also}"


def _connected_from_elsewhere(port: Port) -> list[StaleClient]:
    """Clients whose process the system does not tell, or that are on another machine."""
    found = []
    for each in port.clients:
        if each.remote_port != port.number:
            where, whose = f"{each.remote_ip}:{each.remote_port}", "it is on another machine"
        elif each.pid is None:
            where, whose = f"{each.local_ip}:{each.local_port}", "its process was not observed"
        else:
            continue
        found.append(StaleClient(None, "", None, CONNECTED, f"{each.state} from {where}", whose))
    return found


def _listeners(port: Port | None) -> set[int]:
    return {each.pid for each in port.listeners if each.pid} if port else set()


def _family(pid: int) -> list[Process]:
    """A process, its parents and its children, as far as they are the same program."""
    itself = processes.process(pid)
    return [itself, *_launchers(itself), *_launched(itself)] if itself else []


def _launchers(of: Process) -> list[Process]:
    found: list[Process] = []
    for parent in processes.parents(of.pid):
        if program(parent.name) != program(of.name):
            break
        found.append(parent)
    return found


def _launched(of: Process) -> list[Process]:
    return [each for each in processes.children(of.pid) if program(each.name) == program(of.name)]


def _spared(port: Port | None) -> dict[int, str]:
    """By pid: what is never ended, and why. A client that the gateway's program launched may be."""
    rows = port.sockets if port else ()
    known = {each.pid for each in rows if each.state == sockets.LISTEN and each.local_port in PORTS}
    spared = {pid: "it listens on a gateway's port" for pid in known if pid}
    for pid in _listeners(port):
        itself = processes.process(pid)
        for each in (itself, *_launchers(itself)) if itself else ():
            spared[each.pid] = "it is the gateway"
    spared |= {each.pid: "it is a parent of this run" for each in processes.parents(os.getpid())}
    return spared | {os.getpid(): "it is this run"}
