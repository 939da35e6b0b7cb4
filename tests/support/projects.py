"""Runs of the project, started as a user would start them, and what they leave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from golive.machine import installed
from golive.procedure import steps
from golive.settings.model import GoLive
from tests.support import forked, four_ports

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"
SECONDS = 120.0
"""The bound of every wait for a process: against one that hangs, not a claim about its speed."""

IDS = [step.id for step in steps.of("golive")]
"""The steps of a go-live run."""
TRIED = [each for each in IDS if steps.step(each).stage not in steps.CONFIGURED_OUT]
"""Those that are performed with the settings of most tests, without Monitor and MCP server."""


STALE = "dotnet-of-a-test"
"""For the example's client program: one of that name may be running here."""

LEFT_OUT = (
    "GOLIVE_SECRETS", "GOLIVE_REPORTS", "GOLIVE_TYPED", "PYTEST_ADDOPTS", "PYTHONDONTWRITEBYTECODE",
)  # fmt: skip


def environment(**more: str) -> dict[str, str]:
    """Without what would aim a run elsewhere, have it compile every module anew, or call Allure."""
    others = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")}
    kept = {k: v for k, v in others.items() if k not in LEFT_OUT}
    return kept | {"GOLIVE_ALLURE": "off"} | more


def example_settings() -> dict[str, Any]:
    """The example's, which pin the official client that is installed for these tests."""
    text = (ROOT / "secrets.example.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    document["GoLive"] |= {"Monitor": None, "Mcp": None}  # for the tests that try them to name
    document["GoLive"]["StaleProcesses"] = [STALE]
    if (version := installed.read().version) != GoLive().api_version:
        document["GoLive"]["ApiVersion"] = version
    return document


PATIENCE, SHORT = 10, 2
"""Seconds for the gateway's answers: more than a busy machine takes; fewer where none will come."""

UNANSWERED = {
    "accounts-only", "advisor", "authentication-failed", "endless-positions", "leaky", "mute",
    "no-start", "silent", "starting",
}  # fmt: skip
"""Faults of a gateway that leaves something unanswered, so that the whole time is waited."""


def patience(fault: str) -> float:
    """The handshake timeout for a gateway with this fault."""
    return SHORT if fault.partition("=")[0] in UNANSWERED else PATIENCE


def write_secrets(path: Path, port: int, host: str = "127.0.0.1", **golive: Any) -> Path:
    """A settings file: the example's, but it waits for little."""
    document = example_settings()
    document["IBKRCredentials"].update(Host=host, Port=port)
    document["GoLive"] |= {
        "InitializationSeconds": 0,
        "HandshakeTimeoutSeconds": PATIENCE,
        "HandshakeBudgetSeconds": PATIENCE,  # a busy machine is no slow gateway
        "GatewayFolder": str(path.parent / "gateway-folder"),  # never that of a gateway of yours
        **golive,
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Outcome:
    """A process that has ended."""

    exit_code: int
    output: str

    @property
    def last_line(self) -> str:
        return self.output.rstrip().splitlines()[-1]


SHOWN = 2000
"""So many characters of what a process said last are shown where it did not end."""


class DidNotEnd(AssertionError):
    """Which process did not end in time, and what it had said."""

    def __init__(self, arguments: tuple[str, ...], error: subprocess.TimeoutExpired) -> None:
        told: bytes | str = error.output or ""
        said = told.decode("utf-8", "replace") if isinstance(told, bytes) else told
        words = "python -m " + " ".join(arguments)
        last = said[-SHOWN:].strip() or "nothing"
        super().__init__(f"{words} did not end within {error.timeout:g} s; it said: {last}")


@dataclass(frozen=True)
class Rehearsal(Outcome):
    """A go-live run and the folder it left."""

    folder: Path

    @cached_property
    def evidence(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(
            (self.folder / "evidence.json").read_text(encoding="utf-8")
        )
        return document

    @cached_property
    def steps(self) -> dict[str, dict[str, Any]]:
        return {step["id"]: step for step in self.evidence["steps"]}

    def having(self, outcome: str) -> list[str]:
        """The ids of the steps with an outcome, in the procedure's order."""
        return [each["id"] for each in self.steps.values() if each["outcome"] == outcome]

    @property
    def blockers(self) -> set[str | None]:
        """What the blocked steps say they were blocked by."""
        return {each["blocked_by"] for each in self.steps.values() if each["outcome"] == "blocked"}

    @cached_property
    def fake_log(self) -> list[dict[str, Any]]:
        lines = (self.folder / "fake-gateway.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    @property
    def connections(self) -> int:
        """How many connections the fake saw."""
        return len([each for each in self.fake_log if each["event"] == "connected"])


@dataclass(frozen=True)
class Project:
    """A copy of the project in a folder."""

    folder: Path

    @property
    def runs(self) -> list[Path]:
        runs = self.folder / "reports" / "runs"
        return sorted(runs.iterdir()) if runs.exists() else []

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        """Reports of its runs are here, wherever their settings are."""
        return environment(**{"GOLIVE_REPORTS": str(self.folder / "reports")} | more)

    def run(self, *arguments: str, **variables: str) -> Outcome:
        """`python -m ...` in the project's folder, to its end."""
        with four_ports.alone_with(*arguments):
            try:
                done = forked.run(
                    self.command(*arguments),
                    self.folder,
                    SECONDS,
                    env=self.environment(**variables),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    encoding="utf-8",
                )
            except subprocess.TimeoutExpired as error:
                raise DidNotEnd(arguments, error) from None
        return Outcome(done.returncode, done.stdout)

    def rehearse(self, *arguments: str, **variables: str) -> Rehearsal:
        """`pytest acceptance -m golive ...`, and the one folder it left and named."""
        before = self.runs
        named = any(each.startswith("acceptance") for each in arguments[:1])
        words = arguments if named else ("acceptance", *arguments)
        done = self.run("pytest", "-m", "golive", *words, **variables)
        new = [each for each in self.runs if each not in before]
        new = [each for each in new if each.name in done.output] or new  # others may run as well
        assert len(new) == 1, done.output
        return Rehearsal(done.exit_code, done.output, new[0])

    def edit(self, path: str, old: str, new: str) -> None:
        """Replaces the one occurrence of a text in a file."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        file.write_text(text.replace(old, new), encoding="utf-8")

    def finds_every_gateway_young(self) -> None:
        """However long a busy machine takes to look: up since that very moment."""
        whole = "started = process.started if process else first_seen"
        self.edit("golive/machine/gateway.py", whole, "started = first_seen")
