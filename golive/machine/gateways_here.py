"""Which gateways this machine has, as far as that is seen without connecting to any."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psutil

from golive.machine import processes, running_gateways, sockets
from golive.machine.api_settings import ApiSettings
from golive.machine.on_disk import gateway_files
from golive.machine.on_disk.gateway_settings import read_api_settings
from golive.machine.processes import Process
from golive.machine.running_gateways import RunningGateway
from golive.machine.sockets import LISTEN, Socket
from golive.settings.model import PORTS, Credentials, GoLive, Settings

NOT_READ = ApiSettings("")

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Listening:
    """A listener on one of the four ports. `process` is None where that is another user's.

    `program` is the gateway's, and `folder` where it keeps its settings, if its command line tells.
    """

    port: int
    address: str
    process: Process | None = None
    program: str = ""
    folder: str = ""

    @property
    def kind(self) -> str:
        return PORTS[self.port]


@dataclass(frozen=True, slots=True)
class GatewaysHere:
    """What was seen at one moment. `hidden` says why the listeners were not observed, if so.

    `waiting` are gateways that listen on none of the four ports: before their login they do not.
    """

    listening: tuple[Listening, ...] = ()
    waiting: tuple[RunningGateway, ...] = ()
    api: ApiSettings = NOT_READ
    hidden: str = ""

    def on(self, port: int) -> Listening | None:
        return next((each for each in self.listening if each.port == port), None)


def look() -> GatewaysHere:
    """Looks once: at processes, sockets and files."""
    hidden, rows = "", list[Socket]()
    try:
        rows = sockets.kernel_sockets()
    except sockets.NotObservable as error:
        hidden = str(error)
    listening = tuple(_listening(rows))
    known = {each.process.pid for each in listening if each.process}
    running = running_gateways.find(_any_gateway())
    waiting = tuple(each for each in running if each.is_sure and each.pid not in known)
    return GatewaysHere(listening, waiting, _api_settings(listening), hidden)


def _listening(rows: Iterable[Socket]) -> Iterable[Listening]:
    """One for each port, though it listens by IPv4 and by IPv6."""
    found: dict[int, Socket] = {}
    for each in rows:
        if each.state == LISTEN and each.local_port in PORTS:
            found.setdefault(each.local_port, each)
    for port in sorted(found):
        pid = found[port].pid
        process = processes.process(pid) if pid else None
        program, words = _told(process)
        yield Listening(
            port,
            found[port].local_ip,
            process,
            program if running_gateways.kind_of(os.path.basename(program), ()) else "",
            running_gateways.folder_told(words),
        )


def _told(process: Process | None) -> tuple[str, Sequence[str]]:
    """Its program and its command line, where this user may know them."""
    try:
        hold = psutil.Process(process.pid) if process else None
        return (hold.exe(), hold.cmdline()) if hold else ("", ())
    except (psutil.Error, OSError):
        return "", ()


def _api_settings(listening: Sequence[Listening]) -> ApiSettings:
    """As the gateway's files tell them, of the gateway that listens if there is one."""
    first = listening[0] if listening else Listening(next(iter(PORTS)), HOST)
    probe = _any_gateway(first.program, first.folder)
    return read_api_settings(gateway_files.find(probe))[0]


def _any_gateway(program: str = "", folder: str = "") -> Settings:
    """Settings before there are any: which gateway it is they do not say."""
    credentials = Credentials.model_validate(
        {
            "Host": HOST,
            "Port": next(iter(PORTS)),
            "ClientId": GoLive().pinned_client_id,
            "GatewayPath": program,
            "IsPaperTrading": False,
        }
    )
    golive = GoLive.model_validate({"GatewayFolder": folder or None})
    return Settings.model_construct(credentials=credentials, golive=golive)
