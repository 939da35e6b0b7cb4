"""Files that are there whole or not at all, and that are read within bounds."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from pathlib import Path
from typing import BinaryIO

IN_USE = (5, 32)
"""What Windows says of a file that somebody has open: access denied, sharing violation."""
PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4)
"""Seconds."""
MOST_BYTES = 256 * 2**20
"""More is no run's: ten thousand positions take four megabytes."""


def write(path: Path, text: str, *, is_to_last: bool = False) -> None:
    """The whole text or what was there before, never half of it, as UTF-8. Raises OSError.

    `is_to_last`: it is on the disk, whatever becomes of the machine, once this returns.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(draft, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            if is_to_last:
                file.flush()
                os.fsync(file.fileno())
        _put(draft, path)
    finally:
        with contextlib.suppress(OSError):  # of a write that failed; what is to be told is why
            draft.unlink(missing_ok=True)


def _put(draft: Path, path: Path) -> None:
    """The draft in the place of the file.

    Windows refuses that while anybody reads either of them, as virus scanners and indexers do for a
    moment; so for a moment it is tried again.
    """
    for pause in PAUSES:
        try:
            os.replace(draft, path)
        except PermissionError as error:
            if getattr(error, "winerror", None) not in IN_USE:
                raise
            time.sleep(pause)
        else:
            return
    os.replace(draft, path)


def private(path: Path) -> BinaryIO:
    """A file that nobody else may read, empty, to be written. Raises OSError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def contents(path: Path) -> bytes:
    """Of an ordinary file of a bearable size: to read a pipe or a device may never end.

    Raises OSError.
    """
    kind = path.stat()
    if not stat.S_ISREG(kind.st_mode):
        raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
    if kind.st_size > MOST_BYTES:
        raise OSError(errno.EFBIG, "it is too large to be that", str(path))
    return path.read_bytes()
