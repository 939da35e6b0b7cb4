"""What a user waits for: the rehearsal and the smoke test, beside an empty pytest run.

Seconds of wall time, from starting the process to its end, with compiled modules at hand: the first
round is not counted. A rehearsal leaves its folder in reports/runs/.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import measure
from benchmarks.fake import HOST, ROOT, fake_gateway

ROUNDS = 5
LONGEST_SECONDS = 120.0
PLAIN = ("-p", "no:hypothesispytest")
"""As where the suite alone is installed: the extra `test` slows every run, and flatters ratios."""

HEADS = ("command", "s", "/ empty run", "aim")


@dataclass(slots=True)
class Command:
    """One command, run again and again."""

    name: str
    arguments: Sequence[str]
    folder: Path
    aim: str = ""
    samples: list[measure.Sample] = field(default_factory=list)
    failed: str = ""

    def once(self, environment: dict[str, str]) -> None:
        """Keeps how long it took, or how it failed: a failed run is not timed."""
        watch = measure.Stopwatch()
        try:
            code = _exit_code(self.arguments, self.folder, environment)
        except subprocess.TimeoutExpired:
            self.failed = f"over {LONGEST_SECONDS:g} s"
            return
        if code:
            self.failed = f"exit {code}"
        else:
            self.samples.append(watch.read())


def run(rounds: int | None) -> str:
    rounds = rounds or ROUNDS
    with tempfile.TemporaryDirectory() as name, fake_gateway(positions=24) as port:
        commands = _commands(Path(name), port)
        environment = _environment(Path(name, "compiled"), Path(name, "state"))
        for _ in range(rounds + 1):
            for command in commands:
                command.once(environment)
    title = f"wall: median of {rounds}"
    return measure.table(title, HEADS, [_row(each, commands[0]) for each in commands])


def _commands(folder: Path, port: int) -> list[Command]:
    """The empty run first."""
    (folder / "test_nothing.py").write_text("def test_nothing():\n    pass\n", encoding="utf-8")
    secrets = _secrets(folder / "secrets.json", port)
    alone = _secrets(folder / "alone.json", port, Monitor=None, Mcp=None)
    rehearsal = ["pytest", *PLAIN, "acceptance", "-m", "golive", "--fake"]
    own = [*rehearsal, "--secrets", str(alone)]
    return [
        Command("pytest, one empty test", ["pytest", *PLAIN], folder),
        Command("pytest acceptance -m golive --fake", rehearsal, ROOT),
        Command("  without Monitor and MCP", own, ROOT, "at most 3.00"),
        Command("golive smoke", ["golive", "smoke", "--secrets", str(secrets)], ROOT),
    ]


def _secrets(path: Path, port: int, **more: object) -> Path:
    """The example's settings, aimed at the fake; no ninety seconds."""
    settings = json.loads((ROOT / "secrets.example.json").read_text(encoding="utf-8"))
    settings["IBKRCredentials"] |= {"Host": HOST, "Port": port}
    settings["GoLive"] |= {"InitializationSeconds": 0, **more}
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def _environment(compiled: Path, state: Path) -> dict[str, str]:
    """Without the caller's own settings; compiled modules and what is remembered kept apart."""
    left_out = {"GOLIVE_SECRETS", "PYTEST_ADDOPTS", "PYTHONDONTWRITEBYTECODE"}
    kept = {key: value for key, value in os.environ.items() if key not in left_out}
    return kept | {"PYTHONPYCACHEPREFIX": str(compiled), "GOLIVE_STATE": str(state)}


def _exit_code(arguments: Sequence[str], folder: Path, environment: dict[str, str]) -> int:
    """Of `python -m ...`."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=LONGEST_SECONDS,
        check=False,
    ).returncode


def _row(command: Command, empty: Command) -> list[str]:
    if command.failed:
        return [command.name, command.failed, "-", command.aim]
    took = _median_ms(command)
    if command is empty or empty.failed:
        return [command.name, f"{took / 1000:.2f}", "-", command.aim]
    beside = measure.ratio(took, _median_ms(empty))
    return [command.name, f"{took / 1000:.2f}", beside, command.aim]


def _median_ms(command: Command) -> float:
    """Of all rounds but the first."""
    return measure.median(command.samples[1:]).wall_ms
