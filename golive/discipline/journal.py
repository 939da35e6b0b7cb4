"""What is remembered of attempts between runs: an append-only file, one JSON object a line.

An attempt has two lines, one when it begins and one when it ends. Each is on the disk before the
program goes on, so whatever ends a run, the attempt it made is known to the next one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from golive.kit import files

FILE_NAME = "attempts.jsonl"
READ_BYTES = 1_000_000
"""How much of the file's end is read: more than two thousand attempts."""

APPEND_SECONDS = 5.0
"""How long another run's append is waited for; it takes milliseconds."""

BEGUN = "begun"
"""The outcome of an attempt that has not ended yet, or whose run was killed."""

ALIVE = "alive"
"""Not an outcome: a sign of life of whoever holds the connection. It stands in a file apart."""

LOOKED = "looked"
"""Not an outcome: the clock was found to be set back, and time counts from there."""

GO = "GO"

NO_OUTCOMES = (ALIVE, LOOKED)


class Entry(BaseModel):
    """One line. `outcome` is "begun", "GO" or the code of the diagnosis; times are UTC.

    `uptime` are the seconds since the boot of that name, as of `elapsed`: they count
    on however the clock is set. Earlier versions did not write them.
    `gateway_started` is since when the listener's process was up, None where that is not told;
    `zombies` how many were on the port after the attempt, None where nobody could count them;
    `override` why a rule was let pass.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    time: AwareDatetime
    run: str
    endpoint: str
    client_id: int
    outcome: str
    boot: str = ""
    uptime: float | None = None
    gateway_started: AwareDatetime | None = None
    zombies: int | None = Field(default=None, ge=0)
    override: str | None = None
    is_dated: bool = Field(default=True, exclude=True)
    written: AwareDatetime | None = Field(default=None, exclude=True)
    """Whether `time` is known, and what the clock told then: of `moments.as_of`, not written."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read, in the order in which it was written.

    `damaged` are the numbers of the lines that could not, counted from 1 where reading began.
    """

    entries: tuple[Entry, ...] = ()
    damaged: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal in a folder. Nothing ever changes or removes what stands in it."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / FILE_NAME

    def prepare(self) -> None:
        """Makes the folder and the file where they are missing. Raises OSError."""
        self.folder.mkdir(0o700, parents=True, exist_ok=True)
        os.close(self._opened())

    def append(self, entry: Entry) -> None:
        """Returns once the line is on the disk. Raises OSError where it is not, or not whole."""
        line = entry.model_dump_json().encode("utf-8") + b"\n"
        try:
            with FileLock(self.path.with_suffix(".lock"), timeout=APPEND_SECONDS):
                self._write(line)
        except Timeout:
            raise OSError(f"{self.path}: another run has been writing to it for too long") from None

    def read(self) -> Reading:
        """What is remembered; of a long file its end. Raises OSError, but not for a missing one."""
        try:
            data = files.own_contents(self.path, READ_BYTES + 1)
        except FileNotFoundError:
            return Reading()
        return parsed(data if len(data) <= READ_BYTES else data.partition(b"\n")[2])

    def _write(self, line: bytes) -> None:
        descriptor = self._opened()
        try:
            if not _ends_with_newline(descriptor):
                line = b"\n" + line  # a torn line damages only itself
            if os.write(descriptor, line) != len(line):
                raise OSError(f"{self.path}: only part of a line was written (is the disk full?)")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _opened(self) -> int:
        return files.opened(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT)


def parsed(data: bytes) -> Reading:
    """The entries in a file's bytes; a damaged line is passed over, empty ones are none."""
    entries, damaged = [], []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            entries.append(Entry.model_validate_json(line))
        except ValidationError:
            damaged.append(number)
    return Reading(tuple(entries), tuple(damaged))


def _ends_with_newline(descriptor: int) -> bool:
    if os.lseek(descriptor, 0, os.SEEK_END) == 0:
        return True
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) == b"\n"
