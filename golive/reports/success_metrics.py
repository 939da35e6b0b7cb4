"""Which success metrics of the written procedure a run has shown, and which it has not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from golive.evidence.record import Evidence, StepRecord
from golive.reports import phases, wording

ELSEWHERE = {
    "monitor": "the Monitor connects",
    "soak": "no zombie after an hour of operation",
    "mcp": "the MCP tools work",
}
"""Metrics that need more than the gateway, by the stage that shows each of them."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A figure and its claim. `is_shown` is whether this run has shown it."""

    figure: str
    claim: str
    is_shown: bool = True


def of(found: Evidence) -> tuple[Statement, ...]:
    """In the order of the written procedure. Only a run that is GO has any."""
    return tuple(_statements(found)) if found.verdict == "GO" else ()


def _statements(found: Evidence) -> Iterator[Statement]:
    passed = {each.id for each in found.steps if each.outcome == "passed"}
    line = phases.of(found)
    if line is not None and line.is_complete:
        attempts = wording.counted(found.attempts, "attempt")
        yield Statement(
            wording.milliseconds(line.last),
            f"until the handshake was complete, of {wording.milliseconds(line.budget)} allowed; "
            f"{attempts}, client id {found.endpoint.client_id}",
            "handshake.under-budget" in passed,
        )
    yield Statement(
        f"{found.positions.count:,}",
        f"open positions in {found.positions.account}, all received, as many as expected",
        {"positions.complete", "positions.count"} <= passed,
    )
    yield from _held(found, passed)
    yield _no_zombies(found, passed)
    yield Statement(
        "1",
        "connection, closed cleanly; the same gateway still listens",
        {"afterwards.closed-cleanly", "afterwards.still-listening"} <= passed,
    )
    yield from _programs(found, passed)


def _held(found: Evidence, passed: set[str]) -> Iterator[Statement]:
    if found.soak is not None:
        yield Statement(
            wording.span(found.soak.wanted),
            f"of operation without a break; {found.soak.answers:,} of {found.soak.heartbeats:,}"
            f" heartbeats answered, {wording.zombies(found.soak.most_zombies)} at any of them",
            {"soak.answers", "soak.no-zombies", "soak.full-time", "soak.positions"} <= passed,
        )


def _programs(found: Evidence, passed: set[str]) -> Iterator[Statement]:
    """For the Monitor and the MCP server, as far as they were checked."""
    saw = {each.id: each.observed for each in found.steps}
    if "monitor.positions" in passed:
        count = wording.text(saw["monitor.positions"].get("open"))
        yield Statement(count, "positions shown by the Monitor, over a connection of its own")
    if "mcp.positions" in passed:
        count = wording.text(saw["mcp.positions"].get("rows"))
        yield Statement(count, "positions through the MCP tool, the same as the gateway's")


def _no_zombies(found: Evidence, passed: set[str]) -> Statement:
    if not {"environment.no-zombies", "afterwards.no-zombies"} <= passed:
        return Statement("?", "zombies: the gateway's sockets were not observed", False)
    rows = [*found.sockets.before, *found.sockets.after]
    zombies = sum(row.get("state") == "CLOSE_WAIT" for row in rows)
    where = f"on port {found.endpoint.port}"
    return Statement(str(zombies), f"zombies (CLOSE_WAIT) {where}, before the attempt and after it")


def elsewhere(found: Evidence) -> list[str]:
    """Metrics that this run did not cover."""
    performed = {each.stage for each in found.steps if _is_performed(each)}
    off = {each.stage for each in found.steps if each.outcome == "not-configured"} - performed
    return [
        claim + (" (not configured)" if stage in off else "")
        for stage, claim in ELSEWHERE.items()
        if stage not in performed
    ]


def _is_performed(record: StepRecord) -> bool:
    return record.outcome in ("passed", "failed")
