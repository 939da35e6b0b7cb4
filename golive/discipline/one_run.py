"""One run at a time on an endpoint: a lock that the system releases however its holder ends."""

from __future__ import annotations

import contextlib
import os
import re
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from golive.discipline.lock import Lock
from golive.discipline.one_process import OneProcess
from golive.kit import files
from golive.machine import processes

LONGEST_NAME = 100
STAYING = ("-monitor", "-mcp")
"""How the runs of programs end that stay until they are stopped."""

PART_OF = "GOLIVE_RUN"
"""The variable by which a run tells the programs it starts that they are part of it."""


def file_name(endpoint: str) -> str:
    """What the files of an endpoint are named after: `127.0.0.1_4001`."""
    return re.sub(r"[^\w.-]", "_", endpoint)[-LONGEST_NAME:]


class Holder(OneProcess):
    """Who has the lock: a run, its process, and since when. A killed run leaves no lock behind."""

    run: str
    since: AwareDatetime

    @property
    def stays(self) -> bool:
        """Whether it keeps its connection until it is stopped, as a Monitor or MCP server does."""
        return self.run.endswith(STAYING)

    @property
    def has_started_us(self) -> bool:
        """Whether it is the run that this process, or one of its parents, was started by."""
        if self.run != os.environ.get(PART_OF):
            return False
        return any(each.pid == self.pid for each in processes.parents(os.getpid()))


class OneRun:
    """The lock of an endpoint, in a folder of the user. It does not see other users' runs.

    The holder's name stands in a file beside it: a locked file cannot be read on Windows.
    """

    def __init__(self, folder: Path, endpoint: str) -> None:
        name = file_name(endpoint)
        self._lock, self._part = Lock(folder / f"{name}.lock"), Lock(folder / f"{name}.part.lock")
        self._holder = folder / f"{name}.json"

    def begin(self, run: str, now: datetime) -> bool:
        """Whether this run has the endpoint to itself from now on. Raises OSError."""
        if not self._lock.take():
            return False
        with contextlib.suppress(OSError):  # the lock counts, not who is said to have it
            holder = Holder.this_one(run=run, since=now)
            files.write(self._holder, holder.model_dump_json())
        return True

    @property
    def is_ours(self) -> bool:
        return self._lock.is_held

    @property
    def why_lost(self) -> str:
        """Why this run, or its part, no longer holds it; "" if it does."""
        return self._lock.why_lost or self._part.why_lost

    def begin_as_part(self) -> bool:
        """Takes the part's lock, if the run that holds the endpoint started this process.

        Only one of its programs works at a time, because the children of a program inherit what
        the run told it. Raises OSError.
        """
        holder = self.holder
        if holder is None or not holder.has_started_us:
            return False
        return self._part.take()

    @property
    def is_seen_held(self) -> bool:
        """Whether the system says that some process has it; nothing is locked to find out."""
        return self._lock.is_seen_held

    @property
    def holder(self) -> Holder | None:
        """Who has it; None where that is not known."""
        try:
            found = Holder.model_validate_json(files.own_contents(self._holder))
        except (OSError, ValidationError):
            return None
        return found if found.is_there else None

    def end(self) -> None:
        """Releases it if it is ours, also as a part of a run."""
        self._part.release()
        if self.is_ours:
            with contextlib.suppress(OSError):  # Windows, where another run is reading it
                self._holder.unlink()
        self._lock.release()
