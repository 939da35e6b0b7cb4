"""Environment and gateway: what is seen before anything connects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from golive.evidence.seen.taking import (
    Saw,
    at,
    connection,
    listed,
    listeners,
    some,
    zombies,
)
from golive.kit.figures import duration, uptime
from golive.kit.text import counted


def _one_ibapi(saw: Saw) -> Iterator[str]:
    distributions, folders = saw.take("distributions"), saw.take("folders")
    yield listed(distributions) or "no distribution of ibapi"
    yield f"in {listed(folders)}" if folders else "no folder of ibapi"


def _ibapi_version(saw: Saw) -> Iterator[str]:
    installed, pinned = saw.take("installed"), saw.take("pinned")
    yield f"version {installed or 'unknown'}, {pinned} expected"


def _ibapi_files(saw: Saw) -> Iterator[str]:
    changed = saw.take("changed")
    yield f"{counted(len(changed), 'file')} changed" if changed else "no file changed"
    yield from some(changed)


def _settings(saw: Saw) -> Iterator[str]:
    saw.drop("sha256")
    name = saw.take("file")
    yield f"{name}, unchanged" if saw.has_passed else f"{name} was changed during the run"


def _client_id(saw: Saw) -> Iterator[str]:
    configured, pinned, last = (saw.take(k) for k in ("configured", "pinned", "last_attempt"))
    yield f"client id {configured}, {pinned} expected"
    if last not in (None, configured):
        yield f"client id {last} in the last attempt"


def _identity(saw: Saw) -> Iterator[str]:
    kind, disagreements = saw.take("kind"), saw.take("disagreements")
    yield from disagreements or [str(kind)]


def _only_run(saw: Saw) -> Iterator[str]:
    other = saw.take("other_run")
    if other is None:
        yield "no other run"
    else:
        since = f" since {saw.when(other['since'])}" if other.get("since") else ""
        yield f"run {other.get('run')}, pid {other.get('pid')}, is under way{since}"


def _cool_down(saw: Saw) -> Iterator[str]:
    failed, until = saw.take("last_failed"), saw.take("not_before")
    damaged = saw.take("damaged_lines")
    yield f"the last failed {_attempt(saw, failed)}" if failed else "no failed attempt remembered"
    if until:
        yield f"next attempt not before {saw.when(until)}"
    if damaged:
        yield f"{counted(len(damaged), 'damaged line')} in the journal of attempts"


def _no_flipping(saw: Saw) -> Iterator[str]:
    changes, until = saw.take("changes"), saw.take("not_before")
    yield from [f"changed by the {_attempt(saw, each)}" for each in changes] or ["not changed"]
    if until:
        yield f"next change of endpoint not before {saw.when(until)}"


def _attempt(saw: Saw, made: dict[str, Any]) -> str:
    """`attempt at 127.0.0.1:4001 began at ... and ended with zombies`."""
    outcome = {"begun": "no outcome (the run was killed)"}.get(made["outcome"], made["outcome"])
    when = saw.when(made.get("ended") or made["begun"])
    return f"attempt, at {made['endpoint']}, ended {when} with {outcome}"


def _stale_clients(saw: Saw) -> Iterator[str]:
    looked_for, running, ended = (saw.take(key) for key in ("looked_for", "running", "ended"))
    for each in running or ():
        yield from _program(saw, each)
    for each in ended or ():
        why = f": {each['why']}" if each.get("why") else ""
        yield f"{each['name'] or 'a program'}, pid {each['pid']}: {each['how']}{why}"
    if not running:
        yield f"no {' or '.join(looked_for)} is running" if looked_for else "no client is running"


def _program(saw: Saw, found: dict[str, Any]) -> Iterator[str]:
    """A client that must not be there: who it is, why, and what it was started as."""
    yield f"{saw.process(found)}: {found.get('why')}"
    yield from filter(None, (found.get("connection"), found.get("spared"), found.get("command")))


def _listening(saw: Saw) -> Iterator[str]:
    yield from listeners(saw)
    elsewhere, kind = saw.take("at_other_addresses"), saw.take("kind")
    saw.drop("process")
    if elsewhere:
        there = listed([at(each["local_ip"], each["local_port"]) for each in elsewhere])
        yield f"at another address than the configured one: {there}"
    if kind not in (None, "unknown"):
        yield f"by its name a {kind}"


def _restarted(saw: Saw) -> Iterator[str]:
    left, started = saw.take("zombies_left"), saw.take("gateway_started")
    if left is None:
        yield "no earlier attempt left zombies"
    else:
        yield f"{counted(left.get('zombies') or 0, 'zombie')} left by an {_attempt(saw, left)}"
    yield (
        f"gateway started {saw.when(started)}"
        if started
        else "the gateway's start was not observed"
    )


def _initialized(saw: Saw) -> Iterator[str]:
    seconds, waited = saw.take("seconds"), saw.take("waited_seconds")
    is_same, resets = saw.take("is_same"), saw.take("resets")
    saw.drop("needed_seconds", "process", "listener")
    if seconds is not None:
        yield f"up for {uptime(seconds)}" + (f", waited {duration(waited)}" if waited else "")
    if is_same is False:
        yield "the listener went away or was replaced during the wait"
    yield from resets or ()


def _other_clients(saw: Saw) -> Iterator[str]:
    clients, programs = saw.take("clients"), saw.take("programs")
    if clients is not None:
        count = counted(len(clients), "other client")
        yield f"{count} connected" if clients else "no other client"
    for each in programs or ():
        yield from _program(saw, each)
    if not programs:
        yield from some([connection(each) for each in clients or ()])


def _accept_queue(saw: Saw) -> Iterator[str]:
    waiting = saw.take("waiting_to_be_accepted")
    if waiting is not None:
        yield f"{counted(waiting, 'connection')} waiting to be accepted" if waiting else "empty"


TELLERS = {
    "environment.one-ibapi": _one_ibapi,
    "environment.ibapi-version": _ibapi_version,
    "environment.ibapi-unmodified": _ibapi_files,
    "environment.settings": _settings,
    "environment.client-id": _client_id,
    "environment.identity": _identity,
    "environment.only-run": _only_run,
    "environment.cool-down": _cool_down,
    "environment.no-flipping": _no_flipping,
    "environment.no-stale-client": _stale_clients,
    "environment.no-zombies": zombies,
    "gateway.listening": _listening,
    "gateway.restarted": _restarted,
    "gateway.initialized": _initialized,
    "gateway.no-other-client": _other_clients,
    "gateway.accept-queue": _accept_queue,
}
