"""The branches of the programs that the settings name: the gateway has passed before them."""

from __future__ import annotations

from golive.diagnosis.branch import AGAIN, Branch, failed
from golive.diagnosis.seen import Seen

PATTERNS = "If it prints other words, adapt the patterns of GoLive.Monitor in {settings}."
END = (
    "Make it close its connection and end when asked: on SIGTERM, on Windows CTRL_BREAK, an"
    " MCP server at the end of its input."
)
LOOK = (
    "Start it by hand with its command, which -v shows, and read what it prints. If the command is"
    " wrong, correct it in {settings}."
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
    Branch("monitor-not-ready", "the Monitor does not print that it is connected, or does not"
                                " print its"
           " positions",
           lambda seen: failed("monitor.connected")(seen) or _told_of_none(seen),
           "The Monitor is not ready: {program}.",
           next_steps=(LOOK, PATTERNS, AGAIN)),
    Branch("monitor-mismatch", "the Monitor prints more or fewer positions than expected",
           lambda seen: failed("monitor.positions")(seen) and not _told_of_none(seen),
           "The Monitor printed {told} positions, {expected} were expected.",
           next_steps=("Check which account it shows and what it leaves out.", PATTERNS,
                       AGAIN)),
    Branch("second-connection", "the Monitor or the MCP server opens more connections than it may",
           _has_two,
           "{opened} connections to port {port} were opened. One is enough.",
           next_steps=("Have one program hold the connection, and the others ask that one.",
                       AGAIN)),
    Branch("monitor-not-connected", "the Monitor has no connection to this port, whatever it"
                                    " prints",
           lambda seen: failed("monitor.one-connection")(seen)
           and not _has_two(seen) and not _was_not_told(seen),
           "The Monitor printed that it is connected, but it is not connected to port {port}{why}.",
           next_steps=("Check where it connects: its own settings may name another gateway.",
                       LOOK, AGAIN)),
    Branch("monitor-not-answered", "the gateway sent the Monitor fewer bytes than the printed"
                                   " positions need",
           _was_not_told,
           "The Monitor printed its positions, but the gateway sent it only {received} bytes."
           " That many positions need at least {least}.",
           next_steps=("Check that it asks the gateway, and does not print stored positions.",
                       "Make it print that it is connected only after nextValidId has arrived.",
                       AGAIN)),
    Branch("program-not-ended", "the Monitor or the MCP server does not end when asked, or ends"
                                " by itself",
           failed("monitor.left-as-asked", "mcp.ended"),
           "A program that golive started did not end, or keep running, as asked: {ended}.",
           next_steps=(END, AGAIN)),
    Branch("program-still-connected", "a connection that the Monitor or the MCP server opened is"
                                      " still there after"
           " it ended",
           lambda seen: failed("gateway.no-other-client")(seen) and bool(seen.left_by),
           "{left_by} was ended, but a connection that it opened is still there.",
           next_steps=("End what it left behind: {end_others}",
                       "If one does not end: {end_others_firmly}", END, AGAIN)),
    Branch("mcp-failed", "the MCP server does not answer, breaks the protocol, or answers with"
                         " an error",
           lambda seen: failed("mcp.tools")(seen) or _did_not_answer(seen),
           "The MCP server did not answer correctly: {program}.",
           next_steps=(LOOK, "Make it write nothing but the protocol to its standard output.",
                       AGAIN)),
    Branch("mcp-mismatch", "the MCP server and the gateway report different positions",
           lambda seen: failed("mcp.positions")(seen) and not _did_not_answer(seen),
           "The MCP server and the gateway report different positions: {different}.",
           next_steps=("Compare its rows with the positions in the report.",
                       "If something was traded in between, they may differ. " + AGAIN)),
    Branch("mcp-stale", "the MCP server's answer is older than the run",
           failed("mcp.of-this-run"),
           "The MCP server's answer is older than this run: it is from {as_of}.",
           next_steps=("Make it ask the gateway instead of answering from its cache.",
                       AGAIN)),
)  # fmt: skip
