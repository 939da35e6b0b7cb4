"""Where less was checked than the written procedure asks for: one table, applied to the record.

Such a GO covers what was checked, and no more. Every row that applies is named, so that whoever
signs knows what was weaker. It stops nobody.

What a rehearsal shortens by itself stands in no settings and does not count. Nor does
AllowUnobservedSockets while the sockets were seen. What a platform or a gateway shows to nobody is
listed as not observed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from golive.evidence.record import Evidence, Override
from golive.kit.text import shortened
from golive.procedure import steps
from golive.procedure.steps import Plan

LEAST_INITIALIZATION = 60
LEAST_COOLDOWN = 90
MOST_BUDGET = 1
MOST_TIMEOUT = 10
LEAST_SOAK = 60
"""The written procedure's values: seconds, and minutes for the soak."""
MOST_HEARTBEAT = 60
"""Seconds; ours, for the written procedure has none. Rarer ones would miss most of the hour."""
API_VERSION, CLIENT_ID = "10.37.02", 10

OPENING = ("environment", "gateway", "handshake")
"""The stages of what opens a connection and is no run: smoke test, Monitor, MCP server."""

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Facts:
    """What the checks were made with. `settings` are by their full names, as `Settings.shown`.

    `unobserved` says that sockets were out of sight and that the settings let that pass. `untried`
    are stages whose program was not tried, with the reason.
    """

    settings: Mapping[str, Any]
    overrides: Sequence[Override] = ()
    unobserved: bool = False
    untried: Mapping[str, str] = field(default_factory=dict)

    def value(self, key: str) -> Any:
        """Of a key of `GoLive`; None where it is not on record."""
        return self.settings.get(f"GoLive.{key}")

    def number(self, key: str) -> float | None:
        found = self.value(key)
        is_one = isinstance(found, int | float) and not isinstance(found, bool)
        return found if is_one else None


@dataclass(frozen=True, slots=True)
class Row:
    """One way to check less. `when` is for the document, `found` gives what a person reads.

    `step` is the one that asks for less; the row holds where that is performed, or always for "".
    """

    name: str
    when: str
    step: str
    found: Callable[[Facts], Iterable[str]]

    def holds_in(self, stages: Collection[str]) -> bool:
        return not self.step or steps.step(self.step).stage in stages


def of(found: Evidence) -> list[str]:
    """Of a run, out of its evidence alone: a line each, in the order of the table."""
    return _told(_facts(found), _stages(found.plan))


def of_settings(settings: Mapping[str, Any]) -> list[str]:
    """What they alone will weaken in a go-live run."""
    return _told(Facts(settings), _stages("golive"))


def of_opening(
    settings: Mapping[str, Any], overrides: Sequence[Override] = (), *, unobserved: bool = False
) -> list[str]:
    """The same of a program that opens a connection and is no run."""
    return _told(Facts(settings, overrides, unobserved), OPENING)


def _stages(plan: Plan) -> set[str]:
    return {step.stage for step in steps.of(plan)}


def _told(facts: Facts, stages: Collection[str]) -> list[str]:
    rows = (row for row in TABLE if row.holds_in(stages))
    return [shortened(line, LONGEST) for row in rows for line in row.found(facts)]


def _facts(found: Evidence) -> Facts:
    blind = found.sockets.may_be_unobserved and any(
        each.outcome == "not-observable" and steps.step(each.id).looks_at_sockets
        for each in found.steps
        if each.id in steps.NUMBER
    )
    untried: dict[str, str] = {}
    for each in found.steps:
        if each.outcome == "not-configured":
            untried.setdefault(each.stage, str(each.observed.get("reason") or "not configured"))
    return Facts(found.circumstances.settings, found.overrides, blind, untried)


def _below(key: str, least: float, told: str) -> Callable[[Facts], Iterator[str]]:
    """`told` has the place of the value."""

    def found(facts: Facts) -> Iterator[str]:
        value = facts.number(key)
        if value is not None and value < least:
            yield told.format(f"{value:g}")

    return found


