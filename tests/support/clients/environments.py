"""A virtual environment for each client library, built from its hashed lock when first asked for.

They lie in `.clients` in the project's root, or in the folder that GOLIVE_CLIENTS names. A lock is
what `uv pip compile --universal --generate-hashes` makes of its client, and of protobuf where the
client does not ask for it. One more holds the lowest protobuf that the fake works with, and one
plugins of pytest, and no pytest: for a run that finds them beside its own packages.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.projects import ROOT

NAMES = (
    "ibapi-9.81.1",
    "ibapi-10.37.2",
    "ibapi-10.50.2",
    "ibapi-latest",
    "ib_async",
    "ib_insync",
    "nautilus-ibapi",
    "protobuf-lowest",
    "pytest-plugins",
)
LOCKS = Path(__file__).resolve().parent
STAMP = "golive-client"
SECONDS = 600.0
"""The bound of every wait for pip, or for another builder."""


class SetUpFailed(Exception):
    """An environment could not be built. One line, fit to be shown."""


def python(name: str) -> Path:
    """The interpreter of a client's environment, built first where it is not complete and current.

    Raises SetUpFailed: it could not be built.
    """
    clients = Path(os.environ.get("GOLIVE_CLIENTS") or ROOT / ".clients").absolute()
    try:
        clients.mkdir(parents=True, exist_ok=True)
        with _alone(clients / f"{name}.lock"):
            if not _is_current(clients / name):
                _build(clients / name)
    except (OSError, sqlite3.Error) as error:
        raise SetUpFailed(f"{clients / name} cannot be made: {error}") from None
    return _python_in(clients / name)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One builder at a time: a file lock on every platform, let go however its holder ends."""
    with closing(sqlite3.connect(lock, timeout=SECONDS, isolation_level=None)) as held:
        held.execute("BEGIN EXCLUSIVE")
        yield


def packages(name: str) -> Path:
    """The folder of an environment's packages, for PYTHONPATH. Raises SetUpFailed."""
    folder = python(name).parent.parent
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))


def _is_current(folder: Path) -> bool:
    stamp = folder / STAMP
    is_complete = stamp.exists() and _python_in(folder).exists()
    return is_complete and stamp.read_text(encoding="ascii") == _digest(folder.name)


def _build(folder: Path) -> None:
    """Anew, whatever an interrupted build or an older lock left; the stamp comes last."""
    if folder.exists():
        shutil.rmtree(folder)
    _run(folder.name, sys.executable, "-I", "-m", "venv", str(folder))
    for lock in _locks(folder.name):
        # Nothing that the lock does not name is fetched, not even to build a source with.
        pip = (str(_python_in(folder)), "-I", "-m", "pip", "--disable-pip-version-check")
        options = ("--require-hashes", "--no-deps", "--no-build-isolation", "-r", str(lock))
        _run(folder.name, *pip, "install", *options)
    (folder / STAMP).write_text(_digest(folder.name), encoding="ascii")


def _run(name: str, *command: str) -> None:
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        waited = f"{name} was not built in {SECONDS:.0f} s"
        raise SetUpFailed(f"{waited} (by {' '.join(command)})") from None
    if done.returncode != 0:
        lines = done.stdout.strip().split("\n")
        errors = [line for line in lines if "ERROR" in line or "Error" in line]
        error = (errors or lines)[-1]
        raise SetUpFailed(f"{name} could not be built: {error} (by {' '.join(command)})")


def _locks(name: str) -> list[Path]:
    """The one client that comes as source brings the lock of what builds it."""
    return [path for path in (LOCKS / f"{name}-build.txt", LOCKS / f"{name}.txt") if path.exists()]


def _digest(name: str) -> str:
    return hashlib.sha256(b"".join(lock.read_bytes() for lock in _locks(name))).hexdigest()


def _python_in(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
