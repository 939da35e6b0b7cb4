"""The folder in which attempts are remembered: this user's own, with no link out of it.

Whoever else may write there could take away a lock, or hand us a file of somebody else's. On
Windows the folder of a user's programs is theirs by its access rights, which are not looked at.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

from golive.kit import files


def prepare(folder: Path) -> None:
    """Makes it for this user alone if it is missing, else checks whose it is. Raises OSError."""
    try:
        folder.mkdir(0o700, parents=True)
    except FileExistsError:
        refuse_others(folder)


def refuse_others(folder: Path) -> None:
    """Raises OSError if it is not this user's own, or a link in it leads out of it."""
    if sys.platform != "win32":
        for looked_at in (folder.lstat(), folder.stat()):  # a link, and where it leads
            _refuse_owner(folder, looked_at)
        if folder.stat().st_mode & stat.S_IWOTH:
            why = "everybody may write to it; run chmod o-w on it"
            raise OSError(errno.EPERM, why, str(folder))
    within = folder.resolve()
    for each in folder.iterdir():
        if files.is_link(each) and within not in each.resolve().parents:
            raise OSError(
                errno.ELOOP, "it is a link to a place outside the state folder", str(each)
            )


def _refuse_owner(folder: Path, found: os.stat_result) -> None:
    if sys.platform != "win32" and found.st_uid != os.geteuid():
        why = f"it is not yours: it belongs to user id {found.st_uid}"
        raise OSError(errno.EPERM, why, str(folder))


def is_own(folder: Path) -> bool:
    """Whether what stands in it can be believed; one that is not there holds nothing."""
    try:
        refuse_others(folder)
    except OSError:
        return False
    return True
