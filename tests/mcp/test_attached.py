"""A server that asks a Monitor is not kept waiting by whatever else answers in its place."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from golive.discipline.running_monitor import RunningMonitor
from golive.mcp import attached
from golive.mcp.attached import Attached
from golive.mcp.server import Answering
from golive.monitor.holding.requests import Unanswered
from golive.settings import secrets_json
from tests.mcp.test_server import Answers
from tests.support.projects import write_secrets
from tests.support.states import state

SECONDS = 120.0


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """The URL of a program that answers each request like that."""
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65_536)
                    answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join(60)


def asked(url: str, tmp_path: Path) -> str:
    """The cause of the error that comes back, within a bounded time."""
    file = secrets_json.read(write_secrets(tmp_path / "secrets.json", port=4001))
    running = RunningMonitor.this_one(url=url)

    async def call() -> str:
        async with asyncio.timeout(SECONDS):
            result = await Attached(lambda: running, file)("get-positions", {})
        assert result.structured_content is not None
        assert result.structured_content["code"] == "monitor-unreachable"
        return str(result.structured_content["cause"])

    return asyncio.run(call())


def test_answer_that_comes_a_byte_at_a_time_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attached, "SECONDS", 0.5)

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(2000):
            connection.sendall(b"a")
            time.sleep(0.01)

    with answering(drip) as url:
        assert "TimeoutError" in asked(url, tmp_path)


def test_answer_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached, "LARGEST_ANSWER", 2**20)

    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while True:
            connection.sendall(b"[" * 65_536)

    with answering(flood) as url:
        begun = time.monotonic()
        assert "more than 1 MiB" in asked(url, tmp_path)
        assert time.monotonic() - begun < SECONDS


def test_own_monitor_that_is_at_its_end_is_no_other_one(tmp_path: Path) -> None:
    """Its entry goes last of all; what it knows is asked for meanwhile."""
    file = secrets_json.read(write_secrets(tmp_path / "secrets.json", port=4001))
    source = Answers(known=state(condition="stopped"), fails=Unanswered("zombies", "they are"))
    own = Answering(source, file)
    call = Attached(RunningMonitor.this_one, file, own, source)
    result = asyncio.run(call("get-positions", {}))
    assert result.structured_content is not None
    assert result.structured_content["code"] == "zombies"
