"""Facts about the installed official client: how many there are, which, and whether it was changed.

Several distributions own the import package `ibapi` (ibapi, ibapi-stable, ibapi-latest, ...), and a
copy unpacked by hand belongs to none: so copies are looked for on `sys.path`, and owners in the
installed records. Nothing is imported to find out.
"""

from __future__ import annotations

import ast
import base64
import csv
import hashlib
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

PACKAGE = "ibapi"


@dataclass(frozen=True, slots=True)
class InstalledApi:
    """What is there under the name `ibapi`.

    `version` is what the package says of itself (10.37.02), not its distribution's number
    (10.37.2). `changed` are files that differ from the installed record, or stand in only one of
    both.
    """

    folders: tuple[str, ...]
    distributions: tuple[str, ...]
    version: str | None
    changed: tuple[str, ...]

    @property
    def is_only_one(self) -> bool:
        return len(self.folders) == 1 and len(self.distributions) == 1


def read() -> InstalledApi:
    """Asks the file system, now."""
    folders = _folders()
    owners = [found for found in metadata.distributions() if _owns(found)]
    names = sorted({f"{owner.name} {owner.version}" for owner in owners})
    return InstalledApi(
        folders=tuple(map(str, folders)),
        distributions=tuple(names),
        version=_version(folders[0]) if folders else None,
        changed=tuple(_changed(owners[0], folders[0])) if owners and folders else (),
    )


def _folders() -> list[Path]:
    """Every folder on the import path that `import ibapi` could find, first one first."""
    found = (Path(entry or ".").resolve() / PACKAGE for entry in sys.path)
    return list(dict.fromkeys(each for each in found if (each / "__init__.py").is_file()))


def _owns(distribution: metadata.Distribution) -> bool:
    top_level = distribution.read_text("top_level.txt")
    if top_level is not None:
        return PACKAGE in top_level.split()
    return bool(_record(distribution))


def _record(distribution: metadata.Distribution) -> dict[Path, str]:
    """The package's files as installed, with their recorded hashes (`sha256=...`, or nothing).

    Read from RECORD itself: `Distribution.files` leaves out files that are missing.
    """
    rows = csv.reader((distribution.read_text("RECORD") or "").splitlines())
    return {
        Path(str(distribution.locate_file(row[0]))).resolve(): row[1]
        for row in rows
        if len(row) > 1 and row[0].startswith(f"{PACKAGE}/")
    }


def _version(folder: Path) -> str | None:
    """What `get_version_string()` returns or `__version__` is set to, without running the file."""
    try:
        tree = ast.parse((folder / "__init__.py").read_bytes())
    except (OSError, SyntaxError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant):
            return str(node.value.value)
    for node in tree.body:
        if isinstance(node, ast.Assign) and _is_version(node.targets):
            return str(getattr(node.value, "value", None))
    return None


def _is_version(targets: list[ast.expr]) -> bool:
    return any(getattr(target, "id", "") == "__version__" for target in targets)


def _changed(distribution: metadata.Distribution, folder: Path) -> list[str]:
    record = {path: hashed for path, hashed in _record(distribution).items() if _is_source(path)}
    present = {path for path in folder.rglob("*") if path.is_file() and _is_source(path)}
    differing = {path for path in present if _hash(path) != record.get(path)}
    missing = set(record) - present
    return sorted(path.relative_to(folder.parent).as_posix() for path in differing | missing)


def _is_source(path: Path) -> bool:
    return path.suffix != ".pyc"


def _hash(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
