"""Who performs a run, on which machine, with what: for the sign-off."""

from __future__ import annotations

import getpass
import platform
from typing import TYPE_CHECKING

from golive import __version__
from golive.evidence import Circumstances, plain
from golive.text import printable

if TYPE_CHECKING:
    from golive.run import Run

LONGEST_NAME = 100


def of(run: Run) -> Circumstances:
    """Those of a run."""
    return Circumstances(
        operator=run.operator,
        machine=platform.node(),
        system=f"{platform.system()} {platform.release()}, {platform.machine()}",
        python=platform.python_version(),
        golive=__version__,
        local_started=run.started.astimezone().isoformat(timespec="seconds"),
        settings_file=run.file.path.name,
        settings_sha256=run.file.fingerprint,
        settings=plain(run.file.settings.shown),
    )


def operator(named: str | None) -> str:
    """Who answers for the run: as named, else the login name, else "" where there is none."""
    if named is not None:
        return printable(named.strip())[:LONGEST_NAME]
    try:
        return printable(getpass.getuser())
    except (OSError, KeyError, ImportError):  # which of them depends on platform and version
        return ""
