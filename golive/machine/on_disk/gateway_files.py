"""Where a gateway keeps its settings and its logs on this machine: looked for, never guessed.

| place | known from |
| --- | --- |
| `C:\\Jts`, `~/Jts` | ib-controller #167, IBKR's guide |
| the folder of GatewayPath | the written procedure |
| in them `<user's folder>`: 40 letters from a to p | ib-controller #157, IB4m #143 |
| in them `<profile>/logs` | the written procedure |

The port a gateway listens on stands in none of these files reliably, and is not read from them.
"""

from __future__ import annotations

import errno
import itertools
import ntpath
import os
import posixpath
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from golive.machine import sockets
from golive.settings.model import Settings

ELSEWHERE = "Host is another machine, so the gateway's files cannot be read from here"

MOST_ENTRIES = 5_000
"""Looked at in one folder; an installation holds some hundred."""
MOST_FOLDERS = 200

NAMES = re.compile(
    r"jts\.ini|(ibg|tws)\.xml|.+\.ibgzenc|(launcher|ibgateway|tws|api)(\..+)?\.(log|txt)"
    r"|(gateway|ibgateway|tws|api)-exported-logs.*\.(log|txt)",
    re.IGNORECASE,
)
"""Settings and logs; exported logs, and those of older builds, are plain text."""

_SETTINGS = ("ibg.xml", "tws.xml")
_USERS_FOLDER = re.compile("[a-p]{40}")
_WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class GatewayFile:
    """A regular file of a gateway, and when it was last written, in UTC."""

    path: Path
    modified: datetime

    @property
    def name(self) -> str:
        return self.path.name.casefold()


@dataclass(frozen=True, slots=True)
class GatewayFiles:
    """What was found, the last written first; `untold` says what could not be looked at, and why.

    No place is looked into twice, and no link is followed for ever.
    """

    files: tuple[GatewayFile, ...] = ()
    untold: tuple[str, ...] = ()

    @property
    def settings_folders(self) -> tuple[Path, ...]:
        """The users' folders, in which their settings lie, the last used first.

        Those with an ibg.xml or tws.xml, and those whose name is a user's: newer builds encrypt
        what is in them. Where there is none of either, that of jts.ini.
        """
        parents = [each.path.parent for each in self.files if each.name in _SETTINGS]
        parents += [
            each.path.parent
            for each in self.files
            if _USERS_FOLDER.fullmatch(each.path.parent.name)
        ]
        parents = parents or [each.path.parent for each in self.files if each.name == "jts.ini"]
        return tuple(dict.fromkeys(parents))


def find(settings: Settings, platform: str = sys.platform) -> GatewayFiles:
    """The files of the gateway of these settings, if it keeps them on this machine."""
    folders, untold = places(settings, platform)
    found: dict[tuple[int, object], GatewayFile] = {}
    for path in itertools.chain.from_iterable(_named(Path(each), untold) for each in folders):
        try:
            status = path.stat()  # afresh: a Windows folder's own entry of an open file is stale
        except OSError as error:
            untold.append(because(path, error))
            continue
        if stat.S_ISREG(status.st_mode):
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            identity = (status.st_dev, status.st_ino or path)  # some file systems have no numbers
            found.setdefault(identity, GatewayFile(path, modified))
        else:
            untold.append(f"{path}: not a regular file")
    files = sorted(found.values(), key=lambda file: file.modified, reverse=True)
    return GatewayFiles(tuple(files), tuple(untold))


def places(settings: Settings, platform: str) -> tuple[list[str], list[str]]:
    """The folders to look into on this platform, and what cannot be one.

    The folder that the settings name is the gateway's wherever that runs: it may be mounted.
    """
    if settings.golive.gateway_folder is not None:
        return [settings.golive.gateway_folder], []
    if not sockets.are_here(sockets.addresses(settings.credentials.host)):
        return [], [ELSEWHERE]  # the same places here may be another gateway's
    folders, untold = [], []
    windows = platform == "win32"
    if path := settings.credentials.gateway_path:
        if bool(_WINDOWS_PATH.match(path)) is windows:
            folders.append((ntpath if windows else posixpath).dirname(path))
        else:
            untold.append("GatewayPath: not a full path on this platform, so not searched")
    folders.append("C:\\Jts" if windows else os.path.expanduser("~/Jts"))
    return [folder for folder in folders if folder], untold


def _named(folder: Path, untold: list[str]) -> Iterator[Path]:
    """The paths of a gateway's names in a folder, in the folders in it, and in their `logs`."""
    inner = [folder]
    for entry in _entries(folder, untold):
        if _is_folder(entry):
            inner += [Path(entry.path), Path(entry.path, "logs")]
    if len(inner) > MOST_FOLDERS:
        untold.append(f"{folder}: more than {MOST_FOLDERS} folders; the rest were not searched")
    for each in inner[:MOST_FOLDERS]:
        if each == folder or each.is_dir():
            names = (Path(entry.path) for entry in _entries(each, [] if each == folder else untold))
            yield from (path for path in names if NAMES.fullmatch(path.name))


def _entries(folder: Path, untold: list[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            entries = list(itertools.islice(found, MOST_ENTRIES + 1))
    except (OSError, ValueError) as error:
        untold.append(because(folder, error))
        return []
    if len(entries) > MOST_ENTRIES:
        untold.append(f"{folder}: only the first {MOST_ENTRIES} entries were searched")
    return entries[:MOST_ENTRIES]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads nowhere
        return False


def opened(path: Path) -> BinaryIO:
    """A regular file, to be read. Never waits, as a pipe of that name would. Raises OSError."""
    descriptor = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file")
    return os.fdopen(descriptor, "rb")


def because(path: Path, error: Exception) -> str:
    """What could not be read, and why, in one line."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{path}: {reason}"
