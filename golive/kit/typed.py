"""How this program was started, in the words that start it again.

A command that is printed must fit who reads it: after `golive check` it is `golive check`, after
pytest it is pytest.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

VARIABLE = "GOLIVE_TYPED"
"""What a person has typed for `golive`, told to a process that golive starts in its own stead."""


def _golive() -> str | None:
    """`golive`, or `python -m golive`; None where another program has imported this."""
    program = Path(sys.argv[0] if sys.argv else "")
    if program.name == "__main__.py" and program.parent.name == "golive":
        return os.environ.get(VARIABLE) or "python -m golive"
    if program.stem == "golive":
        return os.environ.get(VARIABLE) or "golive"
    return None


IS_GOLIVE = _golive() is not None
"""Whether this is `golive`; else pytest, or a program of somebody's own."""

GOLIVE = _golive() or "python -m golive"
CHECK = f"{GOLIVE} check" if IS_GOLIVE else "pytest acceptance -m golive"
SOAK = f"{GOLIVE} soak" if IS_GOLIVE else "pytest acceptance -m soak"
REHEARSE = f"{GOLIVE} rehearse" if IS_GOLIVE else f"{CHECK} --fake"
