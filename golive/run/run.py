"""One run of the procedure: what was asked for, what it has seen, how far it has come.

It knows no test runner: it is told when a step begins and how it ended.
"""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING, Any

from golive.discipline import settings_copies
from golive.discipline.earlier_attempts import Aim, Memory
from golive.discipline.journal import GO
from golive.evidence.record import Outcome, StepRecord
from golive.machine import reset_windows
from golive.machine.gateway import Gateway
from golive.machine.sockets import SocketTable
from golive.procedure import steps
from golive.run import preflight
from golive.run.observed import Observed
from golive.run.progress import Progress
from golive.run.wanted import Wanted
from golive.trials import command

if TYPE_CHECKING:
    from golive.trials.mcp import McpProgram
    from golive.trials.monitor import MonitorProgram


class NotConfigured(Exception):
    """The step is not performed: the settings leave it out. Its text is why."""


class Run:
    """From the first step to the verdict. It has the endpoint to itself, as far as
    `memory.is_alone` says so. Raises earlier_attempts.NoMemory.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted, clock = wanted, wanted.clock
        self.started = clock.now()
        self.progress = Progress(wanted.plan, wanted.blind, clock)
        self.resets = [] if wanted.target.is_rehearsal else reset_windows.told(self.started)
        host = wanted.settings.credentials.host
        self.gateway = Gateway(wanted.target.port, SocketTable(host), clock)
        self.memory = Memory(
            wanted.state, Aim.of(wanted.file), wanted.run_id, wanted.override, clock
        )
        self.attempts = self.memory.attempts
        self.attempts.gateway_started = self.gateway.started
        self.attempts.address = self.gateway.address
        self.attempts.zombies = lambda: preflight.zombies_now(wanted.file, self.gateway)
        self.observed = Observed(self.gateway.port_if_seen)
        self.monitor: MonitorProgram | None = None
        self.mcp: McpProgram | None = None
        self.ended_early: str | None = None
        self.salt = token_hex(16)
        for each in settings_copies.sweep():
            left = "a copy of the settings that a killed run left behind cannot be removed"
            self.observed.note(f"{left}: {each}")

    def skip_unconfigured(self, step_id: str) -> None:
        """Raises NotConfigured where the step tries a program that the settings do not have."""
        stage = steps.step(step_id).stage
        if stage not in steps.CONFIGURED_OUT:
            return
        if why := command.why_not(stage, self.wanted.settings, self.wanted.target):
            raise NotConfigured(why)

    def end(
        self, step_id: str, outcome: Outcome, seconds: float, observed: dict[str, Any]
    ) -> StepRecord:
        """Which override let it pass stands in what it observed."""
        for each in self.memory.overrides:
            if each.step == step_id:
                observed = {**observed, "overridden": each.reason}
        return self.progress.end(step_id, outcome, seconds, observed)

    def interrupted(self, how: str) -> None:
        """Somebody, or something, ended the run early. It is not GO whatever has passed."""
        self.ended_early = how

    def hand_over(self) -> None:
        """This run's own attempt is over and was GO: others may connect. Raises OSError."""
        self.memory.end(GO, self.gateway.as_far_as_told(self.gateway.port_if_seen))

    @property
    def left_running(self) -> MonitorProgram | None:
        """The Monitor that is to outlive the run."""
        return self.monitor if self.monitor and self.monitor.is_left else None
