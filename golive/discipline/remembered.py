"""What earlier attempts mean for one now: read only, for those who look and try nothing.

`earlier_attempts.Memory` is for a run: it takes the endpoint's lock and writes. Here no lock is
taken, no folder made and nothing written, so a run that is under way is not disturbed.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from golive.discipline import state_folder as folders
from golive.discipline.earlier_attempts import Aim, NoMemory, discipline
from golive.discipline.journal import Journal, Reading
from golive.discipline.one_run import Holder, OneRun
from golive.discipline.rules import Discipline, Made
from golive.discipline.running_monitor import RunningMonitor
from golive.kit.clock import SYSTEM, Clock


@dataclass(frozen=True, slots=True)
class Remembered:
    """The journal, the rules about it and who runs, at one moment."""

    reading: Reading
    discipline: Discipline
    """Beside whoever holds the endpoint: its attempt has not failed."""
    is_alone: bool
    other_run: Holder | None
    monitor: RunningMonitor | None
    first_failure: datetime | None
    under_way: Made | None = None
    """The attempt of whoever holds the endpoint."""

    def allows(self, step_id: str, found: str | None) -> bool:
        """Whether nothing was found against it: who only looks overrides no rule."""
        return found is None


def look(folder: Path, aim: Aim, clock: Clock = SYSTEM) -> Remembered:
    """What is remembered in a folder. Raises NoMemory where a run could not remember there."""
    try:
        _refuse_useless(folder)
        reading = Journal(folder).read()
    except OSError as error:
        raise NoMemory(folder, error) from None
    rules = discipline(reading.entries, folder, aim, clock)
    lock = OneRun(folder, aim.endpoint)
    holder = lock.holder
    is_alone = holder is None and not lock.is_seen_held
    under_way = None if is_alone else rules.open_attempt(holder)
    rules = rules if is_alone else rules.beside(holder)
    return Remembered(
        reading,
        rules,
        is_alone=is_alone,
        other_run=holder,
        monitor=RunningMonitor.find(folder, aim.endpoint),
        first_failure=rules.first_failure(aim.primary),
        under_way=under_way,
    )


def _refuse_useless(folder: Path) -> None:
    """Raises OSError for a folder in which a run could not remember its attempt."""
    if not folder.is_absolute():
        raise OSError(errno.EINVAL, "not a full path", str(folder))
    if os.path.lexists(folder):
        folders.refuse_others(folder)
    there = next(each for each in (folder, *folder.parents) if each.exists())
    journal = Journal(folder).path
    for each in (there, journal) if journal.exists() else (there,):
        if not os.access(each, os.W_OK):
            raise OSError(errno.EACCES, "this user may not write to it", str(each))
