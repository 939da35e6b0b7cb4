"""`golive check`: pytest performs the procedure, and nothing of the folder it is called in counts.

It is the same run as `pytest acceptance -m golive`. That takes its options from whoever set pytest
up; here ini file, root and plugins are this project's own, always.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from golive.kit import project
from golive.procedure.steps import Plan

INI = Path(__file__).with_name("pytest.ini")
PLUGINS = ("timeout", "pytest_order")
"""By their names as entry points; those of pytest itself, and the conftest's, are there anyhow."""

NO_GO, INTERRUPTED, USAGE = 1, 2, 4
KNOWN = (0, NO_GO, INTERRUPTED, USAGE)


def perform(plan: Plan | str, words: Sequence[str]) -> int:
    """Exit code 0 for GO, 1 for NO-GO, 2 interrupted, 4 for bad usage or settings.

    Whatever else pytest may end with is no verdict, and so NO-GO.
    """
    _forget_whoever_called()
    plugins = [word for name in PLUGINS for word in ("-p", name)]
    status = int(
        pytest.main(
            [
                f"-c{INI}",
                f"--rootdir={project.ROOT}",
                f"--confcutdir={project.ROOT}",
                "--disable-plugin-autoload",
                *plugins,
                "-p",
                "no:cacheprovider",
                "-m",
                plan,
                *words,
                str(project.ACCEPTANCE),
            ]
        )
    )
    return status if status in KNOWN else NO_GO


def _forget_whoever_called() -> None:
    """PYTEST_ADDOPTS, PYTEST_PLUGINS, PYTEST_TIMEOUT: none of them has been typed."""
    for name in [each for each in os.environ if each.startswith("PYTEST_")]:
        del os.environ[name]
