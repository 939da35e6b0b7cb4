"""Setting the project up with nothing but Python: a virtual environment, the locked packages.

Only the standard library is imported here. An active virtual environment is used as it is; else
`.venv` beside the project is, and is made where it is missing.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = "golive-installed"


@dataclass(frozen=True, slots=True)
class Task:
    """What is installed for it, and what pytest is then asked."""

    help: str
    requirements: str
    pytest: tuple[str, ...]


TASKS = {
    "rehearse": Task(
        "set up what is missing, then the procedure against a fake gateway",
        "requirements/run.txt",
        ("acceptance", "-m", "golive", "--fake"),
    ),
    "selftest": Task(
        "set up what is missing, then this project's own tests",
        "requirements/test.txt",
        ("tests", "-n", "3", "--dist", "loadfile"),
    ),
}


class SetUpFailed(Exception):
    """The environment could not be made. One line, fit to be shown."""


def run(task_name: str, more: list[str]) -> int:
    """Installs what is missing and runs the task; returns pytest's exit code."""
    task = TASKS[task_name]
    try:
        _be_in_a_clone(task)
        python = _python()
        _install(python, ROOT / task.requirements)
    except SetUpFailed as error:
        print(f"golive: {error}", file=sys.stderr)
        return 4
    command = [str(python), "-m", "pytest", *task.pytest, *more]
    try:
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    except KeyboardInterrupt:
        return 130


def _be_in_a_clone(task: Task) -> None:
    """Nothing is made or installed beside a golive that was itself installed."""
    if not (ROOT / task.requirements).is_file():
        raise SetUpFailed(
            f"there is no {task.requirements} in {ROOT}; this needs a clone of the project, "
            "and is called in its folder"
        )


def _python() -> Path:
    """The interpreter of the environment to use."""
    if sys.prefix != sys.base_prefix:
        return Path(sys.executable)
    folder = ROOT / ".venv"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        import venv  # slow, and of use once; the health check comes by here every few seconds

        print(f"making a virtual environment in {folder}", flush=True)
        try:
            venv.create(folder, with_pip=True)
        except (OSError, subprocess.CalledProcessError):
            raise SetUpFailed(
                f"no virtual environment can be made in {folder}; on Debian: "
                "apt install python3-venv"
            ) from None
    return python


def _install(python: Path, requirements: Path) -> None:
    """The locked packages, checked by hash; not again while the lock file stays the same."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = python.parent.parent / f"{STAMP}-{requirements.stem}"
    if stamp.exists() and stamp.read_text(encoding="ascii") == digest:
        return
    print(f"installing {requirements.name}", flush=True)
    pip = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "-r",
        str(requirements),
    ]
    if subprocess.run(pip, check=False).returncode != 0:
        raise SetUpFailed(f"pip could not install {requirements.name}; see its message above")
    stamp.write_text(digest, encoding="ascii")
