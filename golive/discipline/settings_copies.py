"""Copies of the settings for programs that are started: private, and removed with their maker.

They lie in the user's state folder, never in the folder of a run, which may be published. Each has
a folder of its own, with a lock that the system releases however its owner ends: by that lock the
next start knows which are left over, also where an owner's pid is one of another container.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from golive.discipline.earlier_attempts import state_folder
from golive.kit import files

FOLDER, NAME, LOCK = "copies", "secrets.json", ".lock"
SECONDS = 5.0
"""How long to wait for others, who take milliseconds."""

_OWN = re.compile(r"\d+-\w+")
"""What a copy's folder is called: after the pid of its owner."""


@contextlib.contextmanager
def private_copy(data: bytes) -> Iterator[Path]:
    """A file with this content, which nobody else may read, for as long as the block lasts.

    Raises OSError.
    """
    area = _made(state_folder())
    with _alone_in(area):
        _sweep(area)
        own = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=area))
        lock = _lock(own)
        lock.acquire()  # before anybody else can look: one that is not locked is left over
    try:
        with files.private(own / NAME) as file:
            file.write(data)
        yield own / NAME
    finally:
        with contextlib.suppress(OSError):  # Windows, where the program still reads it
            (own / NAME).unlink(missing_ok=True)
        lock.release()
        shutil.rmtree(own, ignore_errors=True)


def sweep() -> list[Path]:
    """Removes what killed owners have left, never anything of a living one.

    Gives what could not be removed. Raises nothing.
    """
    area = state_folder() / FOLDER
    try:
        if not os.path.lexists(area):
            return []
        _be_ours(area)
        with _alone_in(area):
            return _sweep(area)
    except Timeout:
        return []  # whoever is in it sweeps it
    except OSError:
        return [area]


def _sweep(area: Path) -> list[Path]:
    found = [each for each in area.iterdir() if _OWN.fullmatch(each.name) and _is_folder(each)]
    left_over = [each for each in found if not _is_held(each)]
    for each in left_over:
        shutil.rmtree(each, ignore_errors=True)
    return [each for each in left_over if os.path.lexists(each)]


def _is_held(own: Path) -> bool:
    """Whether its owner lives, or may live."""
    try:
        with _lock(own):
            return False
    except (OSError, NotImplementedError):
        return True


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(path.lstat().st_mode)


def _lock(folder: Path) -> FileLock:
    # a soft lock would outlive a kill -9
    return FileLock(folder / LOCK, blocking=False, thread_local=False, fallback_to_soft=False)


def _alone_in(area: Path) -> FileLock:
    """Only one process at a time makes copies, or sweeps."""
    return FileLock(area / LOCK, timeout=SECONDS, thread_local=False, fallback_to_soft=False)


def _made(state: Path) -> Path:
    """The folder of all copies. Raises OSError."""
    if not state.is_absolute():
        raise OSError(errno.EINVAL, "GOLIVE_STATE is not a full path", str(state))
    area = state / FOLDER
    state.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        area.mkdir(mode=0o700)
    _be_ours(area)
    return area


def _be_ours(area: Path) -> None:
    """A folder of this user's own, closed to others, and not a link. Raises OSError."""
    found = area.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(errno.ENOTDIR, "it must be a folder, not a link to one", str(area))
    if sys.platform == "win32":
        return
    if found.st_uid != os.geteuid():
        raise OSError(errno.EPERM, "it belongs to another user", str(area))
    if stat.S_IMODE(found.st_mode) != 0o700:
        area.chmod(0o700)
