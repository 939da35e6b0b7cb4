"""Tries a program of the settings: starts it by the rules, records its attempt, ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from golive.discipline.attempts import Attempts
from golive.discipline.journal import GO
from golive.run import preflight
from golive.run.run import Run
from golive.settings.model import Monitor
from golive.trials import child_settings, command
from golive.trials.command import Kind
from golive.trials.mcp import McpProgram
from golive.trials.mcp import Wanted as WantedMcp
from golive.trials.monitor import MonitorProgram
from golive.trials.monitor import Wanted as WantedMonitor
from golive.trials.output import Tell
from golive.trials.program import Ended

FAILED: dict[Kind, str] = {"monitor": "monitor-not-ready", "mcp": "mcp-failed"}
"""The outcome recorded for the attempt of a program that fails."""


@contextmanager
def monitor(run: Run, tell: Tell) -> Iterator[MonitorProgram]:
    """The Monitor, once it has said what it is to say, or has failed to.

    Raises, as `mcp` does, AttemptRefused, OSError and SettingsError where the rules, the state
    folder or the settings file do not let it be started.
    """
    settings = run.wanted.settings
    golive = settings.golive
    found = golive.monitor
    assert found is not None  # the step would not be performed
    wanted = WantedMonitor(
        found, golive.expected_account, golive.expected_positions, settings.secret_words
    )
    with _started(run, "monitor", found.command) as start:
        log = _log(run, found)
        program = MonitorProgram(
            wanted,
            start.words,
            start.environment,
            start.folder,
            start.gateways,
            log,
            gateway=run.gateway,
        )
        run.monitor = program
        try:
            program.when_left = start.left
            program.wait(tell)
            if program.reason:
                start.failed()
            yield program
        finally:
            if not program.is_left:
                program.end()
                start.failed()


@contextmanager
def mcp(run: Run) -> Iterator[McpProgram]:
    """The MCP server, once all questions were asked."""
    settings, found = run.wanted.settings, run.wanted.settings.golive.mcp
    assert found is not None  # the step would not be performed
    has_a_monitor = run.monitor is not None and run.monitor.is_left
    wanted = WantedMcp(
        found, settings.secret_words, found.command is None, may_connect=not has_a_monitor
    )
    with _started(run, "mcp", found.command) as start:
        program = McpProgram(
            wanted, run.gateway, start.words, start.environment, start.folder, start.gateways
        )
        run.mcp = program
        try:
            program.when_left = start.left
            program.converse()
            if program.reason:
                start.failed()
            yield program
        finally:
            program.end()
            start.failed()


def _log(run: Run, found: Monitor) -> Path | None:
    """Where a Monitor writes that may be left running. A rehearsal's gateway ends with the run."""
    if run.wanted.target.is_rehearsal or not found.keep_running:
        return None
    return run.wanted.state / f"{run.wanted.run_id}.monitor.log"


@dataclass
class _Start:
    words: list[str]
    environment: dict[str, str]
    folder: Path | None
    attempts: Attempts | None
    """The attempts of a program that records none itself."""
    run: Run
    kind: Kind

    def gateways(self) -> set[int]:
        """Who listens on the port, though the program may have launched it."""
        port = self.run.gateway.port_if_seen
        return {each.pid for each in port.listeners if each.pid} if port else set()

    def left(self, ended: Ended) -> None:
        """It has ended, or was left running: a success only as it was asked to. Raises OSError."""
        self._ended(GO if ended.is_as_asked else "program-not-ended")

    def failed(self) -> None:
        """Unless it was left as it was asked to. Raises OSError."""
        self._ended(FAILED[self.kind])

    def _ended(self, outcome: str) -> None:
        """Remembers, once, what became of its attempt."""
        if self.attempts is not None and self.attempts.outcome is None:
            gateway = self.run.gateway
            told = gateway.as_far_as_told(gateway.port_if_seen)
            self.attempts.end(outcome, None if told is None else len(told.close_wait))


@contextmanager
def _started(run: Run, kind: Kind, words: list[str] | None) -> Iterator[_Start]:
    """How it is to be started; from here on this run's own attempt is over."""
    run.hand_over()
    parent = run.wanted.parent
    with child_settings.file_for(parent) as secrets:
        attempts = None if words is None else _attempts(run, kind)
        yield _Start(
            command.words(parent, kind, words, secrets),
            parent.environment(),
            command.folder(words),
            attempts,
            run,
            kind,
        )


def _attempts(run: Run, kind: Kind) -> Attempts:
    """An attempt of a name of its own, begun. Raises AttemptRefused."""
    attempts = Attempts(
        run.wanted.clock,
        run.memory.journal,
        f"{run.wanted.run_id}-{kind}",
        run.wanted.override,
        run.gateway.started,
        lambda: preflight.zombies_now(run.wanted.file, run.gateway),
        forbidden=run.memory.forbidden,
    )
    target, client_id = run.wanted.target, run.wanted.settings.credentials.client_id
    attempts.begin(target.host, target.port, client_id)
    return attempts