def _above(key: str, most: float, told: str) -> Callable[[Facts], Iterator[str]]:
    def found(facts: Facts) -> Iterator[str]:
        value = facts.number(key)
        if value is not None and value > most:
            yield told.format(f"{value:g}")

    return found


def _another(key: str, only: object, what: str) -> Callable[[Facts], Iterator[str]]:
    def found(facts: Facts) -> Iterator[str]:
        value = facts.value(key)
        if value is not None and value != only:
            yield f"{what} {value} (procedure: {only})"

    return found


def _untried(stage: str, key: str, told: str) -> Callable[[Facts], Iterator[str]]:
    """Also where the run never came to it: its settings say so."""

    def found(facts: Facts) -> Iterator[str]:
        is_null = facts.settings.get(f"GoLive.{key}", "") is None
        why = facts.untried.get(stage) or (f"GoLive.{key} is null" if is_null else "")
        if why:
            yield f"{told} ({why})"

    return found


def _nobody_named(facts: Facts) -> Iterator[str]:
    names = facts.value("StaleProcesses")
    if isinstance(names, list) and not any(str(each).strip() for each in names):
        yield "no stale processes named (procedure: end every dotnet first)"


def _nothing_expected(facts: Facts) -> Iterator[str]:
    if facts.number("ExpectedPositions") == 0:
        yield "0 positions expected: an empty answer passes as well"


def _out_of_sight(facts: Facts) -> Iterator[str]:
    if facts.unobserved:
        yield "sockets not observed (AllowUnobservedSockets is set)"


def _overridden(facts: Facts) -> Iterator[str]:
    for each in facts.overrides:
        yield f"{each.step} overridden ({each.reason})"


TABLE = (
    Row("api version", "`ApiVersion` is not 10.37.02", "environment.ibapi-version",
        _another("ApiVersion", API_VERSION, "API version")),
    Row("client id", "`PinnedClientId` is not 10", "environment.client-id",
        _another("PinnedClientId", CLIENT_ID, "client id")),
    Row("cool-down", "`RetryCooldownSeconds` is below 90", "environment.cool-down",
        _below("RetryCooldownSeconds", LEAST_COOLDOWN,
               "cool-down {} s (procedure: 90 s)")),
    Row("stale processes", "`StaleProcesses` names none", "environment.no-stale-client",
        _nobody_named),
    Row("initialization", "`InitializationSeconds` is below 60", "gateway.initialized",
        _below("InitializationSeconds", LEAST_INITIALIZATION,
               "initialization {} s (procedure: 60 to 90 s)")),
    Row("timeout", "`HandshakeTimeoutSeconds` is above 10", "handshake.next-valid-id",
        _above("HandshakeTimeoutSeconds", MOST_TIMEOUT,
               "timeout {} s (procedure: 10 s)")),
    Row("budget", "`HandshakeBudgetSeconds` is above 1", "handshake.under-budget",
        _above("HandshakeBudgetSeconds", MOST_BUDGET,
               "handshake budget {} s (procedure: 1 s)")),
    Row("positions", "`ExpectedPositions` is 0", "positions.count", _nothing_expected),
    Row("soak time", "`SoakMinutes` is below 60", "soak.full-time",
        _below("SoakMinutes", LEAST_SOAK, "soak of {} min (procedure: 60 min)")),
    Row("heartbeats", "`HeartbeatSeconds` is above 60", "soak.answers",
        _above("HeartbeatSeconds", MOST_HEARTBEAT,
               "a heartbeat every {} s (at most 60 s apart, to show enough of the soak)")),
    Row("sockets", "`AllowUnobservedSockets` is set, and they were not observed", "",
        _out_of_sight),
    Row("Monitor", "`Monitor` is null, or was not tried", "monitor.connected",
        _untried("monitor", "Monitor", "the Monitor was not tried")),
    Row("MCP server", "`Mcp` is null, or was not tried", "mcp.tools",
        _untried("mcp", "Mcp", "the MCP server was not tried")),
    Row("override", "`--override` was used", "", _overridden),
)  # fmt: skip
"""In the order of the steps; what may concern any of them comes last."""
