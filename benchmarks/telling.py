"""What it costs to tell a run: to write each report, and to read the sign-off in a browser.

The evidence is that of a rehearsal, which leaves its folder in reports/runs/. Reports are written
in a process of their own, as after a run.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks import in_browser, measure
from benchmarks.fake import ROOT, NoFake
from benchmarks.reports_once import READ, Told
from golive.evidence import storage

ROUNDS = 5
SIZES = (24, 10_000)
EARLIER = 89
"""Runs that are in the index as well."""
LONGEST_SECONDS = 120.0

HEADS = ("report", "first ms", "again ms", "/ reading", "kB", "aim")
AIMS = {("the sign-off", 24): "first below 200 ms, below 150 kB"}


def run(rounds: int | None) -> str:
    rounds = rounds or ROUNDS
    tables, pages = [], {}
    with tempfile.TemporaryDirectory() as name:
        for size in SIZES:
            folder = _rehearsed(size, Path(name, str(size)))
            _add_earlier_runs(folder)
            tables.append(_table(size, [_told(folder) for _ in range(rounds)]))
            pages[size] = folder / "sign-off.html"
        tables.append(in_browser.table(pages, rounds))
    return "\n\n".join(tables)


def _rehearsed(size: int, folder: Path) -> Path:
    """A run with so many positions, in a folder of runs, without its reports. Raises NoFake."""
    folder.mkdir()
    settings = json.loads((ROOT / "secrets.example.json").read_text(encoding="utf-8"))
    settings["GoLive"]["ExpectedPositions"] = size
    secrets = folder / "secrets.json"
    secrets.write_text(json.dumps(settings), encoding="utf-8")
    arguments = ("acceptance", "-m", "golive", "--fake", "--secrets", str(secrets))
    state = {"GOLIVE_STATE": str(folder / "state")}
    said = _output(["pytest", *arguments], os.environ | state)
    page = re.search(r"^Sign-off: (\S+)/sign-off\.html$", said, re.MULTILINE)
    if page is None:
        raise NoFake(f"no rehearsal with {size} positions: {said.rstrip()[-200:]}")
    made = ROOT / page[1]
    own = folder / "runs" / made.name
    own.mkdir(parents=True)
    nothing_before = {"since_last_go": None}  # whatever was rehearsed in this working copy
    storage.write(storage.read(made).model_copy(update=nothing_before), own)
    return own


def _add_earlier_runs(folder: Path) -> None:
    """The same, a day earlier each, without its positions: the index only counts them."""
    found = storage.read(folder)
    none = found.positions.model_copy(update={"rows": []})
    for days in range(1, EARLIER + 1):
        back = timedelta(days=days)
        started, ended = (
            datetime.fromisoformat(time) - back for time in (found.started, found.ended)
        )
        own = folder.parent / f"{started:%Y%m%dT%H%M%SZ}-fake"
        times = {"run_id": own.name, "started": started.isoformat(), "ended": ended.isoformat()}
        own.mkdir()
        storage.write(found.model_copy(update=times | {"positions": none}), own)


def _told(folder: Path) -> list[Told]:
    os.utime(folder / storage.FILE_NAME)  # as after a run: the index knows all but this one
    rows = json.loads(_output(["benchmarks.reports_once", str(folder)], os.environ))
    return [Told(*row) for row in rows]


def _output(arguments: Sequence[str], environment: os._Environ[str] | dict[str, str]) -> str:
    """Of `python -m ...`."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=LONGEST_SECONDS,
        check=False,
    ).stdout


def _table(size: int, rounds: Sequence[Sequence[Told]]) -> str:
    medians = [_median(each) for each in zip(*rounds, strict=True)]
    _, *sums = zip(*medians[1:], strict=True)
    whole = Told("all reports", *map(sum, sums))
    rows = [_row(each, medians[0], AIMS.get((each.what, size), "")) for each in (*medians, whole)]
    title = f"reports: {size:,} positions, {EARLIER + 1} runs in the index, median of {len(rounds)}"
    return measure.table(title, HEADS, rows)


def _median(told: Sequence[Told]) -> Told:
    what, *figures = zip(*told, strict=True)
    return Told(what[0], *map(statistics.median, figures))


def _row(told: Told, reading: Told, aim: str) -> list[str]:
    beside = "-" if told.what == READ else measure.ratio(told.again_ms, reading.again_ms)
    times = [measure.milliseconds(each) for each in (told.first_ms, told.again_ms)]
    return [told.what, *times, beside, f"{told.kilobytes:,.1f}", aim]
