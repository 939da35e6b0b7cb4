"""A folder that says nothing of this machine, with a golive of its own to type.

Pictures show paths, process names and who ran it. So the runs are made in a folder with a plain
name, by an interpreter in that folder, with nothing of the caller's environment.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.projects import ROOT

OPERATOR = "operator"
SECONDS = 180
OURS = ("golive", "fake_ib_gateway", "__editable__", "_golive", "_fake")
"""What an editable install of this project leaves."""

SCRIPT = "#!{python}\nimport sys\nfrom golive.cli.main import main\nsys.exit(main())\n"


class Occupied(Exception):
    """Somebody else's folder has the name. The text is one line that says so."""


@dataclass(frozen=True, slots=True)
class Neutral:
    """The folder; `runs` are in the order in which they were made."""

    folder: Path

    @property
    def golive(self) -> str:
        return str(self.folder / ".venv" / "bin" / "golive")

    @property
    def environment(self) -> dict[str, str]:
        programs = f"{self.folder}/.venv/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        return {
            "PATH": programs,
            "HOME": str(self.folder),
            "USER": OPERATOR,
            "LOGNAME": OPERATOR,
            "TZ": "UTC",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "GOLIVE_SECRETS": str(self.folder / "secrets.json"),
            "GOLIVE_STATE": str(self.folder / "state"),
            "GOLIVE_BOOTSTRAP": "off",
            "GOLIVE_ALLURE": "off",
        }

    def run(self, *words: str) -> str:
        """What it prints, where nobody watches."""
        return subprocess.run(
            [self.golive, *words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        ).stdout

    @property
    def last(self) -> Path:
        """The folder of the last run."""
        return max(self.folder.glob("reports/runs/*"))


@contextmanager
def folder() -> Iterator[Neutral]:
    """Made, and removed afterwards. Raises Occupied."""
    where = Path(tempfile.gettempdir(), "golive")
    try:
        where.mkdir()
    except FileExistsError:
        raise Occupied(f"{where} is there already: remove it, or set TMPDIR") from None
    try:
        _equip(where)
        yield Neutral(where)
    finally:
        shutil.rmtree(where)


def _equip(where: Path) -> None:
    """An interpreter with what this one has installed, this clone as a wheel would bring it."""
    made = where / ".venv"
    venv.create(made, symlinks=True)
    (site,) = made.glob("lib/python*/site-packages")
    ignored = shutil.ignore_patterns("__pycache__")
    for kind in ("purelib", "platlib"):
        for each in Path(sysconfig.get_path(kind)).iterdir():
            if (site / each.name).exists() or each.name.startswith(OURS):
                continue
            if each.name.startswith("ibapi"):  # whose files must lie where they were installed
                shutil.copytree(each, site / each.name, ignore=ignored)
            else:
                (site / each.name).symlink_to(each)
    shutil.copytree(ROOT / "golive", site / "golive", ignore=ignored)
    shutil.copytree(ROOT / "acceptance", site / "golive" / "acceptance", ignore=ignored)
    for name in ("conftest.py", "secrets.example.json"):
        shutil.copy(ROOT / name, site / "golive" / "acceptance" / name)
    fake = "fake_ib_gateway"
    shutil.copytree(ROOT / "fakes" / fake, site / fake, ignore=ignored)
    script = made / "bin" / "golive"
    script.write_text(SCRIPT.format(python=made / "bin" / "python"), encoding="utf-8")
    script.chmod(0o755)
    shutil.copy(ROOT / "secrets.example.json", where / "secrets.json")
