"""The branches of the programs that the settings name: the gateway has passed before them."""

from __future__ import annotations

from golive.diagnosis.branch import AGAIN_LATER, Branch, failed
from golive.diagnosis.seen import Seen

PATTERNS = "If it says it in other words: the patterns of GoLive.Monitor in {settings}."
END = (
    "It must end when it is asked to (SIGTERM; CTRL_BREAK on Windows; an MCP server when its input"
    " ends), and close its connection before."
)
LOOK = (
    "Start it by hand, by the command in the facts, and look at what it prints; if it is that"
    " command that is wrong, correct it in {settings}."
)


def _told_of_none(seen: Seen) -> bool:
    return failed("monitor.positions")(seen) and seen.program.get("open") is None


def _has_two(seen: Seen) -> bool:
    monitors = failed("monitor.one-connection")(seen)
    return (monitors and seen.connections > 1) or failed("mcp.one-connection")(seen)


def _was_not_told(seen: Seen) -> bool:
    """It has its one connection, over which too little came."""
    told = seen.program.get("received_bytes")
    is_its_own = seen.connections == 1 and not seen.program.get("not_its_own")
    has_too_little = told is not None and told < seen.program.get("least_bytes", 0)
    return failed("monitor.one-connection")(seen) and is_its_own and has_too_little


def _did_not_answer(seen: Seen) -> bool:
    return failed("mcp.positions")(seen) and bool(seen.program.get("stopped"))


PROGRAMS: tuple[Branch, ...] = (
    Branch("monitor-not-ready", "the Monitor does not say that it is connected, or nothing of its"
           " positions",
           lambda seen: failed("monitor.connected")(seen) or _told_of_none(seen),
           "the Monitor did not come up: {program}",
           next_steps=(LOOK, PATTERNS, AGAIN_LATER)),
    Branch("monitor-mismatch", "the Monitor tells of more or fewer positions than expected",
           lambda seen: failed("monitor.positions")(seen) and not _told_of_none(seen),
           "the Monitor tells of {told} positions, {expected} are expected",
           next_steps=("Look which account it shows, and what it leaves out.", PATTERNS,
                       AGAIN_LATER)),
    Branch("second-connection", "Monitor or MCP server opens more connections than it may",
           _has_two,
           "{opened} connections to port {port} were opened where one is enough",
           next_steps=("Let one program hold the connection, and the others ask that one.",
                       AGAIN_LATER)),
    Branch("monitor-not-connected", "the Monitor has no connection to this port, whatever it says",
           lambda seen: failed("monitor.one-connection")(seen)
           and not _has_two(seen) and not _was_not_told(seen),
           "the Monitor says that it is connected, but to port {port} it is not{why}",
           next_steps=("Look where it connects to: its own settings may name another gateway.",
                       LOOK, AGAIN_LATER)),
    Branch("monitor-not-answered", "the gateway has sent the Monitor less than the positions it"
           " tells take",
           _was_not_told,
           "the Monitor tells its positions, but the gateway has sent it {received} bytes, and so"
           " many positions take {least} at the least",
           next_steps=("Look whether it asks the gateway, or tells what it has kept or made up.",
                       "Let it say that it is connected once nextValidId has come, not before.",
                       AGAIN_LATER)),
    Branch("program-not-ended", "Monitor or MCP server does not end when asked to, or has ended"
           " before, or does not stay",
           failed("monitor.left-as-asked", "mcp.ended"),
           "what was started was not ended, or left running, as asked: {ended}",
           next_steps=(END, AGAIN_LATER)),
    Branch("program-still-connected", "a connection that Monitor or MCP server has opened is there"
           " once it was ended",
           lambda seen: failed("gateway.no-other-client")(seen) and bool(seen.left_by),
           "{left_by} was ended, but a connection that it has opened is still there",
           next_steps=("End what it has left behind: {end_others}",
                       "Where that does not help: {end_others_firmly}", END, AGAIN_LATER)),
    Branch("mcp-failed", "the MCP server does not answer, not by the protocol, or with an error",
           lambda seen: failed("mcp.tools")(seen) or _did_not_answer(seen),
           "the MCP server did not answer as it must: {program}",
           next_steps=(LOOK, "Nothing but the protocol may stand on its standard output.",
                       AGAIN_LATER)),
    Branch("mcp-mismatch", "the MCP server tells other positions than the gateway",
           lambda seen: failed("mcp.positions")(seen) and not _did_not_answer(seen),
           "the MCP server tells other positions than the gateway: {different}",
           next_steps=("Compare its rows with the positions in the report.",
                       "If something was traded in between, this says nothing. " + AGAIN_LATER)),
    Branch("mcp-stale", "the MCP server's answer is older than the run",
           failed("mcp.of-this-run"),
           "the MCP server's answer is not of this run: it is of {as_of}",
           next_steps=("Let it ask the gateway, instead of telling what it has kept.",
                       AGAIN_LATER)),
)  # fmt: skip
