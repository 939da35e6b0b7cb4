"""What a run is aimed at: the live gateway, its fallback, or a fake that stands for either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
