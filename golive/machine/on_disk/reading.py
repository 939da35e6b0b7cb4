"""What a gateway's logs and settings on this disk say to who asks."""

from __future__ import annotations

from datetime import datetime

from golive.machine import forwarders, processes
from golive.machine.on_disk import gateway_files
from golive.machine.on_disk.gateway_files import GatewayFiles
from golive.machine.on_disk.gateway_logs import ANY, GatewayLogs, read_logs
from golive.machine.on_disk.gateway_settings import each_told
from golive.machine.on_disk.log_files import Window
from golive.machine.on_disk.log_subject import Subject
from golive.machine.processes import Process
from golive.machine.sockets import LISTEN, Port
from golive.settings.model import PORTS, Settings


def logged_in(settings: Settings, now: datetime) -> datetime | None:
    """When the gateway was last logged in to, where its logs tell. Raises nothing.

    Another gateway's login counts as well: it is only waited for longer then.
    """
    return logs(gateway_files.find(settings), settings, now).logged_in


def denials(
    settings: Settings, now: datetime, listener: Process | None, port: Port | None
) -> list[str]:
    """What on the disk says that the Read-Only API is on, of a gateway that has granted ids.

    One line that names it, or none. Raises nothing.
    """
    files = gateway_files.find(settings)
    told = [each for each in each_told(files, []) if each.read_only is not None]
    is_agreed = all(each.read_only for each in told)  # else they may be of two users
    says = [each.source for each in told] if is_agreed else []
    told_there = logs(files, settings, now, of=subject(listener, port))
    says += ["its log"] if told_there.read_only else []
    if not says:
        return []
    where = " and ".join(says)
    return [
        (
            f"the gateway grants order ids, but according to {where} its Read-Only API is on:"
            " check its API settings"
        )
    ]


def subject(listener: Process | None, port: Port | None) -> Subject:
    """The listener's process, and those that listen on others of the four ports."""
    is_gateway = listener is not None and forwarders.kind(listener.name) != "forwarder"
    started = listener.started if listener and is_gateway else None
    rows = port.sockets if port else ()
    pids = {
        each.pid for each in rows if each.state == LISTEN and each.local_port in PORTS and each.pid
    }
    if port:
        pids -= {each.pid for each in port.listeners}
    known = [found for pid in sorted(filter(None, pids)) if (found := processes.process(pid))]
    return Subject(started, tuple(each.started for each in known))


def logs(
    files: GatewayFiles,
    settings: Settings,
    now: datetime,
    attempt: Window | None = None,
    of: Subject = ANY,
) -> GatewayLogs:
    """What the logs say of this gateway, and of the attempt in this window. Raises nothing."""
    credentials = settings.credentials
    return read_logs(
        files,
        port=credentials.port,
        client_id=credentials.client_id,
        now=now,
        attempt=attempt,
        secrets=settings.secret_words,
        subject=of,
    )
