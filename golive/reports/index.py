"""reports/index.html: all kept runs, newest first, and the history of each target."""

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
"""Seconds to wait for another run that is writing it."""


class Busy(Exception):
    """Another run has been writing the index for too long. The next run will write it."""


@dataclass(frozen=True, slots=True)
class Track:
    """The runs on one target: the last, the days, and the trends without faults rehearsed."""

    heading: str
    runs: int
    last: Row
    calendar: Calendar
    plots: list[Plot]


def write(found: Evidence, folder: Path, wanted: Wanted) -> Sequence[str]:
    """Deletes old rehearsals, then lists the run. Returns lines about what could not be deleted.

    A run outside a folder of runs is not listed.
    """
    runs, keep = folder.parent, wanted.keep_runs
    if runs.name != RUNS:
        return [f"not listed in an index, because it is not in a folder named runs: {folder}"]
    notes = [] if keep is None else pruning.prune(runs, keep, folder.name)
    rebuild(runs)
    return notes


def rebuild(runs: Path) -> None:
    """Writes it from the folder of runs, into the folder above. Raises Busy, OSError.

    One process at a time, so that the last one lists what all others have left.
    """
    reports = runs.parent
    try:
        with FileLock(reports / LOCK, timeout=PATIENCE, fallback_to_soft=False):
            rows = archive.rows(runs, reports / ROWS)
            page.write(reports / FILE_NAME, page_of(rows, files(runs, rows), date.today()))
    except Timeout:
        raise Busy(f"another run has been writing it for {PATIENCE:.0f} s") from None


def page_of(rows: list[Row], files: dict[str, list[str]], today: date) -> str:
    """The same for the same rows on the same day. `files` are the files of each run to link to."""
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
    """A track for each target that has runs, live first."""
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
    """By run, the files to link to."""
    return {
        row.run_id: [each for each in SHOWN if (runs / row.run_id / each).is_file()] for row in rows
    }
