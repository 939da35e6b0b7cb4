"""Which Monitor holds the connection to an endpoint, and where it can be asked: a file it keeps.

It stands beside the endpoint's lock for as long as that Monitor runs. One that was killed leaves
the file behind, but not its process.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from pydantic import ValidationError

from golive.discipline.one_process import OneProcess
from golive.discipline.one_run import file_name
from golive.discipline.state_folder import is_own
from golive.kit import files


class RunningMonitor(OneProcess):
    """A Monitor that is running. `url` is that of its HTTP server, None where it has none."""

    url: str | None = None

    @classmethod
    def find(cls, folder: Path, endpoint: str) -> RunningMonitor | None:
        """The one at an endpoint (`127.0.0.1:4001`), by the state folder; None where none runs."""
        try:
            found = cls.model_validate_json(files.own_contents(_path(folder, endpoint)))
        except (OSError, ValidationError):
            return None
        return found if found.is_there and is_own(folder) else None

    def enter(self, folder: Path, endpoint: str) -> None:
        """Says that it runs. Raises OSError. Whole or not at all: others may be reading."""
        files.write(_path(folder, endpoint), self.model_dump_json())

    def leave(self, folder: Path, endpoint: str) -> None:
        """Says so no more, if it is this one that is said to run."""
        if self.find(folder, endpoint) == self:
            with contextlib.suppress(OSError):  # Windows, where another is reading it
                _path(folder, endpoint).unlink()


def _path(folder: Path, endpoint: str) -> Path:
    return folder / f"{file_name(endpoint)}.monitor.json"
