"""The smoke test's pre-flight: what stands in the way of an attempt. Nothing is connected."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from golive.discipline.earlier_attempts import Memory
from golive.kit.clock import Clock, now_and_then
from golive.machine import installed, sockets, stale_clients
from golive.machine.gateway import Gateway
from golive.machine.on_disk import reading
from golive.machine.sockets import Answer
from golive.settings.secrets_json import SettingsFile


def objections(
    file: SettingsFile,
    gateway: Gateway,
    memory: Memory,
    write: Callable[[str], None],
    clock: Clock,
) -> Iterator[tuple[str, str]]:
    """The pre-flight steps that do not hold, in order, and why. Raises sockets.NotObservable, and
    attempts.AttemptRefused where none of them would matter any more.

    A port on which nothing listens is no objection: it has an exit code of its own.
    """
    yield from _in_the_client(file)
    yield from _in_the_settings(file, memory)
    yield from _in_earlier_attempts(memory)
    yield from _in_the_way(file, gateway)
    if nothing_listens(file, gateway):
        return
    why = memory.discipline.no_restart(gateway.started())
    if why and not memory.allows("gateway.restarted", why):
        yield "gateway.restarted", why
    say = now_and_then(lambda left: write(f"waiting {left:.0f} s more: still initializing"))

    def tell(seconds_left: float) -> None:
        memory.attempts.refuse_forbidden()
        say(seconds_left)

    seconds = file.settings.golive.initialization_seconds
    login = reading.logged_in(file.settings, clock.now())
    uptime = seen(file, lambda: gateway.wait_until_initialized(seconds, tell, login))
    if uptime and not uptime.is_same:
        yield "gateway.initialized", "the gateway went away while it was being waited for"
    if clients := seen(file, lambda: gateway.clients):
        yield "gateway.no-other-client", f"a client is connected, pid {clients[0].pid}"
    if sockets.if_observable(gateway.accept_queue):
        yield "gateway.accept-queue", "connections wait in the gateway's accept queue"


def _in_the_client(file: SettingsFile) -> Iterator[tuple[str, str]]:
    api, wanted = installed.read(), file.settings.golive.api_version
    if not api.is_only_one:
        yield "environment.one-ibapi", f"not exactly one ibapi: {', '.join(api.folders) or 'none'}"
    if api.version != wanted:
        yield "environment.ibapi-version", f"ibapi is {api.version}, not {wanted}"
    if api.changed:
        yield "environment.ibapi-unmodified", f"files of ibapi were changed: {api.changed[0]}, ..."


def _in_the_settings(file: SettingsFile, memory: Memory) -> Iterator[tuple[str, str]]:
    settings, pinned = file.settings, file.settings.golive.pinned_client_id
    configured = settings.credentials.client_id
    if configured != pinned:
        yield "environment.client-id", f"ClientId is not the pinned {pinned}"
    why = memory.discipline.other_client_id(configured)
    if why and not memory.allows("environment.client-id", why):
        yield "environment.client-id", why
    if settings.disagreements:
        yield "environment.identity", "; ".join(settings.disagreements)


def _in_earlier_attempts(memory: Memory) -> Iterator[tuple[str, str]]:
    if not memory.is_alone:
        yield "environment.only-run", "another run is under way at this endpoint"
    why = memory.discipline.quick_retry
    if why and not memory.allows("environment.cool-down", why):
        yield "environment.cool-down", why
    why = memory.discipline.flipping
    if why and not memory.allows("environment.no-flipping", why):
        yield "environment.no-flipping", why


def _in_the_way(file: SettingsFile, gateway: Gateway) -> Iterator[tuple[str, str]]:
    if stale := stale_clients.none(gateway, file.settings):
        first = stale[0]
        why = f"{first.name or 'a client'} is running, pid {first.pid or 'not told'}: {first.why}"
        yield "environment.no-stale-client", why
    if zombies := seen(file, lambda: gateway.zombies):
        yield "environment.no-zombies", f"{len(zombies)} CLOSE_WAIT on port {gateway.number}"


def seen(file: SettingsFile, look: Callable[[], Answer]) -> Answer | None:
    """What is seen; None where it cannot be and need not be. Raises sockets.NotObservable."""
    need_not_be = file.settings.golive.allow_unobserved_sockets
    return sockets.if_observable(look) if need_not_be else look()


def zombies_now(file: SettingsFile, gateway: Gateway) -> int:
    """How many there are right before an attempt. Raises sockets.NotObservable as `seen` does."""
    return len(seen(file, lambda: gateway.zombies) or ())


def nothing_listens(file: SettingsFile, gateway: Gateway) -> bool:
    """Raises sockets.NotObservable where that cannot be seen, and must be."""
    return seen(file, lambda: gateway.listeners) == []
