"""All kept runs. Evidence is read again only where it was written again."""

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
"""Size, times and inode of a file, which change when it is written again. They can be forged:
`golive report verify` reads the file itself."""

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class Kept(Record):
    """The rows of an earlier index, each with the file it was made from."""

    version: str
    rows: dict[str, tuple[Written, Row]]


def rows(runs: Path, kept: Path) -> list[Row]:
    """The rows of all runs in the folder, newest first. `kept` is the file that remembers them."""
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
    """A sort key: the oldest first, and before them folders that are not named like a run."""
    name = name_of(run_id)
    return (name.began, name.number, run_id) if name else (BEFORE_ALL, 0, run_id)


def _folders(runs: Path) -> Iterator[Path]:
    """Folders that are named like a run or hold evidence, without those being deleted."""
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
    """Empty where it is missing, damaged or of another version: then all evidence is read."""
    try:
        found = Kept.model_validate_json(files.contents(kept))
    except (OSError, ValueError):
        return {}
    return found.rows if found.version == golive.__version__ else {}


def _remember(kept: Path, found: dict[str, tuple[Written, Row]]) -> None:
    with contextlib.suppress(OSError, ValueError):  # it costs time, the next time
        page.write(kept, Kept(version=golive.__version__, rows=found).model_dump_json())
