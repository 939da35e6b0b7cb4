"""`python -m benchmarks.reports_once FOLDER`: every report of one run, in a process of its own.

Prints JSON, a row each: what it is, milliseconds of the first time and of the second, kB written.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks import measure
from golive.evidence import storage
from golive.reports import writing

READ = "the evidence, read"


class Told(NamedTuple):
    what: str
    first_ms: float
    again_ms: float
    kilobytes: float


def told(folder: Path) -> Iterator[Told]:
    """What is read comes first, then each report in its order. `first` holds its imports."""
    size = (folder / storage.FILE_NAME).stat().st_size
    yield Told(READ, *_twice(lambda: storage.read(folder)), size / 1000)
    found = storage.read(folder)
    for what, module in writing.TELLERS:
        before = _files(folder)

        def write(module: str = module) -> None:
            importlib.import_module(module).write(found, folder, writing.Wanted())

        times = _twice(write)
        yield Told(what, *times, sum(size for *_, size in _files(folder) - before) / 1000)


def _twice(action: Callable[[], object]) -> tuple[float, float]:
    return measure.timed(action).wall_ms, measure.timed(action).wall_ms


def _files(folder: Path) -> set[tuple[Path, int, int]]:
    """Of the run and of the index of runs, with when each was written, and its bytes."""
    paths = [*folder.rglob("*"), *folder.parent.parent.glob("*.html")]
    stats = [(path, path.stat()) for path in paths if path.is_file()]
    return {(path, found.st_mtime_ns, found.st_size) for path, found in stats}


if __name__ == "__main__":
    json.dump(list(told(Path(sys.argv[1]))), sys.stdout)
