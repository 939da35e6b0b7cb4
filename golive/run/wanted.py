"""What a run was asked for, before its first step: against what, by whom, and where it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from golive.diagnosis.diagnose import PROCEDURE, SOAK, Next
from golive.discipline.earlier_attempts import Aim
from golive.kit.clock import SYSTEM, Clock
from golive.procedure.steps import Plan
from golive.run import rehearsal
from golive.settings.model import Settings
from golive.settings.secrets_json import SettingsFile
from golive.settings.target import Target
from golive.trials.parent_run import ParentRun


@dataclass(frozen=True, slots=True)
class Wanted:
    """`folder` is the run's own, named by its id; `state` is where runs remember.

    `secrets` is the settings file as it was named on the command line, if it was, and so `reports`.
    """

    file: SettingsFile
    target: Target
    folder: Path
    state: Path
    plan: Plan = "golive"
    override: str | None = None
    secrets: str | None = None
    operator: str = ""
    clock: Clock = SYSTEM
    reports: str | None = None

    @property
    def settings(self) -> Settings:
        return self.file.settings

    @property
    def run_id(self) -> str:
        return self.folder.name

    @property
    def blind(self) -> bool:
        """Whether sockets need not be observable."""
        return self.settings.golive.allow_unobserved_sockets

    @property
    def initialization_seconds(self) -> float:
        """How long the gateway must have been up; a rehearsal's fake need not wait that long."""
        golive = self.settings.golive
        if self.target.is_rehearsal:
            return rehearsal.initialization_seconds(golive, self.target.fault)
        return golive.initialization_seconds

    @property
    def soak_seconds(self) -> float:
        """How long a soak holds the connection; a rehearsal's is short unless it is named."""
        golive = self.settings.golive
        if self.target.is_rehearsal:
            return rehearsal.soak_seconds(golive)
        return golive.soak_minutes * 60

    @property
    def heartbeat_seconds(self) -> float:
        """How long after one heartbeat of a soak the next one is; a rehearsal's come quicker."""
        golive = self.settings.golive
        if self.target.is_rehearsal:
            return rehearsal.heartbeat_seconds(golive)
        return golive.heartbeat_seconds

    @property
    def parent(self) -> ParentRun:
        """This run to the programs that it tries."""
        return ParentRun(self.run_id, self.file, self.target, self.state, self.override)

    @property
    def run_next(self) -> Next:
        """What performs the whole procedure: on the same target, and on the fallback."""
        target = self.target
        fault = f"--fake={target.fault}" if target.fault else "--fake"
        rehearsed = [fault] if target.is_rehearsal else []
        is_there = target.is_fallback or Aim.of(self.file).is_at_the_fallback
        name = self.file.path.name
        command = SOAK if self.plan == "soak" else PROCEDURE
        return Next.after(
            command,
            self.secrets,
            target.is_fallback,
            is_there,
            name,
            rehearsed,
            self.reports,
        )
