"""What a run is aimed at: the live gateway, its fallback, or a fake that stands for either."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from golive.run import rehearsal
from golive.settings.secrets_json import SettingsFile

HEALTHY = "healthy"


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint. A rehearsal may stand for the fallback as well."""

    name: Literal["live", "fallback", "fake"]
    host: str
    port: int
    kind: str
    fault: str | None = None
    is_fallback: bool = False

    @property
    def is_rehearsal(self) -> bool:
        return self.name == "fake"


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked for. `fault` is that of the fake, None where it is no rehearsal."""

    fault: str | None
    is_fallback: bool

    @property
    def name(self) -> Literal["live", "fallback", "fake"]:
        if self.fault is not None:
            return "fake"
        return "fallback" if self.is_fallback else "live"

    def of(self, file: SettingsFile) -> SettingsFile:
        """The settings as they are for it."""
        return file.on_fallback() if self.is_fallback else file

    def target(self, file: SettingsFile) -> Target:
        """The endpoint of these settings."""
        to = file.settings.credentials
        return Target(self.name, to.host, to.port, to.kind, is_fallback=self.is_fallback)

    def rehearsed(
        self, file: SettingsFile, fake: rehearsal.FakeGateway, folder: Path
    ) -> tuple[SettingsFile, Target]:
        """The settings and the endpoint of the fake. Raises rehearsal.NoRehearsal."""
        port = fake.port()
        fault = None if self.fault == HEALTHY else self.fault
        kind = f"fake {'TWS paper' if self.is_fallback else 'gateway'} (rehearsal)"
        target = Target("fake", rehearsal.HOST, port, kind, fault, self.is_fallback)
        return rehearsal.aimed(file, port, folder), target
