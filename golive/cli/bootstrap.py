"""A bare `python3 -m golive` in a clone: it makes `.venv` there, and goes on in it.

Only the standard library is imported. Whatever environment is active is left alone. An installed
golive, of a wheel or in editable form, never comes further than `bare_clone`.
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
"""For who has installed what the locks name by themselves, and performs a clone that is not."""

LOCKS = {"selftest": "test"}
"""What is installed for a command, where it is more than what a run needs."""

FAILED = 4


def bare_clone() -> Path | None:
    """This clone, where golive is not installed for this interpreter; else None."""
    root = project.HOME
    if project.IS_INSTALLED or os.environ.get(VARIABLE) == OFF:
        return None
    if not (root / "requirements" / "run.txt").is_file() or _is_installed(root):
        return None
    return root


def _is_installed(root: Path) -> bool:
    """Whether the record of an installed golive names this folder."""
    from importlib import metadata  # slow, and the health check does without
    from json import loads

    for distribution in metadata.distributions(name="golive"):
        told = loads(distribution.read_text("direct_url.json") or "{}").get("url", "")
        if told and _folder(told) == root:
            return True
    return False


def _folder(url: str) -> Path:
    """Of `file:///home/me/golive`, by whatever links it was named."""
    from urllib.parse import unquote, urlsplit

    path = unquote(urlsplit(url).path)
    return Path(path.lstrip("/") if os.name == "nt" else path).resolve()


def run(root: Path, command: str, words: Sequence[str]) -> int:
    """Makes the clone's environment where it is not there, and performs the command in it."""
    environment = OwnEnvironment(root / ".venv")
    active = Path(sys.prefix)
    if sys.prefix != sys.base_prefix and active != environment.folder:
        _say(f"the active environment {active} is left alone; going on in {environment.folder}")
    began = time.monotonic()
    try:
        environment.make(_say)
        has_installed = environment.install(root, LOCKS.get(command, "run"), _say)
    except NotMade as error:
        _say(str(error))
        return FAILED
    except KeyboardInterrupt:
        _say("interrupted; the next call goes on from here")
        return 130
    if has_installed:
        _say(f"ready after {time.monotonic() - began:.0f} s")
    return _go_on([str(environment.python), "-m", "golive", *words])


def _say(line: str) -> None:
    """stdout may be a protocol's, or a pipe's."""
    print(f"golive: {line}", file=sys.stderr, flush=True)


def _go_on(command: list[str]) -> int:
    """In the place of this process, or beside it where that cannot be: on Windows."""
    variables = {**os.environ, typed.VARIABLE: _typed(), VARIABLE: OFF}  # whatever is found there
    if os.name == "posix":
        _become(command, variables)
    process = subprocess.Popen(command, env=variables)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # it has reached the other as well, which ends in order
            continue


def _become(command: list[str], variables: dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    os.execve(command[0], command, variables)


def _typed() -> str:
    """`python3 -m golive`, as it was typed; the interpreter's full path helps nobody."""
    name = sys.orig_argv[0] if sys.orig_argv else ""
    is_short = name and os.path.basename(name) == name
    return f"{name if is_short else 'py' if os.name == 'nt' else 'python3'} -m golive"
