"""A look at what the gateway keeps on this machine's disk, once an attempt is over.

If nothing listens, also a look for the gateway's process: before its login it may be running.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from golive.diagnosis.seen import Seen
from golive.machine import forwarders, processes, running_gateways, sockets
from golive.machine.on_disk import gateway_files
from golive.machine.on_disk.gateway_files import GatewayFiles
from golive.machine.on_disk.gateway_logs import ANY, GatewayLogs, read_logs
from golive.machine.on_disk.gateway_settings import each_told, read_api_settings
from golive.machine.on_disk.log_files import Window
from golive.machine.on_disk.log_subject import Subject
from golive.machine.processes import Process
from golive.machine.running_gateways import RunningGateway
from golive.machine.sockets import LISTEN, Port
from golive.settings.model import PORTS, Settings


def added_to(seen: Seen) -> Seen:
    """The same with what the gateway's logs and settings tell. Raises nothing."""
    files = gateway_files.find(seen.settings)
    attempt = Window(seen.attempted, seen.now) if seen.attempted else None
    seen = replace(seen, running=_running(seen), settings_folders=files.settings_folders)
    subject = _subject(_gateway_of(seen), seen.before)
    logs = _logs(files, seen.settings, seen.now, attempt, subject)
    told = seen.api_settings.completed(read_api_settings(files)[0])
    return replace(seen, logs=logs, api_settings=told)


def _running(seen: Seen) -> tuple[RunningGateway, ...]:
    """The gateways that run although nothing listens; none if something does, here or elsewhere."""
    if not seen.is_shut or not sockets.are_here(sockets.addresses(seen.settings.credentials.host)):
        return ()
    rows = running_gateways.sockets_now()
    return running_gateways.without_listener(seen.settings, rows, rehearsed=seen.is_rehearsal)


def _gateway_of(seen: Seen) -> Process | None:
    """Whose log to read: the listener's, or that of a gateway that waits for its login."""
    if waiting := seen.waiting:
        return waiting.process
    return None if seen.is_shut else seen.listener


def logged_in(settings: Settings, now: datetime) -> datetime | None:
    """When the gateway was last logged in to, where its logs tell. Raises nothing.

    Another gateway's login counts as well: it is only waited for longer then.
    """
    return _logs(gateway_files.find(settings), settings, now).logged_in


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
    logs = _logs(files, settings, now, subject=_subject(listener, port))
    says += ["its log"] if logs.read_only else []
    if not says:
        return []
    where = " and ".join(says)
    return [
        f"the gateway grants ids, but its Read-Only API is on by {where}: look in its API settings"
    ]


def _subject(listener: Process | None, port: Port | None) -> Subject:
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


def _logs(
    files: GatewayFiles,
    settings: Settings,
    now: datetime,
    attempt: Window | None = None,
    subject: Subject = ANY,
) -> GatewayLogs:
    credentials = settings.credentials
    return read_logs(
        files,
        port=credentials.port,
        client_id=credentials.client_id,
        now=now,
        attempt=attempt,
        secrets=settings.secret_words,
        subject=subject,
    )
