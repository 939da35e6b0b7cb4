"""A look at what the gateway keeps on this machine's disk, once an attempt is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from golive.advice.seen import Seen
from golive.on_disk import gateway_files
from golive.on_disk.gateway_files import GatewayFiles
from golive.on_disk.gateway_logs import GatewayLogs, read_logs
from golive.on_disk.gateway_settings import read_api_settings
from golive.on_disk.log_files import Window
from golive.settings import Settings


def added_to(seen: Seen) -> Seen:
    """The same with what the gateway's logs and settings tell. Raises nothing."""
    files = gateway_files.find(seen.settings)
    attempt = Window(seen.attempted, seen.now) if seen.attempted else None
    logs = _logs(files, seen.settings, seen.now, attempt)
    told = seen.api_settings.completed(read_api_settings(files)[0])
    return replace(seen, logs=logs, api_settings=told)


def logged_in(settings: Settings, now: datetime) -> datetime | None:
    """When the gateway was last logged in to, where its logs tell. Raises nothing."""
    return _logs(gateway_files.find(settings), settings, now).logged_in


def _logs(
    files: GatewayFiles, settings: Settings, now: datetime, attempt: Window | None = None
) -> GatewayLogs:
    credentials = settings.credentials
    return read_logs(
        files,
        port=credentials.port,
        client_id=credentials.client_id,
        now=now,
        attempt=attempt,
        secrets=settings.secret_words,
    )
