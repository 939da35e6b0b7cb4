"""Who performs a run, on which machine, with what: for the sign-off."""

from __future__ import annotations

import getpass
import hashlib
import platform
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from golive import __version__
from golive.evidence.evidence import Circumstances, plain
from golive.kit.text import printable

if TYPE_CHECKING:
    from golive.run.run import Run

LONGEST_NAME = 100
OUR_FILES = (
    "golive/**/*.py",
    "reports/*.py",
    "golive/reports/allure/*.py",
    "golive/reports/templates/*.*",
)


def of(run: Run) -> Circumstances:
    """Those of a run."""
    return Circumstances(
        operator=run.operator,
        machine=platform.node(),
        system=f"{platform.system()} {platform.release()}, {platform.machine()}",
        python=platform.python_version(),
        golive=__version__,
        golive_sha256=of_this_project(),
        local_started=run.started.astimezone().isoformat(timespec="seconds"),
        settings_file=run.file.path.name,
        settings_sha256=run.file.fingerprint,
        settings=plain(run.file.settings.shown),
    )


@cache
def of_this_project() -> str:
    """sha256, in hex, over the files that perform and tell a run: two versions may share a number.

    Line ends are left out: a checkout may have its own.
    """
    root = Path(__file__).parent.parent
    paths = {
        path.relative_to(root).as_posix(): path for each in OUR_FILES for path in root.glob(each)
    }
    digest = hashlib.sha256()
    for name, path in sorted(paths.items()):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def operator(named: str | None) -> str:
    """Who answers for the run: as named, else the login name, else "" where there is none."""
    if named is not None:
        return printable(named.strip())[:LONGEST_NAME]
    try:
        return printable(getpass.getuser())
    except (OSError, KeyError, ImportError):  # which of them depends on platform and version
        return ""
