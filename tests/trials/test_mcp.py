"""An MCP server on trial: every way of not speaking the protocol is named, and none is left."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import anyio
import pytest

from golive.client.answers import Position, Positions
from golive.machine.gateway import Gateway
from golive.machine.sockets import NotObservable, Socket, SocketTable
from golive.settings.model import Mcp
from golive.trials import mcp as mcp_module
from golive.trials.mcp import McpProgram, Wanted
from golive.trials.output import Output
from golive.trials.program import Program
from tests.support.fakes import wait_until
from tests.support.left_running import nothing_left

pytest.importorskip("mcp")

ACCOUNT = "U21146542"
STOCK = Position(
    ACCOUNT, 756733, "SPY", "STK", "", 0.0, "", "", "", "USD", "SPY", "SPY", Decimal(100), 1.0
)
RIGHT = """
import json, sys, time, datetime
ROW = {"account": "U21146542", "con_id": 756733, "symbol": "SPY", "quantity": 100}
NOW = datetime.datetime.now(datetime.timezone.utc).isoformat()
BEGUN = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
         "serverInfo": {"name": "small", "version": "1"}}
TOOLS = {"tools": [{"name": "get-positions", "inputSchema": {"type": "object"}}]}
ANSWER = {"structuredContent": {"positions": [ROW], "as_of": NOW}, "content": []}
def result(method):
    return {"initialize": BEGUN, "tools/list": TOOLS, "tools/call": ANSWER}[method]
def reply(asked):
    return {"jsonrpc": "2.0", "id": asked["id"], "result": result(asked["method"])}
def say(message):
    print(message if isinstance(message, str) else json.dumps(message), flush=True)
def main():
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" in asked:
            say(reply(asked))
"""
"""A whole server; a test changes a part of it."""
FAILS = """
def reply(asked):
    error = {"code": -32603, "message": "not for RevOption"}
    return {"jsonrpc": "2.0", "id": asked["id"], "error": error}
"""


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    with nothing_left():
        yield


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has failed, and does not end with its input, is not waited for."""
    monkeypatch.setattr(mcp_module, "HURRY", 0.1)


def asked_once(monkeypatch: pytest.MonkeyPatch, has_said: Callable[[Output], bool]) -> None:
    """Nothing is asked, and no time runs, before it has said so much: a busy machine is slow."""
    ask = McpProgram._ask

    def later(self: McpProgram, program: Program, inbox: Any) -> None:
        wait_until(lambda: has_said(program.output))
        ask(self, program, inbox)

    monkeypatch.setattr(McpProgram, "_ask", later)


def tried(
    code: str = "",
    seconds: float = 60,
    is_own: bool = False,
    gateway: Gateway | None = None,
    **settings: Any,
) -> McpProgram:
    """A server after it was asked. `code` stands behind the right one's, before it begins."""
    chosen = Mcp.model_validate({"ReadyTimeoutSeconds": seconds, **settings})
    words = [sys.executable, "-c", f"{RIGHT}\n{code}\nmain()"]
    gateway = gateway or Gateway(4001, SocketTable(read=list))
    program = McpProgram(Wanted(chosen, ("RevOption",), is_own), gateway, words)
    program.converse()
    return program


def difference(program: McpProgram) -> list[str]:
    return program.difference(Positions(rows=(STOCK,), has_ended=True), ACCOUNT)


