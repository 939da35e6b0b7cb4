"""The pre-flight: what forbids an attempt. Nothing is connected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from golive.discipline.earlier_attempts import Memory
from golive.discipline.rules import Discipline
from golive.kit.clock import Clock, now_and_then
from golive.kit.text import counted
from golive.machine import installed, sockets, stale_clients
from golive.machine.gateway import Gateway
from golive.machine.installed import InstalledApi
from golive.machine.on_disk import reading
from golive.machine.sockets import Answer
from golive.settings.secrets_json import SettingsFile


class Earlier(Protocol):
    """What earlier runs recorded; see golive.discipline."""

    @property
    def is_alone(self) -> bool: ...
    @property
    def discipline(self) -> Discipline: ...
    def allows(self, step_id: str, found: str | None) -> bool: ...


@dataclass(frozen=True)
class Subject:
    """What the steps are asked of. The installed client is read once."""

    file: SettingsFile
    gateway: Gateway
    earlier: Earlier

    @cached_property
    def api(self) -> InstalledApi:
        return installed.read()


Check = Callable[[Subject], str | None]
"""Why a step fails; None where it passes. Raises sockets.NotObservable."""


def objections(
    file: SettingsFile,
    gateway: Gateway,
    memory: Memory,
    write: Callable[[str], None],
    clock: Clock,
) -> Iterator[tuple[str, str]]:
    """The pre-flight steps that fail, in order, and why. Raises sockets.NotObservable, and
    attempts.AttemptRefused where none of them would matter any more.

    A port on which nothing listens is no objection: it has an exit code of its own.
    """
    subject = Subject(file, gateway, memory)
    yield from _found(BEFORE_ALL, subject)
    if nothing_listens(file, gateway):
        return
    yield from _found(BEFORE_WAITING, subject)
    say = now_and_then(lambda left: write(f"waiting {left:.0f} s more: still initializing"))

    def tell(seconds_left: float) -> None:
        memory.attempts.refuse_forbidden()
        say(seconds_left)

    seconds = file.settings.golive.initialization_seconds
    login = reading.logged_in(file.settings, clock.now())
    uptime = seen(file, lambda: gateway.wait_until_initialized(seconds, tell, login))
    if uptime and not uptime.is_same:
        yield "gateway.initialized", "the gateway ended or was restarted during the wait"
    yield from _found(AFTER_WAITING, subject)


def _found(checks: Mapping[str, Check], subject: Subject) -> Iterator[tuple[str, str]]:
    for step, check in checks.items():
        if why := check(subject):
            yield step, why


def _one_ibapi(of: Subject) -> str | None:
    api = of.api
    found = ", ".join(api.folders) or "none"
    return None if api.is_only_one else f"exactly one ibapi is needed, found: {found}"


def _ibapi_version(of: Subject) -> str | None:
    api, wanted = of.api, of.file.settings.golive.api_version
    return None if api.version == wanted else f"ibapi is {api.version}, {wanted} expected"


def _ibapi_unmodified(of: Subject) -> str | None:
    changed = of.api.changed
    return f"files of ibapi were changed, the first is {changed[0]}" if changed else None


def _client_id(of: Subject) -> str | None:
    settings, pinned = of.file.settings, of.file.settings.golive.pinned_client_id
    configured = settings.credentials.client_id
    if configured != pinned:
        return f"ClientId is {configured}, the pinned one is {pinned}"
    why = of.earlier.discipline.other_client_id(configured)
    return _let_pass(of.earlier, "environment.client-id", why)


def _identity(of: Subject) -> str | None:
    return "; ".join(of.file.settings.disagreements) or None


def _only_run(of: Subject) -> str | None:
    return None if of.earlier.is_alone else "another run is using this endpoint"


def _cool_down(of: Subject) -> str | None:
    return _let_pass(of.earlier, "environment.cool-down", of.earlier.discipline.quick_retry)


def _no_flipping(of: Subject) -> str | None:
    return _let_pass(of.earlier, "environment.no-flipping", of.earlier.discipline.flipping)


def _no_stale_client(of: Subject) -> str | None:
    stale = stale_clients.none(of.gateway, of.file.settings)
    if not stale:
        return None
    first = stale[0]
    return f"{first.name or 'a client'} is running, pid {first.pid or 'not observed'}: {first.why}"


def _no_zombies(of: Subject) -> str | None:
    zombies = seen(of.file, lambda: of.gateway.zombies)
    count = counted(len(zombies or ()), "zombie")
    return f"{count} (CLOSE_WAIT) on port {of.gateway.number}" if zombies else None


def _restarted(of: Subject) -> str | None:
    why = of.earlier.discipline.no_restart(of.gateway.started())
    return _let_pass(of.earlier, "gateway.restarted", why)


def _no_other_client(of: Subject) -> str | None:
    clients = seen(of.file, lambda: of.gateway.clients)
    return f"a client is connected, pid {clients[0].pid or 'not observed'}" if clients else None


def _accept_queue(of: Subject) -> str | None:
    waiting = sockets.if_observable(of.gateway.accept_queue)
    return "connections wait in the gateway's accept queue" if waiting else None


def _let_pass(earlier: Earlier, step: str, why: str | None) -> str | None:
    """Unless the operator lets it pass."""
    return None if earlier.allows(step, why) else why


BEFORE_ALL: Mapping[str, Check] = {
    "environment.one-ibapi": _one_ibapi,
    "environment.ibapi-version": _ibapi_version,
    "environment.ibapi-unmodified": _ibapi_unmodified,
    "environment.client-id": _client_id,
    "environment.identity": _identity,
    "environment.only-run": _only_run,
    "environment.cool-down": _cool_down,
    "environment.no-flipping": _no_flipping,
    "environment.no-stale-client": _no_stale_client,
    "environment.no-zombies": _no_zombies,
}
BEFORE_WAITING: Mapping[str, Check] = {"gateway.restarted": _restarted}
AFTER_WAITING: Mapping[str, Check] = {
    "gateway.no-other-client": _no_other_client,
    "gateway.accept-queue": _accept_queue,
}


def seen(file: SettingsFile, look: Callable[[], Answer]) -> Answer | None:
    """What is observed; None where it cannot and need not be. Raises sockets.NotObservable."""
    need_not_be = file.settings.golive.allow_unobserved_sockets
    return sockets.if_observable(look) if need_not_be else look()


def zombies_now(file: SettingsFile, gateway: Gateway) -> int:
    """How many there are right before an attempt. Raises sockets.NotObservable as `seen` does."""
    return len(seen(file, lambda: gateway.zombies) or ())


def nothing_listens(file: SettingsFile, gateway: Gateway) -> bool:
    """Raises sockets.NotObservable where that must be observed and cannot be."""
    return seen(file, lambda: gateway.listeners) == []
