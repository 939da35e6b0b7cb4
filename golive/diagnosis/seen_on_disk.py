"""Adds what the gateway's files on this machine show, once an attempt is over.

If nothing listens, it also looks for the gateway's process, which may still wait for its login.
"""

from __future__ import annotations

from dataclasses import replace

from golive.diagnosis.seen import Seen
from golive.machine import running_gateways, sockets
from golive.machine.on_disk import gateway_files, reading
from golive.machine.on_disk.gateway_settings import read_api_settings
from golive.machine.on_disk.log_files import Window
from golive.machine.processes import Process
from golive.machine.running_gateways import RunningGateway


def added_to(seen: Seen) -> Seen:
    """The same with what the gateway's logs and settings tell. Raises nothing."""
    files = gateway_files.find(seen.settings)
    attempt = Window(seen.attempted, seen.now) if seen.attempted else None
    seen = replace(seen, running=_running(seen), settings_folders=files.settings_folders)
    subject = reading.subject(_gateway_of(seen), seen.before)
    logs = reading.logs(files, seen.settings, seen.now, attempt, subject)
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
