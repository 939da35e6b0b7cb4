"""Every fire drill performed in this working copy: `python -m tests.support.drills [FAULT ...]`.

Each is a person's own command and leaves its reports in `reports/runs/`. Exit 1 where one does not
say what it must. The settings are the example's, of the official client that is installed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from golive.evidence import storage
from golive.reports import night
from tests.run.test_faults import EXPECTED, Expected
from tests.support.projects import ROOT, DidNotEnd, Project, Rehearsal, example_settings

AT_ONCE = 2
KEPT = 1000
"""Rehearsals: no drill of the night may take another's reports away."""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    faults = options.faults or list(EXPECTED)
    if unknown := [fault for fault in faults if fault not in EXPECTED]:
        print(f"there is no drill {', '.join(unknown)}; known: {', '.join(EXPECTED)}")
        return 4
    if options.expectations:
        options.expectations.parent.mkdir(parents=True, exist_ok=True)
        expected = {fault: _words(EXPECTED[fault]) for fault in faults}
        options.expectations.write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(AT_ONCE) as pool:
        secrets = Path(name, "secrets.json")
        settings = example_settings()
        settings["GoLive"]["KeepRuns"] = KEPT
        secrets.write_text(json.dumps(settings), encoding="utf-8")
        told = [_told(*each) for each in pool.map(partial(_perform, secrets), faults)]
    print(f"{told.count(True)} passed, {told.count(False)} failed")
    return 0 if all(told) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.support.drills", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="instead of all of them")
    parser.add_argument(
        "--expectations", type=Path, metavar="FILE", help="keeps there what each must say"
    )
    return parser


def _perform(secrets: Path, fault: str) -> tuple[str, Rehearsal | DidNotEnd]:
    state = str(secrets.parent / "state")
    arguments = (f"--fake={fault}", "--secrets", str(secrets))
    try:
        return fault, Project(ROOT).rehearse(*arguments, GOLIVE_STATE=state)
    except DidNotEnd as error:
        return fault, error


def _told(fault: str, run: Rehearsal | DidNotEnd) -> bool:
    """Prints the drill's line, and all of its output where it says something else."""
    if isinstance(run, DidNotEnd):
        print(f"FAILED {fault}: {run}", flush=True)
        return False
    said = night.said(storage.read(run.folder))
    is_as_expected = said == _words(EXPECTED[fault])
    print(f"{'ok    ' if is_as_expected else 'FAILED'} {fault}: {said}", flush=True)
    if not is_as_expected:
        print(f"it must say: {_words(EXPECTED[fault])}\n{run.output}", flush=True)
    return is_as_expected


def _words(expected: Expected) -> str:
    """As the night's summary has it."""
    if expected.failed is None:
        return "GO"
    return f"NO-GO {expected.failed} {expected.code}"


if __name__ == "__main__":
    sys.exit(main())
