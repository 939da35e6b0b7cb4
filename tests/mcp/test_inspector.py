"""The MCP server tried by the command line of the inspector that the protocol's makers ship."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.fakes import Fake
from tests.support.projects import ROOT, environment

pytestmark = pytest.mark.inspector

VARIABLE = "GOLIVE_INSPECTOR"
INSTALL = "npm ci --prefix tests/support/inspector --ignore-scripts"
HERE = (
    ROOT / "tests/support/inspector/node_modules/@modelcontextprotocol/inspector/cli/build/cli.js"
)
SECONDS = 60.0

Started = Callable[..., Fake]
Written = Callable[..., Path]
Inspect = Callable[..., dict[str, Any]]


@pytest.fixture
def inspect(pytestconfig: pytest.Config) -> Inspect:
    """`inspect(secrets, "tools/list")`: the result, as the inspector shows it."""
    inspector = os.environ.get(VARIABLE) or (str(HERE) if HERE.exists() else None)
    node = shutil.which("node")
    if inspector is None or node is None:
        if "inspector" in re.findall(r"\w+", pytestconfig.option.markexpr):
            pytest.fail(f"needs node, and {INSTALL}", pytrace=False)
        pytest.skip(f"needs node, and {INSTALL}")

    def inspected(path: Path, method: str, *words: str) -> dict[str, Any]:
        server = (sys.executable, "-m", "golive", "mcp", "--secrets", str(path))
        done = subprocess.run(
            [node, inspector, "--cli", *server, "--method", method, *words],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        shown, _ = json.JSONDecoder().raw_decode(done.stdout.lstrip())
        assert isinstance(shown, dict), done.stderr
        return shown

    return inspected


def test_inspector_lists_the_tools_with_what_they_take_and_answer(
    inspect: Inspect, fake: Started, secrets: Written
) -> None:
    tools = inspect(secrets(fake().port), "tools/list")["tools"]
    assert len(tools) == 5
    for tool in tools:
        assert tool["annotations"]["readOnlyHint"] is True
        assert (tool["inputSchema"]["type"], tool["outputSchema"]["type"]) == ("object", "object")


def test_inspector_gets_positions_and_leaves_no_connection(
    inspect: Inspect, fake: Started, secrets: Written
) -> None:
    gateway = fake()
    words = ("--tool-name", "get-positions")
    shown = inspect(secrets(gateway.port), "tools/call", *words)
    assert shown["structuredContent"]["count"] == 24
    gateway.stop()
    (closed,) = (each for each in gateway.events if each["event"] == "closed")
    assert (closed["by"], gateway.connections, gateway.orders_received) == ("client", 1, 0)


def test_inspector_takes_an_error_with_its_diagnosis_for_what_it_is(
    inspect: Inspect, fake: Started, secrets: Written
) -> None:
    words = ("--tool-name", "get-option-positions", "--tool-arg", "ticker=AAPL")
    shown = inspect(secrets(fake("down").port), "tools/call", *words)
    assert (shown["isError"], shown["structuredContent"]["code"]) == (True, "gateway-not-running")
