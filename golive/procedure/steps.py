"""The procedure as data: its stages, its steps, in the order in which they are performed.

Ids, titles and sections stand here and nowhere else. The tests of `acceptance/` are named after the
titles, `docs/checks.md` lists them; `tests/procedure` holds all three together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from golive.procedure.expectations import EXPECTED

CLEAN = "Pre-Flight Checklist, 1. Clean the Environment"
INITIALIZATION = "Pre-Flight Checklist, 2. Gateway Initialization Discipline"
IDENTITY = "Pre-Flight Checklist, 3. Fix Identity"
PRINCIPLES = "The SSOT Principles"
SMOKE = "The Smoke Test Protocol"
TIMEOUT = "The Smoke Test Protocol, If Timeout"
METRICS = "Success Metrics"
MONITOR = "Production Start Sequence, Step 4: Start Monitor"
VERIFY = "Production Start Sequence, Step 5: Verify"
FILES = "Configuration Files Reference"
PORTS = "Fallback: TWS Paper Trading, Port Reference"
ANTI_PATTERNS = "What NOT To Do (Anti-Patterns)"
DECISION_TREE = "Troubleshooting Decision Tree"


@dataclass(frozen=True, slots=True)
class Step:
    """One claim of the procedure.

    `section` is the heading of the written procedure it comes from. Where what it asks for cannot
    be seen, a step that `may_be_unobserved` does not stand in the way of GO, and one that
    `looks_at_sockets` does not where the settings say so (AllowUnobservedSockets).
    """

    id: str
    title: str
    section: str
    may_be_unobserved: bool = False
    looks_at_sockets: bool = False

    @property
    def stage(self) -> str:
        return self.id.partition(".")[0]

    @property
    def expects(self) -> str:
        """What it expects to see, with the names of values in braces."""
        return EXPECTED[self.id]

    def is_excused(self, blind: bool) -> bool:
        """Whether it may be not-observable in a GO; `blind`: sockets may, as the settings say."""
        return self.may_be_unobserved or (blind and self.looks_at_sockets)

    @property
    def anchor(self) -> str:
        """Of its section in `docs/monday.md`."""
        heading = self.section.rpartition(", ")[2].lower()
        return "".join(c if c.isalnum() else "-" for c in heading if c.isalnum() or c in " -")

    @property
    def test_name(self) -> str:
        """The name of the one test that performs it."""
        return "test_" + "".join(c if c.isalnum() else "_" for c in self.title)


STEPS = (
    Step("environment.one-ibapi", "exactly one ibapi is installed", PRINCIPLES),
    Step("environment.ibapi-version", "ibapi is the pinned version", PRINCIPLES),
    Step("environment.ibapi-unmodified", "ibapi files are unmodified", PRINCIPLES),
    Step("environment.settings", "settings are valid and unchanged", FILES),
    Step("environment.client-id", "client id is the pinned one", IDENTITY),
    Step("environment.identity", "port and paper flag and account agree", PORTS),
    Step("environment.only-run", "no other run is under way", ANTI_PATTERNS),
    Step("environment.cool-down", "last failed attempt is long enough ago", ANTI_PATTERNS),
    Step("environment.no-flipping", "endpoint was not changed twice", ANTI_PATTERNS),
    Step("environment.no-stale-client", "no stale client process is running", CLEAN),
    Step("environment.no-zombies", "no zombie is on the gateway port", CLEAN,
         looks_at_sockets=True),
    Step("gateway.listening", "gateway listens on the configured port", INITIALIZATION,
         looks_at_sockets=True),
    Step("gateway.restarted", "no earlier attempt left zombies on this gateway", TIMEOUT),
    Step("gateway.initialized", "gateway has been up for the initialization time", INITIALIZATION,
         looks_at_sockets=True),
    Step("gateway.no-other-client", "no other client is connected", PRINCIPLES,
         looks_at_sockets=True),
    Step("gateway.accept-queue", "gateway accept queue is empty", DECISION_TREE,
         may_be_unobserved=True),
    Step("handshake.one-attempt", "exactly one attempt is made", PRINCIPLES),
    Step("handshake.connect-ack", "gateway acknowledges the connection", SMOKE),
    Step("handshake.next-valid-id", "gateway answers with the next valid id", SMOKE),
    Step("handshake.managed-accounts", "gateway manages the expected account", SMOKE),
    Step("handshake.under-budget", "handshake is under budget", METRICS),
    Step("handshake.no-obstacle", "gateway reports no obstacle", SMOKE),
    Step("handshake.read-only-off", "read-only api is off", IDENTITY),
    Step("handshake.master-client-id", "master client id is the pinned one or blank", IDENTITY,
         may_be_unobserved=True),
    Step("handshake.trusted-addresses", "trusted addresses include this client's", IDENTITY,
         may_be_unobserved=True),
    Step("positions.complete", "positions are complete", METRICS),
    Step("positions.settled", "nothing after the positions changes them", METRICS),
    Step("positions.count", "open positions are as many as expected", METRICS),
    Step("soak.answers", "every heartbeat of the soak is answered", METRICS),
    Step("soak.no-zombies", "no zombie appears during the soak", METRICS, looks_at_sockets=True),
    Step("soak.full-time", "connection is held for the soak time", METRICS),
    Step("soak.positions", "positions are complete after the soak", METRICS),
    Step("afterwards.closed-cleanly", "connection is closed cleanly", TIMEOUT),
    Step("afterwards.no-zombies", "no zombie is left", VERIFY, looks_at_sockets=True),
    Step("afterwards.still-listening", "the same gateway still listens", VERIFY,
         looks_at_sockets=True),
    Step("monitor.connected", "monitor connects", MONITOR),
    Step("monitor.positions", "monitor retrieves as many positions as expected", MONITOR),
    Step("monitor.one-connection", "monitor holds exactly one connection", PRINCIPLES,
         looks_at_sockets=True),
    Step("monitor.left-as-asked", "monitor is ended or left running as asked", MONITOR),
    Step("monitor.no-zombies", "monitor leaves no zombie", VERIFY, looks_at_sockets=True),
    Step("mcp.tools", "mcp server answers and lists its tools", METRICS),
    Step("mcp.one-connection", "mcp server opens no second connection", PRINCIPLES,
         looks_at_sockets=True),
    Step("mcp.positions", "mcp tool returns the positions of this gateway", METRICS),
    Step("mcp.of-this-run", "mcp positions are of this run", METRICS, may_be_unobserved=True),
    Step("mcp.ended", "mcp server ends and leaves no zombie", VERIFY, looks_at_sockets=True),
)  # fmt: skip

STAGES = tuple(dict.fromkeys(step.stage for step in STEPS))

Plan = Literal["golive", "soak"]
"""What is performed: the go-live procedure, or the hour behind it. A run has one of them."""

LEFT_OUT: dict[Plan, frozenset[str]] = {
    "golive": frozenset({"soak"}),
    "soak": frozenset({"monitor", "mcp"}),
}
"""The stages that are no part of a plan: the soak holds the connection that the others need."""

CONFIGURED_OUT = ("monitor", "mcp")
"""The stages that try a program of the settings; null there: not configured."""

NUMBER = {step.id: number for number, step in enumerate(STEPS, start=1)}
"""A step's place in the procedure, from 1."""


def step(step_id: str) -> Step:
    """The step of an id. Raises KeyError for an id that is not in the procedure."""
    return STEPS[NUMBER[step_id] - 1]


def of(plan: Plan) -> tuple[Step, ...]:
    """The steps of a plan, in order."""
    return tuple(step for step in STEPS if step.stage not in LEFT_OUT[plan])


def before(step_id: str, plan: Plan) -> tuple[Step, ...]:
    """The steps of the plan that come before it."""
    return tuple(step for step in of(plan) if NUMBER[step.id] < NUMBER[step_id])
