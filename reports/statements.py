"""What a run has shown of the written procedure's success metrics, and what it has not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from golive.evidence import Evidence, StepRecord
from reports import phases, words

ELSEWHERE = {
    "monitor": "The Monitor connects",
    "soak": "No zombie after an hour of operation",
    "mcp": "The MCP tools work",
}
"""Metrics that need more than the gateway: the stage that would show each of them."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A figure and what it says; `is_shown` is whether this run has seen it."""

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
        attempts = words.counted(found.attempts, "attempt")
        yield Statement(
            words.milliseconds(line.last),
            f"until the handshake was complete, of {words.milliseconds(line.budget)} allowed; "
            f"{attempts}, client id {found.endpoint.client_id}",
            "handshake.under-budget" in passed,
        )
    yield Statement(
        f"{found.positions.count:,}",
        f"open positions in {found.positions.account}, all received, as many as expected",
        {"positions.complete", "positions.count"} <= passed,
    )
    yield _no_zombies(found, passed)
    yield Statement(
        "1",
        "connection, closed cleanly; the same gateway still listens",
        {"afterwards.closed-cleanly", "afterwards.still-listening"} <= passed,
    )


def _no_zombies(found: Evidence, passed: set[str]) -> Statement:
    if not {"environment.no-zombies", "afterwards.no-zombies"} <= passed:
        return Statement("?", "zombies: the gateway's sockets were out of sight", False)
    rows = [*found.sockets.before, *found.sockets.after]
    zombies = sum(row.get("state") == "CLOSE_WAIT" for row in rows)
    where = f"on port {found.endpoint.port}"
    return Statement(str(zombies), f"zombies (CLOSE_WAIT) {where}, before the attempt and after it")


def elsewhere(found: Evidence) -> list[str]:
    """Metrics that this run says nothing of."""
    stages = {each.stage: each for each in found.steps if _is_performed(each)}
    return [claim for stage, claim in ELSEWHERE.items() if stage not in stages]


def _is_performed(record: StepRecord) -> bool:
    return record.outcome in ("passed", "failed")
