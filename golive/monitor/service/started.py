"""What a service starts and how soon it restarts, for every kind of service."""

from __future__ import annotations

import getpass
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path, PurePath

from golive.discipline.earlier_attempts import state_folder
from golive.kit import project
from golive.settings.model import Settings
from golive.settings.secrets_json import SettingsFile

MADE_BY = "golive service"
"""Is in every file that is made here; a file without it is never overwritten."""

STOP_SECONDS = 30
"""The time for a clean close; after that the system ends it."""
MOST_STARTS = 5
LEAST_HOUR = 3600


class NoService(Exception):
    """This service does not work with these settings. The text is one line."""


@dataclass(frozen=True, slots=True)
class Started:
    """The Monitor's command, for a user, with the memory that this user's other runs have.

    `file` is aimed at the endpoint it will hold.
    """

    file: SettingsFile
    python: str
    arguments: tuple[str, ...]
    folder: PurePath
    state: Path
    user: str

    @classmethod
    def by_this_user(cls, file: SettingsFile, on_fallback: bool) -> Started:
        options = ("--secrets", str(file.path), *(["--fallback"] if on_fallback else []))
        return cls(
            file,
            sys.executable,
            (*_alone(), "-m", "golive", "monitor", *options),
            file.path.parent if project.IS_INSTALLED else project.HOME,
            state_folder(),
            _user(),
        )

    @property
    def settings(self) -> Settings:
        return self.file.settings

    @property
    def of(self) -> str:
        """What it holds: `127.0.0.1:4001, IB Gateway (live)`."""
        credentials = self.settings.credentials
        return f"{credentials.host}:{credentials.port}, {credentials.kind}"

    @property
    def reconnects(self) -> bool:
        """Whether it may connect again without a person: so may whoever starts it again."""
        return self.settings.credentials.auto_reconnect

    @property
    def retry_seconds(self) -> int:
        """Least time between an end and the next start: the rules about attempts hold for it."""
        golive, credentials = self.settings.golive, self.settings.credentials
        seconds = max(golive.retry_cooldown_seconds, credentials.reconnect_delay_seconds)
        return max(1, math.ceil(seconds))

    @property
    def start_seconds(self) -> int:
        """Until it is ready, or has said why it is not; twice, where it may fall back."""
        golive = self.settings.golive
        once = golive.initialization_seconds + golive.handshake_timeout_seconds + 30
        return math.ceil(once * (2 if golive.auto_fallback else 1)) + 30


def _alone() -> tuple[str, ...]:
    """An installed golive is found anywhere: nothing beside the settings goes before it."""
    return ("-P",) if project.IS_INSTALLED else ()


def _user() -> str:
    domain = os.environ.get("USERDOMAIN") if sys.platform == "win32" else None
    try:
        user = getpass.getuser()
        return f"{domain}\\{user}" if domain else user
    except (OSError, KeyError):  # a uid without a name
        return str(os.getuid()) if hasattr(os, "getuid") else ""
