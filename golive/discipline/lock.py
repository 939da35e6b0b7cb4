"""A lock of the system on a file: it ends with its holder, however that one ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

from golive.kit import files

KERNELS_LOCKS = Path("/proc/locks")
"""Linux' table of the locks on files: `1: FLOCK ADVISORY WRITE 812 fe:00:4040921 0 EOF`."""


class Lock:
    """Held only while the file at its path is the one that is locked.

    Where that file, or its folder, was removed, the next one to come makes another and locks that.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Whether it is held from now on. Raises OSError."""
        if self.is_held:
            return True
        self.release()
        descriptor = files.opened(self.path, os.O_RDWR | os.O_CREAT)
        try:
            is_taken = lock_descriptor(descriptor, blocking=False)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        if not is_taken or not self.is_held:
            self.release()
        return self.is_held

    @property
    def was_taken(self) -> bool:
        """Whether it was taken and not released, whatever has become of its file."""
        return self._descriptor is not None

    @property
    def is_held(self) -> bool:
        if self._descriptor is None:
            return False
        try:
            there = os.lstat(self.path)
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(self._descriptor))

    @property
    def is_seen_held(self) -> bool:
        """Whether any process holds it, as far as the system tells without a try: Linux does."""
        if sys.platform == "win32":
            return False
        try:
            file, table = os.lstat(self.path), KERNELS_LOCKS.read_text(encoding="ascii")
        except (OSError, ValueError):
            return False
        device = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}"
        wanted = f"{device}:{file.st_ino}"
        rows = (line.split() for line in table.splitlines())
        return any("FLOCK" in row and "->" not in row and wanted in row for row in rows)

    @property
    def why_lost(self) -> str:
        """What has happened to its file since it was taken; "" for nothing."""
        if not self.was_taken or self.is_held:
            return ""
        return f"{self.path}: it was {'replaced' if os.path.lexists(self.path) else 'removed'}"

    def release(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):  # Windows lets go at some time after the file is closed
                unlock_descriptor(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
