"""`golive selftest`: in a clone, the project's own tests."""

from __future__ import annotations

import os
import subprocess
import sys

from golive.cli import parsing
from golive.cli.parsing import INTERRUPTED
from golive.kit import project, typed

ALL, AT_ONCE = "tests", ("-n", "6", "--dist", "loadfile", "--no-loadscope-reorder")
LOCK = "requirements/test.txt"


def main(words: list[str]) -> int:
    """pytest's exit code; more words are passed on to it, the names of tests instead of all."""
    from importlib.util import find_spec

    if words[:1] in (["-h"], ["--help"]):
        print("golive selftest [pytest's options]: this project's own tests, in a clone")
        return 0
    if not (project.HOME / "tests").is_dir() or project.IS_INSTALLED:
        return parsing.refused("an installed golive has no tests; selftest needs a clone")
    if find_spec("xdist") is None:
        python = sys.executable
        return parsing.refused(
            f"the tests need more than a run: {python} -m pip install --require-hashes -r {LOCK}"
        )
    which = [] if any(map(_names_tests, words)) else [ALL]
    command = [sys.executable, "-m", "pytest", *AT_ONCE, *which, *words]
    told = {key: value for key, value in os.environ.items() if key != typed.VARIABLE}
    process = subprocess.Popen(command, cwd=project.HOME, env=told)  # what tests start, they type
    is_interrupted = False
    while True:
        try:
            return INTERRUPTED if process.wait() and is_interrupted else process.returncode
        except KeyboardInterrupt:  # it has reached pytest as well, which ends in order
            is_interrupted = True


def _names_tests(word: str) -> bool:
    return (project.HOME / word.partition("::")[0]).exists() and not word.startswith("-")
