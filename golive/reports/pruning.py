"""Deletes old rehearsals. Live and fallback runs are kept, and so is anything in doubt."""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from golive.evidence import storage
from golive.evidence.contradictions import name_of, reliable
from golive.evidence.storage import NoEvidence
from golive.reports.archive import age

A_DAY = timedelta(days=1)
"""A rehearsal without evidence that is older than this is not about to begin."""

OF_A_RUN = re.compile(r"fake-gateway\..*|gateway-folder|state|\.evidence\.json\..*")
"""The files in the folder of a rehearsal before there is any evidence."""

AT_ONCE = 100
"""The most that one run deletes, to be quick. The next run goes on."""

BEING_DELETED = re.compile(r"\.(.+)\.deleted")
"""The name of a folder while it is deleted: it goes as a whole or not at all."""


def prune(runs: Path, keep: int, made: str, now: datetime | None = None) -> list[str]:
    """Keeps the newest rehearsals, the one just made, and those that are under way.

    Safe where several do it at once. Returns a line where something could not be deleted.
    """
    inside = [each for each in runs.iterdir() if is_in(runs, each)]
    old = [each for each in too_many(inside, keep, now or datetime.now(UTC)) if each.name != made]
    going = [each for each in old if not is_under_way(each)][:AT_ONCE]
    left = [each for each in inside if is_half_deleted(each.name)]
    failed = [why for each in (*left, *going) if (why := _deleted(each))]
    more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    return [f"an old rehearsal could not be deleted: {failed[0]}{more}"] if failed else []


def too_many(folders: list[Path], keep: int, now: datetime) -> list[Path]:
    """Rehearsals beyond the newest `keep`, and those given up before they left evidence."""
    found = [each for each in folders if is_rehearsal(each.name)]
    found.sort(key=lambda each: age(each.name), reverse=True)
    told = [each for each in found if os.path.lexists(each / storage.FILE_NAME)]
    given_up = [each for each in found if each not in told and is_given_up(each, now)]
    return [each for each in told[keep:] if is_sealed_rehearsal(each)] + given_up


def is_rehearsal(name: str) -> bool:
    found = name_of(name)
    return found is not None and found.target == "fake"


def is_half_deleted(name: str) -> bool:
    found = BEING_DELETED.fullmatch(name)
    return found is not None and is_rehearsal(found[1])


def is_sealed_rehearsal(folder: Path) -> bool:
    """By its own evidence, where that is reliable."""
    try:
        return reliable(folder).target == "fake"
    except NoEvidence:
        return False


def is_given_up(folder: Path, now: datetime) -> bool:
    """Whether it holds only files of a rehearsal."""
    try:
        names = [each.name for each in folder.iterdir()]
    except OSError:
        return False
    return is_a_day_old(folder, now) and all(map(OF_A_RUN.fullmatch, names))


def is_a_day_old(folder: Path, now: datetime) -> bool:
    """By its name and by the disk, since either clock may have been wrong."""
    name = name_of(folder.name)
    try:
        written = datetime.fromtimestamp(folder.lstat().st_mtime, UTC)
    except OSError:
        return False
    return name is not None and now - name.began > A_DAY and now - written > A_DAY


def is_in(runs: Path, folder: Path) -> bool:
    """Whether it is a folder of that folder, and no link (on Windows: no junction) to another."""
    try:
        return folder.is_dir() and folder.resolve(strict=True) == runs.resolve() / folder.name
    except OSError:
        return False


def is_under_way(folder: Path) -> bool:
    """A rehearsal holds a lock in its folder until its reports are written."""
    return any(_is_held(lock) for lock in (folder / "state").glob("*.lock"))


def _is_held(path: Path) -> bool:
    try:
        with FileLock(path, blocking=False, fallback_to_soft=False):
            return False
    except (Timeout, OSError, NotImplementedError):
        return True


def _deleted(folder: Path) -> str:
    """Why it could not be; "" where it was, or another run was faster."""
    try:
        if not is_half_deleted(folder.name):
            folder = folder.rename(folder.with_name(f".{folder.name}.deleted"))
        shutil.rmtree(folder)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{folder}: {error.strerror or error}"
    return ""
