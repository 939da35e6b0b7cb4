"""The last look: what passed earlier must still hold at the end of the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from golive.machine import sockets, stale_clients
from golive.machine.sockets import Port, Socket
from golive.machine.stale_clients import StaleClient
from golive.run.recording import socket_rows
from golive.run.run import Run
from golive.trials.monitor import MonitorProgram


def look_back(run: Run) -> None:
    """Fails the steps that do not hold any more, by what the port shows now."""
    now, left = run.observed.after, run.left_running
    clients = now.clients if now else []
    others = _strangers(run, left, clients) if left else clients
    is_kept = left is None or (not left.reason and (now is None or others != clients))
    is_go = run.progress.is_go
    for step_id, holds in (
        ("afterwards.no-zombies", now and not now.close_wait),
        ("afterwards.still-listening", now and _is_still_there(run, now)),
        ("gateway.no-other-client", not is_go or (now and not others)),
        ("monitor.left-as-asked", not is_go or is_kept),
    ):
        record = run.progress.record(step_id)
        unseen = now is None and record is not None and record.outcome == "not-observable"
        if record is None or holds or unseen or not run.progress.is_no_obstacle(record):
            continue
        if step_id == "gateway.no-other-client":
            run.observed.others = _programs_of(run, others)
            run.observed.left_by = _opener(run, others)
        observed: dict[str, Any] = {"at the end of the run": socket_rows(now)}
        if step_id == "monitor.left-as-asked" and left is not None:
            observed["stopped"] = left.reason
        run.progress.put(step_id, "failed", record.seconds, observed)


def _strangers(run: Run, left: MonitorProgram, clients: list[Socket]) -> list[Socket]:
    """Whose process is not told is one, unless that was so of the Monitor's own as well."""
    try:
        return left.strangers(clients)
    except sockets.NotObservable:
        record = run.progress.record("monitor.one-connection")
        was_told = record is None or record.outcome == "passed"
        return [each for each in clients if each.pid is None] if was_told else []


def _is_still_there(run: Run, now: Port) -> bool | None:
    """Whether who listens is who it was when that step passed; None: that is not told."""
    record = run.progress.record("afterwards.still-listening")
    if not now.listeners or record is None or record.outcome != "passed":
        return bool(now.listeners)
    before = run.observed.uptime.listener if run.observed.uptime else None
    return sockets.if_observable(lambda: run.gateway.is_still(before))


def _programs_of(run: Run, clients: Sequence[Socket]) -> list[StaleClient]:
    """Whose connections these are: they came while this run was under way."""
    pids = {each.pid for each in clients}
    found = stale_clients.connected(run.gateway, run.wanted.settings)
    return [each for each in found if each.pid in pids]


def _opener(run: Run, clients: Sequence[Socket]) -> str:
    """Which program has opened one of these while it was tried, in words; "" where none has."""
    there = {(each.local_port, each.remote_port) for each in clients}
    for stage, name in (("monitor", "the Monitor"), ("mcp", "the MCP server")):
        record = run.progress.record(f"{stage}.one-connection")
        rows = record.observed.get("opened", []) if record else []
        if any((each["local_port"], each["remote_port"]) in there for each in rows):
            return name
    return ""
