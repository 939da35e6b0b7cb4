"""`golive mcp`: started as an assistant starts it, by the SDK's own client."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult

from golive.discipline.attempts import endpoint
from golive.discipline.earlier_attempts import prepare, state_folder
from golive.discipline.running_monitor import RunningMonitor
from golive.machine.gateway import Gateway
from golive.machine.sockets import SocketTable
from golive.mcp import server, stdio
from golive.monitor.holding.held import POSITIONS_SECONDS
from golive.monitor.holding.requests import Unanswered
from golive.monitor.served.server import Server
from golive.monitor.stopping import Stop
from golive.settings import secrets_json
from tests.mcp.test_server import ROW, Answers
from tests.support import forked
from tests.support.fakes import Fake, wait_until
from tests.support.monitoring import MonitorHere
from tests.support.projects import ROOT, environment, patience
from tests.support.states import state

Started = Callable[..., Fake]
Written = Callable[..., Path]
Returned = TypeVar("Returned")
SECONDS = 120.0


def command(path: Path) -> list[str]:
    return [sys.executable, "-m", "golive", "mcp", "--secrets", str(path)]


@asynccontextmanager
async def connected(path: Path, mode: str = "auto") -> AsyncIterator[Client]:
    program, *words = command(path)
    server = StdioServerParameters(command=program, args=words, env=environment(), cwd=str(ROOT))
    async with Client(server, mode=mode) as client:
        yield client


def talk(path: Path, do: Callable[[Client], Awaitable[Returned]], mode: str = "auto") -> Returned:
    async def talked() -> Returned:
        async with connected(path, mode) as client:
            return await do(client)

    return asyncio.run(asyncio.wait_for(talked(), SECONDS))


def talk_here(path: Path, do: Callable[[Client], Awaitable[Returned]]) -> Returned:
    """The same where neither process nor pipes are what is tested: all of it in this process."""
    stop = Stop()
    answers = stdio.begun(secrets_json.read(path), lambda line: None, stop)

    def hold() -> None:
        with suppress(KeyboardInterrupt):
            answers.hold()

    async def talked() -> Returned:
        async with Client(server.server(answers.call)) as client:
            return await do(client)

    holding = threading.Thread(target=hold, name="the server's own Monitor")
    holding.start()
    try:
        return asyncio.run(asyncio.wait_for(talked(), SECONDS))
    finally:
        with suppress(KeyboardInterrupt):  # where it has ended already
            stop.ask("the test's end")
        holding.join(SECONDS)
        answers.close()


def call_here(path: Path, tool: str, **arguments: Any) -> CallToolResult:
    return talk_here(path, lambda client: client.call_tool(tool, arguments))


def call(path: Path, tool: str, **arguments: Any) -> CallToolResult:
    return talk(path, lambda client: client.call_tool(tool, arguments))


def data(result: CallToolResult) -> dict[str, Any]:
    assert isinstance(result.structured_content, dict)
    return result.structured_content


def zombies(fake: Fake) -> int:
    return len(Gateway(fake.port, SocketTable()).zombies)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_positions_come_over_the_servers_own_connection_which_it_closes(
    mode: str, fake: Started, secrets: Written
) -> None:
    gateway = fake()

    async def asked(client: Client) -> list[CallToolResult]:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        assert tools[0] == "get-positions"
        return [
            await client.call_tool("get-positions", {}),
            await client.call_tool("get-account-summary", {}),
            await client.call_tool("get-connection-status", {}),
            await client.call_tool("check-gateway", {}),
        ]

    positions, summary, status, look = talk(secrets(gateway.port), asked, mode)
    assert data(positions)["count"] == 24
    assert data(summary)["count"] > 0
    assert (data(status)["condition"], data(status)["smoke"]) == ("connected", "GO")
    assert (data(look)["listening"], data(look)["zombies"], data(look)["other_clients"]) == (
        True,
        0,
        0,
    )
    assert data(look)["problem"] is None
    assert (gateway.connections, zombies(gateway)) == (1, 0)
    gateway.stop()
    assert gateway.orders_received == 0


def test_fifty_calls_at_once_share_requests_over_one_connection(
    fake: Started, secrets: Written
) -> None:
    gateway = fake()

    async def asked(client: Client) -> tuple[list[CallToolResult], float]:
        begun = time.monotonic()
        calls = (client.call_tool("get-positions", {}) for _ in range(50))
        return list(await asyncio.gather(*calls)), time.monotonic() - begun

    answers, seconds = talk_here(secrets(gateway.port), asked)
    assert {data(each)["count"] for each in answers} == {24}
    assert gateway.connections == 1
    own = 2  # of whoever keeps the positions current
    assert gateway.received.count("REQ_POSITIONS") <= own + 1 + seconds / POSITIONS_SECONDS


@pytest.mark.parametrize(
    ("fault", "code", "connections"),
    [
        ("down", "gateway-not-running", 0),
        ("silent", "api-listener-stuck", 1),
        ("zombies", "zombies", 0),
        ("wrong-account", "wrong-account", 1),
        ("busy", "another-client", 1),
    ],
)
def test_server_without_a_connection_starts_and_says_why_and_tries_once(
    fault: str, code: str, connections: int, fake: Started, secrets: Written
) -> None:
    gateway = fake(fault)

    async def asked(client: Client) -> list[CallToolResult]:
        return [await client.call_tool("get-positions", {}) for _ in range(3)] + [
            await client.call_tool("get-connection-status", {}),
            await client.call_tool("check-gateway", {}),
        ]

    path = secrets(gateway.port, HandshakeTimeoutSeconds=patience(fault))
    *refused, status, look = talk_here(path, asked)
    for each in refused:
        assert (each.is_error, data(each)["code"]) == (True, code)
        assert data(each)["cause"]
        assert data(each)["next_steps"]
    assert data(status)["problem"]["code"] == code
    assert (look.is_error, data(look)["endpoint"]["port"]) == (False, gateway.port)
    assert gateway.connections == connections


def test_lost_connection_is_an_error_and_is_not_made_again(fake: Started, secrets: Written) -> None:
    gateway = fake()

    async def asked(client: Client) -> CallToolResult:
        assert data(await client.call_tool("get-positions", {}))["count"] == 24
        gateway.stop()
        for _ in range(200):
            result = await client.call_tool("get-positions", {})
            if result.is_error:
                return result
        raise AssertionError("nobody noticed")

    lost = talk_here(secrets(gateway.port), asked)
    assert data(lost)["code"] == "connection-lost"
    assert gateway.connections == 1


def test_settings_that_the_docs_give_a_desktop_client_work_from_anywhere(
    fake: Started, secrets: Written, tmp_path: Path
) -> None:
    path = secrets(fake().port)
    operate = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```json\n(.*?)```", operate, re.DOTALL)
    (block,) = (each for each in blocks if "mcpServers" in each)
    given = json.loads(block)["mcpServers"]["golive"]
    here = {"/opt/golive/secrets.json": str(path)}
    assert given["command"] == "/opt/golive/.venv/bin/golive"
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "golive", *(here.get(each, each) for each in given["args"])],
        env=environment(PYTHONPATH=str(ROOT)),
        cwd=str(tmp_path),
    )

    async def asked() -> CallToolResult:
        async with Client(server) as client:
            return await client.call_tool("get-positions", {})

    assert data(asyncio.run(asyncio.wait_for(asked(), SECONDS)))["count"] == 24


SERVERS = {"mcp", "mcp_types", "uvicorn", "starlette", "prometheus_client"}
COMMANDS_WITHOUT_A_SERVER = (
    "__main__", "cli.smoke", "run.smoke", "monitor.monitor", "cli.health", "reports.card",
    "settings.schema", "monitor.service.making", "plugin.plugin", "run.trial",
)  # fmt: skip


def test_sdk_and_web_server_are_imported_by_nobody_but_who_serves() -> None:
    commands = ", ".join(f"golive.{name}" for name in COMMANDS_WITHOUT_A_SERVER)
    code = f"import sys, {commands}; print({SERVERS} & {{*sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout == "set()\n"


# beside a Monitor


@contextmanager
def monitor(path: Path, *, serves_http: bool = True, **parts: Any) -> Iterator[RunningMonitor]:
    """This process stands for the Monitor of these settings; it knows of one position."""
    file = secrets_json.read(path)
    to = file.settings.credentials
    source = Answers(ROW, known=state(port=to.port), **parts)
    served = Server(source, "127.0.0.1", 0, beside=server.http_app(source, file))
    running = RunningMonitor.this_one(url=served.start() if serves_http else None)
    folder, where = prepare(state_folder()), endpoint(to.host, to.port)
    running.enter(folder, where)
    try:
        yield running
    finally:
        running.leave(folder, where)
        served.stop()


def test_server_beside_a_monitor_asks_it_and_opens_no_second_connection(
    fake: Started, secrets: Written
) -> None:
    gateway = fake()
    path = secrets(gateway.port)

    async def asked(client: Client) -> list[CallToolResult]:
        calls = (client.call_tool("get-positions", {}) for _ in range(50))
        return [
            await client.call_tool("get-connection-status", {}),
            await client.call_tool("check-gateway", {}),
            await client.call_tool("get-option-positions", {"ticker": ""}),
            *await asyncio.gather(*calls),
        ]

    with monitor(path):
        status, look, mistaken, *positions = talk_here(path, asked)
    assert data(status)["condition"] == "connected"
    assert data(look)["listening"] is True
    assert data(mistaken)["code"] == "invalid-arguments"
    assert [data(each)["count"] for each in positions] == [1] * 50
    assert gateway.connections == 0


def test_server_beside_the_projects_own_monitor_shows_what_that_one_holds(
    fake: Started, secrets: Written
) -> None:
    gateway = fake()
    path = secrets(gateway.port, Monitor={"HealthPort": 0})
    with MonitorHere(path, beside=server.http_app) as running:
        running.hears("Retrieved 24 positions")
        assert running.hears("Health: ").endswith("/mcp")
        assert data(call(path, "get-positions"))["count"] == 24
        look = data(call(path, "check-gateway"))
        assert (look["other_clients"], look["problem"]) == (0, None)
        assert running.stopped() == 0
    assert (gateway.connections, zombies(gateway)) == (1, 0)


def stderr_of(path: Path, stdin: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(path), stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=ROOT, env=environment(),
    )  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_server_started_on_a_terminal_says_what_it_is_and_ends_with_ctrl_c(
    fake: Started, secrets: Written
) -> None:
    if sys.platform == "win32":
        return
    gateway = fake()
    ours, theirs = os.openpty()
    process = stderr_of(secrets(gateway.port), theirs)
    os.close(theirs)
    try:
        assert process.stderr is not None
        first = process.stderr.readline().decode()
        wait_until(lambda: gateway.connections == 1)
        process.send_signal(signal.SIGINT)  # as a terminal sends it to its foreground
        out, _ = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        os.close(ours)
    assert first.startswith("golive mcp: a server for an assistant")
    assert "Ctrl-C ends it" in first
    assert (process.returncode, out) == (0, b"")


def test_server_that_an_assistant_starts_says_no_word_about_terminals(secrets: Written) -> None:
    process = stderr_of(secrets(1), subprocess.PIPE)
    out, told = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (0, b"")
    assert b"Ctrl-C" not in told


def test_second_server_asks_the_first_where_that_one_serves_http(
    fake: Started, secrets: Written
) -> None:
    gateway = fake()
    path = secrets(gateway.port, Monitor={"HealthPort": 0})

    async def asked(first: Client) -> CallToolResult:
        await first.call_tool("get-positions", {})
        async with connected(path) as second:
            return await second.call_tool("get-positions", {})

    assert data(talk(path, asked))["count"] == 24
    assert gateway.connections == 1


def test_monitor_without_http_is_an_error_that_names_the_key_to_set(
    fake: Started, secrets: Written
) -> None:
    gateway = fake()
    path = secrets(gateway.port)

    async def asked(client: Client) -> list[CallToolResult]:
        tools = ("get-positions", "get-connection-status", "check-gateway")
        return [await client.call_tool(tool, {}) for tool in tools]

    with monitor(path, serves_http=False):
        *refused, look = talk_here(path, asked)
    for each in refused:
        assert (each.is_error, data(each)["code"]) == (True, "monitor-without-http")
        assert "Monitor.HealthPort" in str(data(each)["next_steps"])
    assert data(look)["listening"] is True
    assert gateway.connections == 0


def test_monitor_that_ends_or_does_not_answer_is_told_and_nothing_is_connected_instead(
    fake: Started, secrets: Written
) -> None:
    gateway = fake()
    path = secrets(gateway.port)
    to = secrets_json.read(path).settings.credentials

    async def asked(client: Client) -> list[CallToolResult]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            closed = listener.getsockname()[1]
        folder, where = state_folder(), endpoint(to.host, to.port)
        running = RunningMonitor.this_one(url=f"http://127.0.0.1:{closed}")
        running.enter(folder, where)
        silent = await client.call_tool("get-positions", {})
        running.leave(folder, where)
        return [silent, await client.call_tool("get-positions", {})]

    with monitor(path):
        silent, gone = talk_here(path, asked)
    assert data(silent)["code"] == "monitor-unreachable"
    assert data(gone)["code"] == "monitor-gone"
    assert gateway.connections == 0


def test_error_of_the_monitor_comes_through_as_it_is(fake: Started, secrets: Written) -> None:
    path = secrets(fake().port)
    with monitor(path, fails=Unanswered("half-open", "it does not answer")):
        result = call_here(path, "get-positions")
    assert (result.is_error, data(result)["code"]) == (True, "half-open")


def test_no_proxy_is_asked_for_what_is_on_this_machine(
    fake: Started, secrets: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    path = secrets(fake().port)
    with monitor(path):
        assert data(call_here(path, "get-positions"))["count"] == 1


# its ends


def piped(path: Path) -> subprocess.Popen[bytes]:
    """The server of these settings, all of it heard and told here."""
    return forked.started(
        command(path),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("how", ["eof", *(["SIGTERM", "SIGINT"] if os.name == "posix" else [])])
def test_however_it_is_ended_it_closes_its_connection_and_leaves_no_zombie(
    how: str, fake: Started, secrets: Written
) -> None:
    gateway = fake()
    with piped(secrets(gateway.port)) as server:
        wait_until(lambda: "REQ_POSITIONS" in gateway.received)
        if how == "eof":
            out, err = server.communicate(timeout=SECONDS)
        else:
            server.send_signal(getattr(signal, how))
            server.wait(timeout=SECONDS)  # stdin is still open
            out, err = server.communicate()
    assert (server.returncode, out) == (0, b""), err
    assert b"Traceback" not in err
    assert zombies(gateway) == 0
    gateway.stop()
    (closed,) = (each for each in gateway.events if each["event"] == "closed")
    assert (closed["by"], gateway.orders_received) == ("client", 0)


def test_it_can_be_ended_while_the_gateway_is_still_waited_for(
    fake: Started, secrets: Written
) -> None:
    gateway = fake()
    path = secrets(gateway.port, InitializationSeconds=3600)
    done = subprocess.run(
        command(path),
        cwd=ROOT,
        env=environment(),
        input=b"",
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b""), done.stderr
    assert gateway.connections == 0


def test_stdout_carries_nothing_but_the_protocol_and_stderr_no_account(
    fake: Started, secrets: Written
) -> None:
    path = secrets(fake("wrong-account").port)
    asks = (
        b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",'
        b'"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}\n'
        b"this is no JSON\n"
    )
    done = subprocess.run(
        command(path),
        cwd=ROOT,
        env=environment(),
        input=asks,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert all(line.startswith(b'{"jsonrpc":"2.0"') for line in done.stdout.splitlines())
    assert b"U21146542" not in done.stderr
    assert b"Traceback" not in done.stderr


def test_server_whose_answers_nobody_reads_any_more_says_so_in_a_line(
    fake: Started, secrets: Written
) -> None:
    gateway = fake()
    asks = (
        b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",'
        b'"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}\n'
    )
    with piped(secrets(gateway.port)) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stderr is not None
        server.stdout.close()
        server.stdin.write(asks)
        server.stdin.close()
        told = server.stderr.read()
    assert server.returncode == 0
    assert b"its output was closed" in told
    assert b"Traceback" not in told


def test_bad_settings_are_one_line_and_exit_code_4(tmp_path: Path) -> None:
    done = subprocess.run(
        command(tmp_path / "none.json"),
        cwd=ROOT,
        env=environment(),
        input=b"",
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (4, b"")
    assert len(done.stderr.splitlines()) == 1


def test_without_the_sdk_it_says_in_one_line_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "mcp.py").write_text("raise ModuleNotFoundError(name='mcp')", encoding="utf-8")
    done = subprocess.run(
        command(tmp_path / "none.json"),
        cwd=ROOT,
        env=environment(PYTHONPATH=str(tmp_path)),
        input=b"",
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (4, b"")
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("golive: mcp is not installed for ")
