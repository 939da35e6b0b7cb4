"""A bare `python3 -m golive` in a clone: creates `.venv` there and runs the command in it.

Only the standard library is imported. The active environment is never changed. An installed
golive, from a wheel or in editable form, gets no further than `bare_clone`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from golive.cli.own_environment import NotMade, OwnEnvironment
from golive.kit import project, typed

VARIABLE, OFF = "GOLIVE_BOOTSTRAP", "off"
"""`off`: for those who installed the packages themselves and run a clone that is not installed."""

LOCKS = {"selftest": "test"}
"""The lock file of a command that needs more packages than a run does."""

FAILED = 4


def bare_clone() -> Path | None:
    """This clone, if golive is not installed for this interpreter; otherwise None."""
    root = project.HOME
    if project.IS_INSTALLED or os.environ.get(VARIABLE) == OFF:
        return None
    if not (root / "requirements" / "run.txt").is_file() or _is_installed(root):
        return None
    return root


def _is_installed(root: Path) -> bool:
    """Whether golive is installed from this folder."""
    from importlib import metadata  # slow, and the health check does without
    from json import loads

    for distribution in metadata.distributions(name="golive"):
        told = loads(distribution.read_text("direct_url.json") or "{}").get("url", "")
        if told and _folder(told) == root:
            return True
    return False


def _folder(url: str) -> Path:
    """The folder of `file:///home/me/golive`, with links resolved."""
    from urllib.parse import unquote, urlsplit

    path = unquote(urlsplit(url).path)
    return Path(path.lstrip("/") if os.name == "nt" else path).resolve()


def run(root: Path, command: str, words: Sequence[str]) -> int:
    """Creates the clone's environment if there is none, and runs the command in it."""
    environment = OwnEnvironment(root / ".venv")
    active = Path(sys.prefix)
    if sys.prefix != sys.base_prefix and active != environment.folder:
        _say(f"using {environment.folder}; the active environment {active} is not changed")
    began = time.monotonic()
    try:
        environment.make(_say)
        has_installed = environment.install(root, LOCKS.get(command, "run"), _say)
    except NotMade as error:
        _say(str(error))
        return FAILED
    except KeyboardInterrupt:
        _say("interrupted; run the command again to continue from here")
        return 130
    if has_installed:
        _say(f"ready after {time.monotonic() - began:.0f} s")
    return _go_on([str(environment.python), "-m", "golive", *words])


def _say(line: str) -> None:
    """On stderr: stdout may carry a protocol."""
    print(f"golive: {line}", file=sys.stderr, flush=True)


def _go_on(command: list[str]) -> int:
    """Replaces this process; on Windows, which cannot, runs a child and waits for it."""
    variables = {**os.environ, typed.VARIABLE: _typed(), VARIABLE: OFF}  # never bootstrap twice
    if os.name == "posix":
        _become(command, variables)
    process = subprocess.Popen(command, env=variables)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the child gets it too, and ends cleanly
            continue


def _become(command: list[str], variables: dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    os.execve(command[0], command, variables)


def _typed() -> str:
    """`python3 -m golive`, as the user typed it, without the interpreter's full path."""
    name = sys.orig_argv[0] if sys.orig_argv else ""
    is_short = name and os.path.basename(name) == name
    return f"{name if is_short else 'py' if os.name == 'nt' else 'python3'} -m golive"
