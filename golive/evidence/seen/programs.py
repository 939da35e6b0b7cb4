"""Monitor and MCP server: what is seen of the programs that a run tries."""

from __future__ import annotations

from collections.abc import Iterator

from golive.evidence.seen.on_the_connection import open_positions
from golive.evidence.seen.taking import NOTHING, Saw, connection, listed, some, zombies
from golive.kit.figures import milliseconds, span
from golive.kit.text import counted

HOW = {
    "politely": "ended politely",
    "firmly": "had to be killed",
    "by itself": "had ended by itself",
    "not ended": "could not be ended",
    "left running": "left running",
}


def _started_as(saw: Saw) -> Iterator[str]:
    command, pid = saw.take("command"), saw.take("pid")
    if command:
        yield f"started as {command}" + ("" if pid is None else f", pid {pid}")


def _monitor(saw: Saw) -> Iterator[str]:
    after, lines, last = (saw.take(k) for k in ("connected_after_seconds", "lines", "last_lines"))
    if after is not None:
        yield f"connected after {span(after)}"
    if last:
        yield from some([f"it said: {each}" for each in last])
    elif lines is not None and not saw.has_passed:
        yield f"it said {counted(lines, 'line')}"
    yield from _started_as(saw)


def _monitor_positions(saw: Saw) -> Iterator[str]:
    found, account = saw.take("open"), saw.take("account")
    if found is not None:
        yield open_positions(saw, found)
    if account:
        yield f"account {account}"


def _one_connection(saw: Saw) -> Iterator[str]:
    clients, opened, others = (saw.take(k) for k in ("clients", "opened", "not_its_own"))
    received, least, uncounted = (
        saw.take(key) for key in ("received_bytes", "least_bytes", "not_counted")
    )
    if clients is not None:
        yield f"{counted(len(clients), 'client')} connected, {len(opened or ())} opened by it"
    yield from some([f"not its own: {connection(each)}" for each in others or ()])
    if received is not None:
        yield f"{counted(received, 'byte')} received, at least {least:,} expected"
    if uncounted:
        yield f"bytes not observed: {uncounted}"


def _ended(saw: Saw) -> Iterator[str]:
    how, code, left = (saw.take(key) for key in ("how", "exit_code", "left"))
    log, pid, end_with = (saw.take(key) for key in ("log", "pid", "end_with"))
    if how:
        exit_code = "" if code is None else f", exit code {code}"
        yield HOW.get(how, str(how)) + ("" if pid is None else f", pid {pid}") + exit_code
    if left:
        yield f"still running: pid {listed(left)}"
    if log:
        yield f"log {log}"
    if end_with:
        yield f"end it with: {end_with}"


def _ended_without_zombies(saw: Saw) -> Iterator[str]:
    yield from _ended(saw)
    yield from zombies(saw)


def _tools(saw: Saw) -> Iterator[str]:
    server, protocol, tools = (saw.take(key) for key in ("server", "protocol", "tools"))
    took = saw.take("milliseconds")
    if server:
        yield f"{server}, MCP {protocol}"
    if tools not in NOTHING:
        yield f"{counted(len(tools), 'tool')}: {listed(tools)}"
    if took:
        yield "answered " + ", ".join(f"{n} in {milliseconds(ms)}" for n, ms in took.items())
    yield from _started_as(saw)


def _mcp_connections(saw: Saw) -> Iterator[str]:
    opened, most = saw.take("opened"), saw.take("may_open")
    if opened is not None:
        yield f"{counted(len(opened), 'connection')} opened, at most {most} allowed"
        if not saw.has_passed:
            yield from some([connection(each) for each in opened])


def _mcp_positions(saw: Saw) -> Iterator[str]:
    rows, different = saw.take("rows"), saw.take("different")
    if rows is not None:
        same = ", the gateway's own" if saw.has_passed else ""
        yield f"{counted(rows, 'row')}{same}"
    yield from some([str(each) for each in different or ()])


def _of_this_run(saw: Saw) -> Iterator[str]:
    as_of, started = saw.take("as_of"), saw.take("run_started")
    if as_of:
        yield f"answered as of {saw.when(as_of)}"
    if started:
        yield f"the run began {saw.when(started)}"


TELLERS = {
    "monitor.connected": _monitor,
    "monitor.positions": _monitor_positions,
    "monitor.one-connection": _one_connection,
    "monitor.left-as-asked": _ended,
    "monitor.no-zombies": zombies,
    "mcp.tools": _tools,
    "mcp.one-connection": _mcp_connections,
    "mcp.positions": _mcp_positions,
    "mcp.of-this-run": _of_this_run,
    "mcp.ended": _ended_without_zombies,
}
