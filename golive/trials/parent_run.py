"""The run that tries a program, as far as the program is told of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from golive.discipline.one_run import PART_OF
from golive.discipline.starter import Starter
from golive.settings.secrets_json import SettingsFile
from golive.settings.target import Target


@dataclass(frozen=True, slots=True)
class ParentRun:
    """Its id, what it is aimed at, and where it remembers. `override` is the person's reason."""

    run_id: str
    file: SettingsFile
    target: Target
    state: Path
    override: str | None = None

    def environment(self) -> dict[str, str]:
        """This process', with which run it is, who performs it and where it remembers.

        A Python program is asked not to keep its lines to itself, which it does where it prints
        into a pipe. Raises OSError as `starter` does.
        """
        ours = {PART_OF: self.run_id, "GOLIVE_STATE": str(self.state), "PYTHONUNBUFFERED": "1"}
        return {**os.environ, **ours, **self.starter().environment()}

    def starter(self) -> Starter:
        """Who this run is to the programs that it starts. Raises OSError where it is not told."""
        return Starter.this_one(run=self.run_id, folder=str(self.state))
