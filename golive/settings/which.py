"""Which settings file is meant: decided here, for every command and for pytest.

Only the standard library is imported: the health check comes by here every few seconds.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from golive.kit import project

VARIABLE = "GOLIVE_SECRETS"
NAME = "secrets.json"


@dataclass(frozen=True, slots=True)
class Which:
    """A settings file, and whether somebody has named it."""

    path: Path
    is_named: bool

    @property
    def line(self) -> str:
        """What is said of it first."""
        return f"Settings: {self.path}"


def file(option: str | None, folder: Path | None = None, *, is_rehearsal: bool = False) -> Which:
    """--secrets, else GOLIVE_SECRETS, else secrets.json of the folder that it is called in.

    A rehearsal for which none is named takes the example: what it plays is no business of the
    gateway that secrets.json names, and its reports show no real account.
    """
    here = folder or Path.cwd()
    named = option if option is not None else os.environ.get(VARIABLE)
    if option is not None or named:
        return Which(_in_full(here, named or ""), is_named=True)
    return Which(project.EXAMPLE if is_rehearsal else _in_full(here, NAME), is_named=False)


def _in_full(here: Path, name: str) -> Path:
    return Path(os.path.abspath(here / name))
