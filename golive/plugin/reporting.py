"""The reports of a run: written by `golive.reports.writing`, which is known here by its name only.

JUnit and Allure results are among them, told from the record when the run is over. Pytest's own
plugins would write what they see: raw account ids, blocked steps as errors, and no diagnosis, which
is known only when the session has ended.
"""

from __future__ import annotations

import contextlib
import importlib
from argparse import Namespace
from dataclasses import dataclass
from os.path import expanduser, expandvars
from pathlib import Path
from typing import TYPE_CHECKING

from golive.evidence import provenance

if TYPE_CHECKING:
    from golive.run.wanted import Wanted

OF_ALLURE = (
    "*-result.json", "*-container.json", "*-globals.json", "*-attachment*", "categories.json",
    "environment.properties", "executor.json",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AskedFor:
    """Where results are to stand besides the run's own folder."""

    junit: Path | None
    allure: Path | None


def asked_for(option: Namespace) -> AskedFor:
    """Takes the options from pytest's own plugins, before they read them.

    What an earlier run left there goes now: should this one not come to its end, nobody must take
    that for its outcome. Allure's folder is cleared only where --clean-alluredir says so, as it may
    collect several runs, and of Allure's own files only.
    """
    junit = _taken(option, "xmlpath")
    allure = _taken(option, "allure_report_dir")
    stale = [junit] if junit else []
    if allure is not None and option.clean_alluredir:
        stale += [each for pattern in OF_ALLURE for each in allure.glob(pattern)]
    for path in stale:
        with contextlib.suppress(OSError):  # then it is there to stay, and to write there fails too
            if path.is_file():  # a device or a pipe is not ours to delete
                path.unlink()
    return AskedFor(junit, allure)


def report(of: Wanted, asked_for: AskedFor) -> tuple[list[str], bool]:
    """Writes all that is read later; what is to be told of it, and whether it was interrupted.

    It raises nothing.
    """
    try:
        writing = importlib.import_module("golive.reports.writing")
        wanted = writing.Wanted(
            keep_runs=of.settings.golive.keep_runs,
            secrets=(*of.file.primary.secret_words, provenance.operator(None)),
            junit=asked_for.junit,
            allure=asked_for.allure,
        )
        told = writing.write(of.folder, wanted)
    except BaseException as error:  # a SystemExit, too, would take the verdict with it
        why = f"the reports are not written: {type(error).__name__} {error}".rstrip()
        return [why], isinstance(error, KeyboardInterrupt)
    return [*told.notes, *told.failures], told.is_interrupted


def _taken(option: Namespace, name: str) -> Path | None:
    """None also where the plugin that has the option is left out (`-p no:...`)."""
    value = getattr(option, name, None)
    if not value:
        return None
    setattr(option, name, None)
    return Path(expandvars(expanduser(value))).absolute()
