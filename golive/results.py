"""JUnit and Allure results: kept in the run's folder, also when they are asked for elsewhere."""

from __future__ import annotations

import contextlib
import importlib
import shutil
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

AtTheEnd = Callable[[Callable[[], None]], None]


def keep_in(folder: Path, option: Namespace, at_the_end: AtTheEnd) -> None:
    """Fills in pytest's options before its own plugins read them."""
    junit, allure = folder / "junit.xml", folder / "allure-results"
    if elsewhere := getattr(option, "xmlpath", None):
        at_the_end(lambda: _copy(Path(elsewhere).expanduser(), junit))
    else:
        option.xmlpath = str(junit)
    if getattr(option, "allure_report_dir", None):
        logger = importlib.import_module("allure_commons.logger").AllureFileLogger(str(allure))
        importlib.import_module("allure_commons").plugin_manager.register(logger)
    else:
        option.allure_report_dir = str(allure)


def _copy(source: Path, target: Path) -> None:
    """Where there is nothing to copy, the run is none the worse."""
    with contextlib.suppress(OSError):
        shutil.copyfile(source, target)
