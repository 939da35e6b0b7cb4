"""Gateways that run, whether they listen or not: one that waits for its login listens on nothing.

| a process is a gateway's | known from |
| --- | --- |
| by its name: `ibgateway.exe`, `tws.exe`, those that IBC makes of them | install4j, IBC |
| if it is the program of GatewayPath | the settings |
| Java that has `Jts`, `ibgateway` or `ibcalpha` in its command line | IBC's scripts |
| Java that has the folder of GatewayPath in it | the settings |
| if it is told GatewayFolder as its `-DjtsConfigDir` | gnzsnz/ib-gateway-docker |

Java whose command line is not told to this user may be a gateway.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import psutil

from golive.machine import processes, sockets
from golive.machine.processes import Process
from golive.machine.sockets import LISTEN, Socket
from golive.settings.model import PORTS, Settings

Kind = Literal["IB Gateway", "TWS", ""]

_NAMES: dict[str, Kind] = {
    "ibgateway": "IB Gateway", "ibgateway1": "IB Gateway", "tws": "TWS", "tws1": "TWS",
}  # fmt: skip
_JAVA = frozenset({"java", "javaw", "javaapplicationstub"})
_OF_A_GATEWAY = re.compile(
    r"[/\\]jts(?:[/\\\s]|$)|jts4launch|twslaunch|jtsconfigdir|ibgateway|ibcalpha|gwclient",
    re.IGNORECASE,
)
"""Its folder, its libraries, its options and its classes; `jts-core.jar` is another project's."""
_SHORTEST_FOLDER = len("C:\\x")
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("TWS", re.compile(r"ibctws|jclient\.loginframe", re.IGNORECASE)),
    ("IB Gateway", re.compile(r"ibcgateway|gwclient|ibgateway", re.IGNORECASE)),
)
"""Their main classes: IBC's and the programs' own."""
_FOLDER = "-djtsconfigdir="


@dataclass(frozen=True, slots=True)
class RunningGateway:
    """A gateway's process. `ports` are those it listens on; the configured one is none of them.

    `is_sure` is false where it only may be one.
    """

    process: Process
    kind: Kind = ""
    ports: tuple[int, ...] = ()
    is_sure: bool = True

    @property
    def pid(self) -> int:
        return self.process.pid


def find(settings: Settings, *, rehearsed: bool = False) -> list[RunningGateway]:
    """Those of this machine, the youngest first. In a rehearsal only the fake may be one.

    What is told its settings' folder is known by that: another's is another gateway.
    """
    known: list[RunningGateway] = []
    for each in psutil.process_iter(["name", "exe", "cmdline"]):
        is_one = is_the_gateway(settings, rehearsed=rehearsed, **each.info)
        if is_one is False or each.pid == os.getpid() or not processes.is_running(each):
            continue
        if found := processes.process(each.pid):
            kind = kind_of(each.info["name"] or "", each.info["cmdline"] or ())
            known.append(RunningGateway(found, kind, is_sure=is_one is True))
    return sorted(known, key=lambda each: each.process.started, reverse=True)


def is_the_gateway(
    settings: Settings,
    name: str | None,
    exe: str | None,
    cmdline: Sequence[str] | None,
    *,
    rehearsed: bool = False,
) -> bool | None:
    """Whether a process of this name, program and command line is; None: it may be.

    What is not told to this user is None, or empty.
    """
    words, folder = cmdline or (), settings.golive.gateway_folder
    told = folder_told(words)
    if folder and told:
        return _is_same(told, folder)
    if rehearsed:
        return False
    return _is_one(processes.program(name or ""), (exe or "", *words), settings)


def of_its_kind(settings: Settings, *, rehearsed: bool = False) -> list[RunningGateway]:
    """Those that could be the configured one: not TWS where a gateway is meant, nor the reverse."""
    wanted = PORTS.get(settings.credentials.port, "")
    return [each for each in find(settings, rehearsed=rehearsed) if not _is_other(each, wanted)]


def without_listener(
    settings: Settings, rows: Sequence[Socket], *, rehearsed: bool = False
) -> tuple[RunningGateway, ...]:
    """Those of its kind that listen on none of the four ports, nor on the configured one.

    Which of them listens is not known where a listener's process is not told; then it is none.
    """
    found = of_its_kind(settings, rehearsed=rehearsed)
    listening = [each for each in rows if each.state == LISTEN]
    known = {*PORTS, settings.credentials.port}
    serving = {each.pid for each in listening if each.local_port in known}
    if None in serving:
        return ()
    return tuple(
        RunningGateway(each.process, each.kind, _ports(each.pid, listening), each.is_sure)
        for each in found
        if each.pid not in serving
    )


def _is_other(found: RunningGateway, wanted: str) -> bool:
    """Whether it is TWS where a gateway is meant, or the other way round."""
    return bool(found.kind and wanted) and not wanted.startswith(found.kind)


def _ports(pid: int, listening: Iterable[Socket]) -> tuple[int, ...]:
    return tuple(sorted({each.local_port for each in listening if each.pid == pid}))


def _is_one(name: str, words: Sequence[str], settings: Settings) -> bool | None:
    """By its bare name, its program's path and its words."""
    path = settings.credentials.gateway_path
    is_named = name in _NAMES or (path and name == processes.program(path))
    if is_named or (path and path in words):
        return True
    if name not in _JAVA:
        return False
    if len(words) == 1:
        return None
    line, folder = " ".join(words), os.path.dirname(path)
    in_folder = len(folder) >= _SHORTEST_FOLDER and folder in line
    return in_folder or bool(_OF_A_GATEWAY.search(line))


def folder_told(words: Iterable[str]) -> str:
    """The settings' folder, as a gateway's command line has it; "" where it has none."""
    told = (each[len(_FOLDER) :] for each in words if each.casefold().startswith(_FOLDER))
    return next(told, "")


def _is_same(one: str, other: str) -> bool:
    return _whole(one) == _whole(other)


def _whole(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))


def kind_of(name: str, words: Iterable[str]) -> Kind:
    """Which of the two programs it is; "" where neither name nor command line tells."""
    line = " ".join(words)
    by_class = [kind for kind, pattern in _KINDS if pattern.search(line)]
    return _NAMES.get(processes.program(name)) or (by_class[0] if by_class else "")


def sockets_now() -> Sequence[Socket]:
    """Every TCP socket of this machine; none where they are refused to this user."""
    return sockets.if_observable(sockets.kernel_sockets) or ()
