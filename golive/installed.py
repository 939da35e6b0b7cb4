"""Facts about the installed official client: how many there are, which, and whether it was changed.

Several distributions own the import package `ibapi` (ibapi, ibapi-stable, ibapi-latest, ...), and a
copy unpacked by hand belongs to none: so copies are looked for on `sys.path`, and owners in the
installed records. Nothing is imported to find out.
"""

from __future__ import annotations

import ast
import base64
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
    return any(path.parts[:1] == (PACKAGE,) for path in distribution.files or ())


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
    record = {
        Path(str(distribution.locate_file(path))).resolve(): path.hash
        for path in distribution.files or ()
        if path.parts[:1] == (PACKAGE,)
    }
    present = {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    differing = {path for path in present if not _is_as_recorded(path, record.get(path))}
    missing = {path for path in record if path.suffix != ".pyc"} - present
    return sorted(path.relative_to(folder.parent).as_posix() for path in differing | missing)


def _is_as_recorded(path: Path, recorded: metadata.FileHash | None) -> bool:
    if recorded is None:
        return False
    digest = hashlib.new(recorded.mode, path.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii") == recorded.value
