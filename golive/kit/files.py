"""Files that are written whole or not at all, read within bounds, and never through a link."""

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

AS_IT_IS = sum(getattr(os, each, 0) for each in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
"""Do not follow a link where the platform can refuse that, wait for a pipe or change a byte."""


def opened(path: Path, flags: int, mode: int = 0o600) -> int:
    """A descriptor of the ordinary file of this name itself, never of one behind a link.

    Raises OSError.
    """
    if is_link(path):
        raise OSError(errno.ELOOP, "it is a link, which is not followed", str(path))
    descriptor = os.open(path, flags | AS_IT_IS, mode)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not an ordinary file", str(path))
    return descriptor


def is_link(path: Path) -> bool:
    """Also a junction of Windows."""
    is_junction = getattr(os.path, "isjunction", None)  # Python 3.12
    return path.is_symlink() or (is_junction is not None and is_junction(path))


def write(path: Path, text: str, *, is_to_last: bool = False) -> None:
    """The whole text or what was there before, never half of it, as UTF-8. Raises OSError.

    `is_to_last`: it is on the disk, whatever becomes of the machine, once this returns.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.unlink(missing_ok=True)  # of one that was killed and had our pid, or a link
        descriptor = opened(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            if is_to_last:
                file.flush()
                os.fsync(file.fileno())
        _put(draft, path)
    finally:
        with contextlib.suppress(OSError):  # of a write that failed; what is to be told is why
            draft.unlink(missing_ok=True)


def create(path: Path, text: str, *, mode: int = 0o666) -> None:
    """A new file, whole or not at all, as UTF-8. Raises OSError; FileExistsError if one is there.

    `mode` counts under POSIX; Windows gives it the rights of its folder.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.unlink(missing_ok=True)
        descriptor = opened(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _put_new(draft, path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _put_new(draft: Path, path: Path) -> None:
    """Gives the draft its name, unless there is one of that name, though it came this moment."""
    if os.name == "nt":
        draft.rename(path)  # refuses to replace
        return
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        draft.rename(path)


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
    return os.fdopen(opened(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb")


def contents(path: Path) -> bytes:
    """Of an ordinary file of a bearable size: to read a pipe or a device may never end.

    Raises OSError.
    """
    kind = path.stat()
    if not stat.S_ISREG(kind.st_mode):
        raise OSError(errno.EINVAL, "it is not an ordinary file", str(path))
    if kind.st_size > MOST_BYTES:
        raise OSError(errno.EFBIG, "it is too large to be that", str(path))
    return path.read_bytes()


def own_contents(path: Path, last: int = MOST_BYTES) -> bytes:
    """The last bytes of a file that this program keeps. No link is followed.

    Raises OSError.
    """
    with os.fdopen(opened(path, os.O_RDONLY), "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - last))
        return file.read(last)
