"""`python -m golive`, which is `golive`."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def _see_nothing_here() -> None:
    """`-m` has Python look for modules in the current folder first, whatever lies there."""
    is_here = not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]
    if is_here and not Path(__file__).resolve().is_relative_to(Path.cwd().resolve()):
        del sys.path[0]


if __name__ == "__main__":
    _see_nothing_here()
    from golive.cli.main import main

    sys.exit(main())
