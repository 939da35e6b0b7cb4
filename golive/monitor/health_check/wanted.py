"""Which Monitor the health check asks, according to the settings.

The file is only read, not validated: the Monitor did that when it started, and it would take
longer than the check itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golive.kit import typed
from golive.monitor.health_check.readyz import START, NoAnswer, parsed

MOST_BYTES = 1_000_000
WRONG = "is not valid; golive card says what is wrong"
NOT_THERE = f"no such file; name it: --secrets PATH, or write one: {typed.GOLIVE} init"

Endpoint = tuple[str, int, int]
"""Host, port and client id."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where to ask, and which endpoints the answer may be about: the one that is meant, then the
    fallback if the settings allow it. Empty: any."""

    url: str
    endpoints: tuple[Endpoint, ...] = ()


def wanted(path: Path, on_fallback: bool, url: str | None) -> Wanted:
    """According to the settings file; `url` replaces the Monitor's address in it.

    Raises NoAnswer.
    """
    document = _document(path)
    golive = _section(document, "GoLive", {})
    endpoints = _endpoints(document, golive, on_fallback)
    return Wanted(url or _url(golive, endpoints), endpoints)


def _document(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES)
    except FileNotFoundError:
        raise NoAnswer(f"settings: {path}: {NOT_THERE}") from None
    except OSError as error:
        raise NoAnswer(f"settings: {path}: cannot be read: {error.strerror or error}") from None
    return parsed(data, f"settings: {path} {WRONG}")


def _endpoints(
    document: Mapping[str, Any], golive: Mapping[str, Any], on_fallback: bool
) -> tuple[Endpoint, ...]:
    credentials = _section(document, "IBKRCredentials", None)
    host, client_id = _text(credentials, "Host"), _number(credentials, "ClientId")
    primary = (host.casefold(), _number(credentials, "Port"), client_id)
    other = _number(_section(golive, "Fallback", {}), "Port", 7497)
    fallback = (host.casefold(), other, client_id)
    if on_fallback:
        return (fallback,)
    return (primary, fallback) if golive.get("AutoFallback") is True else (primary,)


def _url(golive: Mapping[str, Any], endpoints: tuple[Endpoint, ...]) -> str:
    if golive.get("Monitor", {}) is None:
        raise NoAnswer("no Monitor is configured: GoLive.Monitor is null")
    monitor = _section(golive, "Monitor", {})
    if monitor.get("HealthPort") is None:
        raise NoAnswer(
            "the Monitor has no health port; set GoLive.Monitor.HealthPort and restart it"
        )
    port = _number(monitor, "HealthPort")
    if port == 0:
        return _chosen_by_itself(endpoints)
    address = _text(monitor, "HealthAddress", "127.0.0.1")
    return f"http://{f'[{address}]' if ':' in address else address}:{port}"


def _chosen_by_itself(endpoints: tuple[Endpoint, ...]) -> str:
    """The address that a Monitor with HealthPort 0 has noted."""
    from golive.discipline.attempts import endpoint
    from golive.discipline.earlier_attempts import state_folder
    from golive.discipline.running_monitor import RunningMonitor

    folder = state_folder()
    for host, port, _ in endpoints:
        running = RunningMonitor.find(folder, endpoint(host, port))
        if running is not None and running.url is not None:
            return running.url
    raise NoAnswer(f"no Monitor with a health port is running; start one: {START}")


def _section(document: Mapping[str, Any], name: str, default: Any) -> Mapping[str, Any]:
    found = document.get(name, default)
    if not isinstance(found, dict):
        raise NoAnswer(f"settings: {name} {WRONG}")
    return found


def _text(section: Mapping[str, Any], name: str, default: str = "") -> str:
    value = section.get(name, default)
    if not isinstance(value, str) or not value:
        raise NoAnswer(f"settings: {name} {WRONG}")
    return value


def _number(section: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = section.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise NoAnswer(f"settings: {name} {WRONG}")
    return value
