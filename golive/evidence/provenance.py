"""Who performs a run, on which machine, with what: for the sign-off."""

from __future__ import annotations

import getpass
import hashlib
import platform
from datetime import datetime
from functools import cache
from pathlib import Path

from golive import __version__
from golive.evidence.record import Circumstances
from golive.kit.plain import plain
from golive.kit.project import ACCEPTANCE, HOME, PACKAGE
from golive.kit.text import printable
from golive.settings.secrets_json import SettingsFile

LONGEST_NAME = 100
OUR_FILES = ("**/*.py", "reports/templates/*.*")


def of(operator: str, started: datetime, file: SettingsFile) -> Circumstances:
    """Those of a run, which began at `started` (UTC)."""
    return Circumstances(
        operator=operator,
        machine=platform.node(),
        system=f"{platform.system()} {platform.release()}, {platform.machine()}",
        python=platform.python_version(),
        golive=__version__,
        golive_sha256=of_this_project(),
        local_started=started.astimezone().isoformat(timespec="seconds"),
        settings_file=file.path.name,
        settings_sha256=file.fingerprint,
        settings=plain(file.settings.shown),
    )


def _fixtures() -> Path:
    """Beside the steps where they came with the package, else in the clone."""
    beside = ACCEPTANCE / "conftest.py"
    return beside if beside.is_file() else HOME / "conftest.py"


@cache
def of_this_project() -> str:
    """sha256, in hex, over the files that perform and tell a run: two versions may share a number.

    Line ends are left out: a checkout may have its own.
    """
    steps = {f"acceptance/{path.name}": path for path in ACCEPTANCE.glob("*.py")}
    ours = (path for each in OUR_FILES for path in PACKAGE.glob(each))
    paths = steps | {
        path.relative_to(PACKAGE).as_posix(): path for path in ours if path.parent != ACCEPTANCE
    }
    paths["acceptance/conftest.py"] = _fixtures()
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
