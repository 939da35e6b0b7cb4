"""AutoFallback: after the gateway's failure, the procedure once more on TWS paper."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from golive.diagnosis.decision_tree import BY_CODE
from golive.diagnosis.diagnose import Next
from golive.evidence.record import Diagnosis, Evidence
from golive.kit import typed
from golive.run.wanted import Wanted
from golive.settings.model import Settings


def is_due(finished: Evidence, wanted: Wanted) -> bool:
    """The same, after a run, which must have been for going live."""
    is_for_going_live = finished.plan == "golive"
    return is_for_going_live and helps(finished.diagnosis, wanted.settings, wanted.run_next)


def helps(found: Diagnosis | None, settings: Settings, run_next: Next) -> bool:
    """Whether the settings ask for it, the gateway is at fault, and there is a fallback."""
    wanted = settings.golive.auto_fallback and bool(run_next.fall_back)
    known = BY_CODE.get(found.code) if found else None
    return wanted and known is not None and known.is_the_gateways


def command(is_golives: bool, *more: str) -> list[str]:
    """The procedure on the fallback, in a separate process, with its own record and report.

    It runs as `golive check` if this run did, because pytest reads the options of the folder that
    it is called in.
    """
    if is_golives:
        return [sys.executable, "-m", "golive", "check", "--fallback", *more]
    pytest = (sys.executable, "-m", "pytest", "acceptance", "-m", "golive", "--fallback")
    return [*pytest, *more]


def perform(words: list[str], folder: Path, more: Mapping[str, str] | None = None) -> int:
    """Its exit code, once it has ended: each of its steps has a bound, as here.

    It is started in a folder where this golive is found. `more` are variables of its environment
    beside this process'. A Ctrl-C reaches it as well; it is given the time to close its connection.
    """
    sys.stdout.flush()
    variables = {**os.environ, typed.VARIABLE: typed.GOLIVE, **(more or {})}
    process = subprocess.Popen(words, cwd=folder, env=variables)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue
