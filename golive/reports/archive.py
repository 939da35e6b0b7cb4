"""All runs that are kept. Their evidence is read once for each time it was written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import golive
from golive.evidence import storage
from golive.evidence.contradictions import name_of
from golive.evidence.record import Record
from golive.kit import files
from golive.reports import page
from golive.reports.index_rows import Row, row_of

Written = tuple[int, ...]
"""Size, times and inode of a file: others as soon as it is written again. Whoever can forge them is
found by `golive report verify`, which reads the file."""

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class Kept(Record):
    """The rows of an earlier index, and of which file each was made."""

    version: str
    rows: dict[str, tuple[Written, Row]]


def rows(runs: Path, kept: Path) -> list[Row]:
    """Of all runs in the folder, newest first; `kept` is a file to remember them in."""
    before, after = _read(kept), {}
    found = []
    for folder in _folders(runs):
        written = _written(folder)
        remembered, row = before.get(folder.name, (None, None))
        if row is None or remembered != written:
            row = row_of(folder)
        if row is None:
            continue
        found.append(row)
        if written and row.standing in ("GO", "NO-GO"):
            after[folder.name] = (written, row)
    if after != before:
        _remember(kept, after)
    return sorted(found, key=lambda each: age(each.run_id), reverse=True)


def age(run_id: str) -> tuple[datetime, int, str]:
    """To sort runs by: the oldest first, and before them what is not named like one."""
    name = name_of(run_id)
    return (name.began, name.number, run_id) if name else (BEFORE_ALL, 0, run_id)


def _folders(runs: Path) -> Iterator[Path]:
    """Whatever is named like a run, or holds evidence; but for what is being deleted."""
    for each in runs.iterdir() if runs.is_dir() else ():
        if each.name.startswith("."):
            continue
        if name_of(each.name) or (each / storage.FILE_NAME).exists():
            yield each


def _written(folder: Path) -> Written | None:
    try:
        found = (folder / storage.FILE_NAME).stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _read(kept: Path) -> dict[str, tuple[Written, Row]]:
    """Nothing where it is missing, damaged or another version's: then all evidence is read."""
    try:
        found = Kept.model_validate_json(files.contents(kept))
    except (OSError, ValueError):
        return {}
    return found.rows if found.version == golive.__version__ else {}


def _remember(kept: Path, found: dict[str, tuple[Written, Row]]) -> None:
    with contextlib.suppress(OSError, ValueError):  # it costs time, the next time
        page.write(kept, Kept(version=golive.__version__, rows=found).model_dump_json())