def test_server_that_does_all_right_is_believed_and_ends_with_its_input() -> None:
    began = datetime.now(UTC)
    program = tried()
    assert (program.reason, program.tools, program.rows) == ("", ["get-positions"], 1)
    assert difference(program) == []
    assert program.is_of(began - timedelta(minutes=1))
    facts = program.facts
    assert (facts["server"], facts["protocol"]) == ("small 1", "2025-06-18")
    assert list(facts["milliseconds"]) == ["initialize", "tools/list", "get-positions"]
    assert program.leave().how == "politely"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise SystemExit(3)", "it ended by itself, exit code 3, and printed nothing"),
        (
            "print('no gateway', file=sys.stderr); raise SystemExit(1)",
            "it ended by itself, exit code 1; its last line on standard error: no gateway",
        ),
        (
            "print('Server for RevOption started')",
            "it printed a line that is not JSON on standard output: Server for *** started",
        ),
        ("say = lambda told: print('\\x1b[32m' + json.dumps(told) + '\\x1b[0m', flush=True)",
         'it printed a line that is not JSON on standard output: ?[32m{"jsonrpc": '),
        ("print('\\ufeff{}')", "it printed a line that is not JSON on standard output: ?{}"),
        ("sys.stdout.buffer.write(b'{\"name\": \"\\xfc\"}\\n')",
         'it printed a line that is not UTF-8 on standard output: {"name": "?"}'),
        ("print('[1]')", "it printed JSON that is not a message: [1]"),
        ("say({'jsonrpc': '1.0', 'id': 1, 'result': {}})",
         "the jsonrpc of its message is not 2.0: "),
        ("say({'jsonrpc': '2.0', 'result': {}, 'id': None})",
         "its reply has the id null, but "),  # nothing was asked yet, or 1 was
        ("reply = lambda asked: {'result': result(asked['method'])}",
         "its reply has no jsonrpc and no id: "),
        ("reply = lambda asked: {'id': asked['id'], 'result': {}}", "its reply has no jsonrpc: "),
        ("reply = lambda asked: {'jsonrpc': '2.0', 'result': {}}", "its reply has no id: "),
        ("reply = lambda asked: {'jsonrpc': '2.0', 'id': asked['id'] + 7, 'result': {}}",
         "its reply has the id 8, but the request was 1: "),
        ("reply = lambda asked: {'jsonrpc': '2.0', 'id': str(asked['id']), 'result': {}}",
         'its reply has the id "1", but the request was 1: '),
        ("reply = lambda asked: {'jsonrpc': '2.0', 'id': asked['id']}",
         "its reply must have either a result or an error: "),
        ("say({'jsonrpc': '2.0', 'method': 3})", "it printed no message of JSON-RPC: "),
        (FAILS, "it answered initialize with error -32603: not for ***"),
        ("del BEGUN['serverInfo']",
         "its answer to initialize does not follow MCP: serverInfo: Field required"),
        ("BEGUN['protocolVersion'] = '1999'", "its answer to initialize: Unsupported protocol"),
        ("TOOLS['tools'] = 3", "its answer to tools/list does not follow MCP: tools"),
        ("TOOLS['tools'] = []",
         "it has no tool get-positions (GoLive.Mcp.Tool); its tools: none"),
        ("TOOLS['tools'] = [{**TOOLS['tools'][0], 'name': n} for n in ('get_positions', 'y')]",
         "it has no tool get-positions (GoLive.Mcp.Tool); its tools: get_positions, y"),
        (
            "ANSWER.update(isError=True, content=[{'type': 'text', 'text': 'half-open: wait'}])",
            "get-positions answered with an error: half-open: wait",
        ),
        ("ANSWER.pop('structuredContent')",
         "get-positions answered with neither structured content nor text"),
        (
            "ANSWER.clear(); ANSWER.update(content=[{'type': 'text', 'text': '24 positions'}])",
            "get-positions answered with text that is not JSON: 24 positions",
        ),
        ("TOOLS['tools'][0]['outputSchema'] = {'type': 'object', 'required': ['rows']}",
         "its answer to get-positions: Invalid structured content"),
    ],
)  # fmt: skip
def test_what_a_server_does_wrong_is_named(code: str, why: str) -> None:
    program = tried(code)
    assert program.reason.startswith(why)
    assert "RevOption" not in program.reason
    assert difference(program) == [program.reason]


def test_server_that_talks_on_once_all_was_asked_spoils_nothing() -> None:
    talks_on = """
def reply(asked):
    if asked["method"] == "tools/call":
        say({"jsonrpc": "2.0", "id": asked["id"], "result": ANSWER})
        while True:
            say({"jsonrpc": "2.0", "id": 1000, "method": "ping", "params": {}})
    return {"jsonrpc": "2.0", "id": asked["id"], "result": result(asked["method"])}
"""
    program = tried(talks_on)
    assert (program.reason, program.rows) == ("", 1)
    assert program._program is not None
    program._program.end(patience=5, input_patience=0.1)


ASKED = ["initialize", "tools/list", "tools/call"]


