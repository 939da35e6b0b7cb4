"""`golive selftest`: runs the project's own tests, in a clone."""

from __future__ import annotations

import os
import subprocess
import sys

from golive.cli import parsing
from golive.cli.help_text import epilog
from golive.cli.parsing import INTERRUPTED
from golive.kit import project, typed

ALL, AT_ONCE = "tests", ("-n", "6", "--dist", "loadfile", "--no-loadscope-reorder")
LOCK = "requirements/test.txt"
HELP = f"""\
usage: {typed.GOLIVE} selftest [TEST ...] [PYTEST OPTION ...]

Runs this project's own tests in a clone. Options are passed on to pytest.

{epilog("selftest") % {"prog": f"{typed.GOLIVE} selftest"}}"""


def main(words: list[str]) -> int:
    """pytest's exit code. Tests that are named are run instead of all."""
    from importlib.util import find_spec

    if words[:1] in (["-h"], ["--help"]):
        print(HELP, flush=True)
        return 0
    if not (project.HOME / "tests").is_dir() or project.IS_INSTALLED:
        return parsing.refused("an installed golive has no tests; run selftest in a clone")
    if find_spec("xdist") is None:
        python = sys.executable
        return parsing.refused(
            f"the tests need more packages: {python} -m pip install --require-hashes -r {LOCK}"
        )
    which = [] if any(map(_names_tests, words)) else [ALL]
    command = [sys.executable, "-m", "pytest", *AT_ONCE, *which, *words]
    told = {key: value for key, value in os.environ.items() if key != typed.VARIABLE}
    process = subprocess.Popen(command, cwd=project.HOME, env=told)  # tests name their own
    is_interrupted = False
    while True:
        try:
            return INTERRUPTED if process.wait() and is_interrupted else process.returncode
        except KeyboardInterrupt:  # pytest gets it too, and ends cleanly
            is_interrupted = True


def _names_tests(word: str) -> bool:
    return (project.HOME / word.partition("::")[0]).exists() and not word.startswith("-")
