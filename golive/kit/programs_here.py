"""Whether a program that a command names can be found on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Sequence


def missing(command: Sequence[str]) -> str:
    """The program of a command, if it is neither a path nor on the PATH; "" if it is found.

    One with a placeholder such as `{secrets}` cannot be told before it is filled in.
    """
    program = command[0]
    return "" if "{" in program or shutil.which(program) else program
