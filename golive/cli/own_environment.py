"""The environment that a bare clone creates for itself: `.venv`, the locked packages, the clone.

Each part is marked once it is complete, so that an interrupted part is done again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from golive.cli import pip

MARK = "golive-environment"
"""The marker file in an environment that golive made: `making`, then `made`."""
MAKING, MADE = "making", "made"

DISTRIBUTIONS = (".", "fakes")
VERSIONS = ("golive/__init__.py", "fakes/fake_ib_gateway/__init__.py")

NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)
NO_VENV = (
    f"{sys.executable} cannot create a virtual environment: its venv or ensurepip module is"
    " missing; on Debian: apt install python3-venv"
)

Say = Callable[[str], None]


class NotMade(Exception):
    """Why there is no environment and what to do about it, in one line."""


@dataclass(frozen=True, slots=True)
class OwnEnvironment:
    """The environment in this folder. A folder that golive did not make is not touched."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def make(self, say: Say) -> None:
        """Raises NotMade."""
        if self.folder.exists() and not self._is_ours:
            raise NotMade(
                f"{self.folder} exists, and golive did not make it; rename it,"
                f" or install golive into it: {self.python} -m pip install . ./fakes"
            )
        if self._read(MARK) == MADE and self.python.exists():
            return
        say(f"creating a virtual environment in {self.folder}")
        try:
            self._made_anew()
        except OSError as error:
            raise NotMade(_why_not(self.folder.parent, error)) from None

    @property
    def _is_ours(self) -> bool:
        return bool(self._read(MARK))

    def _made_anew(self) -> None:
        """Marked first, so that one left half made is known to be ours. Raises OSError."""
        try:
            import venv  # slow, and of use once
        except ImportError:
            raise NotMade(NO_VENV) from None
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir()
        self._write(MARK, MAKING)
        try:
            venv.create(self.folder, with_pip=True)
        except subprocess.CalledProcessError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise NotMade(NO_VENV) from None
        self._write(MARK, MADE)

    def install(self, root: Path, lock: str, say: Say) -> bool:
        """Installs the locked packages, checked by hash, then the clone in editable form.

        Skips what has not changed. Returns whether anything was installed. Raises NotMade.
        """
        try:
            by_lock = self._install_locked(root / "requirements" / f"{lock}.txt", say)
            return self._install_clone(root, say) or by_lock
        except pip.Failed as error:
            raise NotMade(str(error)) from None
        except OSError as error:
            raise NotMade(_why_not(self.folder, error)) from None

    def _install_locked(self, lock: Path, say: Say) -> bool:
        digest = hashlib.sha256(lock.read_bytes()).hexdigest()
        if self._read(_stamp(lock.stem)) == digest:
            return False
        count = pip.counted(lock)
        say(f"installing the {count} packages of {lock}, checked by hash")
        pip.install(self.python, "--require-hashes", "-r", str(lock), most=count, where=lock.parent)
        self._write(_stamp(lock.stem), digest)
        return True

    def _install_clone(self, root: Path, say: Say) -> bool:
        files = [root / each / "pyproject.toml" for each in DISTRIBUTIONS]
        told = b"\0".join(each.read_bytes() for each in (*files, *(root / v for v in VERSIONS)))
        digest = hashlib.sha256(told + os.fsencode(root)).hexdigest()
        if self._read(_stamp("clone")) == digest:
            return False
        say(f"installing this clone in editable form: {root}")
        editable = [word for each in DISTRIBUTIONS for word in ("-e", str(root / each))]
        pip.install(self.python, "--no-deps", "--no-build-isolation", *editable, where=root)
        self._write(_stamp("clone"), digest)
        return True

    def _read(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return ""

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="ascii")


def _stamp(what: str) -> str:
    return f"golive-installed-{what}"


def _why_not(folder: Path, error: OSError) -> str:
    why = error.strerror or str(error)
    if error.errno in NOT_WRITABLE:
        return f"{folder} is not writable ({why}); clone golive into a folder you can write to"
    return f"{error.filename or folder}: {why}"
