"""What `golive init` shows: what was seen here, what follows from it, what comes next."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from golive.client.identity import Identity
from golive.diagnosis import commands
from golive.kit import typed
from golive.kit.text import printable
from golive.machine.gateways_here import HOST, GatewaysHere
from golive.machine.processes import Process
from golive.machine.sockets import NotObservable
from golive.settings import which
from golive.settings.model import PORTS, GoLive

WIDTH, LABEL = 80, 11
ALL_PORTS = ", ".join(map(str, PORTS))
NEXT = (
    ("look", "what rules out an attempt"),
    ("rehearse", "against a fake gateway"),
    ("check", "GO or NO-GO"),
)


def rows(seen: GatewaysHere) -> Iterator[str]:
    """A line for each fact, at most 80 columns wide but for the path of a file."""
    for label, fact in _facts(seen):
        yield from textwrap.wrap(
            f"{label:<{LABEL}}{printable(fact)}",
            WIDTH,
            subsequent_indent=" " * LABEL,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _facts(seen: GatewaysHere) -> Iterator[tuple[str, str]]:
    for each in seen.listening:
        yield "port", f"{each.port} {each.kind}: {_process(each.process)}"
    if seen.hidden:
        yield "port", f"not observed: {seen.hidden}"
    elif not seen.listening:
        yield "port", f"nothing listens on {ALL_PORTS}"
    for waiting in seen.waiting:
        what = waiting.kind or "a gateway"
        yield "process", f"{what} without a listener: {_process(waiting.process)}"
    yield from _api_settings(seen)


def _api_settings(seen: GatewaysHere) -> Iterator[tuple[str, str]]:
    api, found = seen.api, []
    if api.read_only is not None:
        found += [f"Read-Only API {'on' if api.read_only else 'off'}"]
    if api.trusted_ips is not None:
        found += [f"trusted IPs {', '.join(api.trusted_ips) or 'none'}"]
    if api.master_client_id is not None:
        found += [f"Master API client ID {api.master_client_id or 'blank'}"]
    if not found:
        yield "settings", "not observed: no readable settings file of a gateway"
        return
    yield "settings", "; ".join(found)
    home = str(Path.home())
    for path in api.source.split(", "):
        yield "", f"from {path.replace(home, '~', 1) if path.startswith(home) else path}"


def _process(process: Process | None) -> str:
    if process is None:
        return "the process of another user"
    began, now = process.started.astimezone(), datetime.now().astimezone()
    day = "" if began.date() == now.date() else f"{began:%Y-%m-%d} "
    return f"{process.name} (pid {process.pid}) since {day}{began:%H:%M} local"


def follows(seen: GatewaysHere, port: int, client_id: int) -> Iterator[str]:
    """What to change in the gateway before `golive check`, or in the answers."""
    others = [each for each in seen.listening if each.port != port]
    if others and seen.on(port) is None and not seen.hidden:
        told = " and ".join(f"{each.port}, {each.kind}" for each in others)
        yield f"Nothing listens on port {port}, but something does on {told}."
    elif not seen.listening and not seen.hidden:
        yield "Start the gateway and log in: nothing listens yet."
    if seen.api.read_only:
        yield "In the gateway's API settings, turn Read-Only API off."
    identity = Identity(seen.api)
    if _is_wrong(lambda: identity.trusts(HOST)):
        yield f"In the gateway's API settings, add {HOST} to the trusted IPs."
    if _is_wrong(lambda: identity.has_master(client_id)):
        yield f"In the gateway's API settings, set Master API client ID to {client_id} or blank."


def of_the_api(other: str) -> Iterator[str]:
    """What another ibapi than the written procedure's leads to; `other` is "" where it is that."""
    if other:
        yield f"ibapi {other} is installed, so ApiVersion names it."
        yield f"The procedure asks for {GoLive().api_version}: each run lists that as weakened."


def _is_wrong(claim: Callable[[], bool]) -> bool:
    try:
        return not claim()
    except NotObservable:
        return False


def end(secrets: str | None) -> Iterator[str]:
    """The commands to go on with; `secrets` is the file as it was named."""
    lines = [(f"{typed.GOLIVE} {each}{_named(each, secrets)}", what) for each, what in NEXT]
    width = max(len(line) for line, _ in lines)
    yield "Next:"
    for line, what in lines:
        yield f"  {line:<{width}}  {what}"


def _named(command: str, secrets: str | None) -> str:
    """A rehearsal takes the example unless a file is named."""
    if secrets is None and command == "rehearse" and not os.environ.get(which.VARIABLE):
        secrets = which.NAME
    return "" if secrets is None else f" --secrets {commands.HERE.quoted(secrets)}"