@pytest.mark.parametrize("at", ASKED)
def test_server_that_hangs_is_ended_when_the_time_for_an_answer_is_over(
    at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what it is not to answer is given its real time: a busy machine is slow to start it."""
    given = [60.0] * ASKED.index(at) + [0.5]
    monkeypatch.setattr(
        "golive.trials.mcp_conversation.fail_after",
        lambda seconds: anyio.fail_after(given.pop(0)),
    )
    asked = {"tools/call": "get-positions"}.get(at, at)
    hangs = f"""
def result(method):
    if method == {at!r}:
        time.sleep(60)
    return {{"initialize": BEGUN, "tools/list": TOOLS}}[method]
"""
    why = tried(hangs, seconds=1.5).reason
    assert why.startswith(f"it did not answer {asked} within 1.5 s")
    assert ("it printed nothing at all" in why) is (at == "initialize")


def test_server_that_reads_nothing_is_not_waited_for_either() -> None:
    assert tried("time.sleep(60)", seconds=0.5).reason.endswith("it printed nothing at all")


def test_server_that_prints_half_a_line_and_hangs_is_told_as_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    half = """
def main():
    print('{"jsonrpc":', end="", flush=True)
    time.sleep(60)
"""
    asked_once(monkeypatch, lambda output: len(output.rest) == 11)
    assert tried(half, seconds=0.3).reason.endswith("; it printed 11 bytes, but no complete line")


def test_answer_without_a_list_of_positions_is_shown() -> None:
    program = tried("ANSWER['structuredContent'] = {'error': 'RevOption is not logged in'}")
    assert difference(program) == [
        "there is no list of positions in its answer: {'error': '*** is not logged in'}"
    ]
    program.end()


def test_server_that_asks_us_back_and_never_reads_the_replies_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who waits for it to read must not be waited for by who ends it."""
    pings = """
def main():
    for number in range(100):
        say({"jsonrpc": "2.0", "id": str(number) + "x" * 10_000, "method": "ping"})
    time.sleep(60)
"""
    asked_once(monkeypatch, lambda output: output.count == 100)
    assert tried(pings, seconds=0.5).reason == "it did not answer initialize within 0.5 s"


@pytest.mark.parametrize(
    "flood",
    [
        "while True: say({'jsonrpc': '2.0', 'method': 'notifications/message', 'params': {}})",
        "while True: print()",
        "while True: sys.stdout.write('x' * 65536)",
    ],
)
def test_server_that_floods_is_ended_long_before_its_time_is_over(
    flood: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LONGEST", "FLOOD"):
        monkeypatch.setattr(mcp_module, name, getattr(mcp_module, name) // 8)
    why = tried(flood, seconds=3600).reason
    assert "instead of answering" in why or "too long for an answer" in why


def test_server_that_dies_in_the_middle_is_told_with_its_exit_code() -> None:
    dies = "def result(method): return BEGUN if method == 'initialize' else sys.exit(7)"
    assert tried(dies).reason == "it ended by itself, exit code 7, and printed nothing"


def test_lines_between_the_replies_that_belong_there_disturb_nothing() -> None:
    more = """
def say(message):
    print("", flush=True)
    print(json.dumps({"jsonrpc": "2.0", "method": "notifications/message",
                      "params": {"level": "info", "data": "working"}}), flush=True)
    print(json.dumps({"jsonrpc": "2.0", "id": "mine", "method": "ping"}), flush=True)
    print(json.dumps(message), flush=True)
_main = main
def main():
    global reply
    right = reply
    reply = lambda asked: right(asked) if "method" in asked else {}
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" in asked and "method" in asked:
            say(right(asked))
"""
    program = tried(more)
    assert program.reason == ""
    program.end()


def test_tools_are_read_page_by_page_but_not_for_ever() -> None:
    pages = "TOOLS['nextCursor'] = 'more'"
    program = tried(pages)
    assert (program.reason, len(program.tools)) == ("", 20)
    program.end()


def test_server_that_does_not_end_with_its_input_is_made_to() -> None:
    stays = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
right = main
def main():
    right()
    time.sleep(60)
"""
    program = tried(stays)
    assert program.reason == ""
    assert program._program is not None
    ended = program._program.end(patience=0.3, input_patience=0.3)
    assert (ended.how, program.leave().is_as_asked) == ("firmly", False)


def test_text_that_is_json_is_read_as_well() -> None:
    text = (
        "ANSWER.clear(); ANSWER.update(content=[{'type': 'text', 'text':"
        " json.dumps({'Positions': [ROW]})}])"
    )
    program = tried(text)
    assert difference(program) == []
    program.end()


def test_list_that_is_told_a_row_a_text_is_read_as_well() -> None:
    text = "ANSWER.clear(); ANSWER.update(content=[{'type': 'text', 'text': json.dumps(ROW)}] * 2)"
    program = tried(text)
    assert difference(program) == [
        "the gateway has no such position: 100 U21146542 SPY (contract 756733)"
    ]
    program.end()


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ("{'rows': [ROW]}", ""),
        ("'24 positions'", ""),
        ("{'count': 1}", ""),
        ("[1]", ""),
        ("[]", "it lacks 100 SPY STK (contract 756733)"),
        ("{'rows': [dict(ROW, quantity=7)]}",
         "100 SPY STK (contract 756733): its quantity is 7, the gateway says 100"),
    ],
)  # fmt: skip
def test_text_beside_the_data_must_tell_the_same_rows_where_it_tells_any(
    told: str, line: str
) -> None:
    program = tried(f"ANSWER['content'] = [{{'type': 'text', 'text': json.dumps({told})}}]")
    wanted = [f"the rows of its text differ from those of its data: {line}"] if line else []
    assert (program.reason, difference(program)) == ("", wanted)
    program.end()


def test_answer_of_before_the_run_is_not_of_this_run_nor_one_of_the_future() -> None:
    began = datetime.now(UTC)
    for seconds, holds in ((-3600, False), (0, True), (3600, False)):
        when = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        program = tried(f"ANSWER['structuredContent']['as_of'] = {when!r}")
        assert program.is_of(began) is holds
        program.end()


def test_server_that_tells_no_time_cannot_be_judged_unless_it_is_this_projects_own() -> None:
    silent = "del ANSWER['structuredContent']['as_of']"
    program = tried(silent)
    with pytest.raises(NotObservable, match="does not say when it was made"):
        program.is_of(datetime.now(UTC))
    program.end()
    own = tried(silent, is_own=True)
    assert not own.is_of(datetime.now(UTC))
    own.end()


def test_program_that_cannot_be_started_is_told() -> None:
    gateway = Gateway(4001, SocketTable(read=list))
    program = McpProgram(Wanted(Mcp()), gateway, ["no-such-program", "--token", "x"])
    program.converse()
    assert program.reason.startswith("it cannot be started: no-such-program: ")
    assert program.facts["command"] == "no-such-program --token ***"
    program.end()


def test_without_the_sdk_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("golive.trials.mcp.SDK", "no_such_package")
    program = tried("raise SystemExit('started')")
    assert program.reason.startswith("the MCP SDK is not installed here: install golive again")
    assert program.facts["pid"] is None


def test_each_connection_that_is_opened_counts_also_once_it_has_ended() -> None:
    ends = iter([[50001], [50001, 50002], [50001, 50002, 50003], [50003]])
    last: list[int] = []

    def read() -> list[Socket]:
        nonlocal last
        last = next(ends, last)
        listener = Socket("LISTEN", "127.0.0.1", 4001, "", 0, 1)
        rows = [Socket("TIME_WAIT", "127.0.0.1", each, "127.0.0.1", 4001, None) for each in last]
        return [listener, *rows]

    from golive.trials.connections import Connections

    found = Connections(Gateway(4001, SocketTable(read=read), process=lambda pid: None))
    found._before = {("127.0.0.1", 50001)}
    for _ in range(4):
        found.look()
    assert sorted(each.local_port for each in found.found()) == [50002, 50003]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone counts the bytes")
def test_rows_that_did_not_come_over_its_connection_are_kept_ones() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        code = f"import socket; held = socket.create_connection(('127.0.0.1', {port}), 5)"
        program = tried(code, gateway=Gateway(port, SocketTable()))
        with listener.accept()[0] as gateways:
            (why,) = program.from_elsewhere([STOCK])
            assert why.startswith("the gateway has sent it 0 bytes: its rows need at least 54")
            gateways.sendall(b"x" * 100)
            assert program.from_elsewhere([STOCK]) == []
        program.end()
