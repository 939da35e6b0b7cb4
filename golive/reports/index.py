"""reports/index.html: all runs that are kept, newest first, and how each target fares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from filelock import FileLock, Timeout

from golive.evidence.record import Evidence
from golive.reports import archive, page, pruning, trends, wording
from golive.reports.days import Calendar, calendar
from golive.reports.index_rows import Row
from golive.reports.trends import Plot
from golive.reports.writing import Wanted

RUNS = "runs"
SHOWN = ("sign-off.html", "evidence.json")
FILE_NAME, ROWS, LOCK = "index.html", ".index.json", ".index.lock"
PATIENCE = 10.0
"""Seconds that another run may take to write it."""


class Busy(Exception):
    """Another run is writing the index, and takes too long; the next run will write it."""


@dataclass(frozen=True, slots=True)
class Track:
    """The runs on one target: the last of them, its days, and its trends without drills."""

    heading: str
    runs: int
    last: Row
    calendar: Calendar
    plots: list[Plot]


def write(found: Evidence, folder: Path, wanted: Wanted) -> Sequence[str]:
    """Makes room for the run, then lists it. Gives a line where no room could be made.

    A run that lies elsewhere is not listed: what is beside it there is not ours.
    """
    runs, keep = folder.parent, wanted.keep_runs
    if runs.name != RUNS:
        return [f"not in a folder of runs, so in no index of them: {folder}"]
    notes = [] if keep is None else pruning.prune(runs, keep, folder.name)
    rebuild(runs)
    return notes


def rebuild(runs: Path) -> None:
    """From what is in the folder of runs, into the one above it. Raises Busy, OSError.

    One at a time: who comes last has seen what all before it have left.
    """
    reports = runs.parent
    try:
        with FileLock(reports / LOCK, timeout=PATIENCE, fallback_to_soft=False):
            rows = archive.rows(runs, reports / ROWS)
            page.write(reports / FILE_NAME, page_of(rows, files(runs, rows), date.today()))
    except Timeout:
        raise Busy(f"another run has been writing it for {PATIENCE:.0f} s") from None


def page_of(rows: list[Row], files: dict[str, list[str]], today: date) -> str:
    """The same for the same rows on the same day. `files` are what can be opened of each run."""
    found = tracks(rows, today)
    return page.render(
        "index.html",
        rows=rows,
        tracks=found,
        standings={day.standing for track in found for day in track.calendar.days},
        today=today,
        files=files,
        words=wording,
    )


def tracks(rows: list[Row], today: date) -> list[Track]:
    """Of the targets that have runs: what counts first, then as they come."""
    known = [aim for each in wording.TARGETS.values() for aim in (each, f"{each} {wording.SOAK}")]
    aims = dict.fromkeys([*known, *(row.aim for row in rows if row.aim)])
    own = {aim: [row for row in rows if row.aim == aim] for aim in aims}
    return [_track(aim, there, today) for aim, there in own.items() if there]


def _track(aim: str, rows: list[Row], today: date) -> Track:
    counted = [row for row in rows if not row.is_drill]
    plots = (trends.handshakes(counted), trends.durations(counted))
    shown = [plot for plot in plots if plot is not None]
    days = calendar(rows, today, is_daily=not aim.endswith(wording.SOAK))
    return Track(aim, len(rows), rows[0], days, shown)


def files(runs: Path, rows: list[Row]) -> dict[str, list[str]]:
    """By run, what there is to be opened."""
    return {
        row.run_id: [each for each in SHOWN if (runs / row.run_id / each).is_file()] for row in rows
    }
