"""Writes the generated pages of docs/, or with --check says which are stale.

It works in a process of its own, so that neither the time zone nor the command line of the caller
changes a byte.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.projects import ROOT

MAKE = """
import sys
sys.argv[0] = "golive"  # commands are shown as a person types them
from tests.support.generated import making
sys.exit(making.main(sys.argv[1:]))
"""


def main(words: list[str]) -> int:
    """0 done, or with --check nothing stale; 1 stale; 4 usage."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GOLIVE_")}
    paths = [str(ROOT), str(ROOT / "fakes"), os.environ.get("PYTHONPATH", "")]
    told = {"TZ": "UTC0", "PYTHONUTF8": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-c", MAKE, *words]
    return subprocess.run(command, cwd=ROOT, env=kept | told, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
